"""A result as a page: what it says, that it stands alone, and that no text gets out of its place."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable
from itertools import pairwise

import pytest

from contracts.results import PipelineResult
from stagecast.report.html_page import page_policy, write_html
from tests.evidence_examples import OPTIMIZED, ORIGINAL
from tests.hostile_report import HOSTILE, hostile
from tests.markup import Page
from tests.report_examples import (
    EXAMPLES,
    improved,
    no_candidate,
    no_clear_change,
    result_of,
    too_few_cases,
    unknown_cost,
)

ALL: dict[str, Callable[[], PipelineResult]] = {
    **EXAMPLES,
    "hostile": lambda: hostile(answer_length=3000, count=9),
    "text": lambda: result_of("Just text.", status="cancelled"),
    "json": lambda: result_of({"a": 1}),
    "nothing": lambda: result_of(None, status="failed", stages=(), error="It broke.", error_code="model_error"),
}
_NEVER = ("script", "iframe", "object", "embed", "form", "img", "base")
_ADDRESSES = ("src", "href", "action", "srcset", "poster", "data", "xlink:href", "formaction")


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


@pytest.mark.parametrize("name", ALL)
def test_every_page_is_whole_and_stands_alone(name: str):
    page = Page(write_html(ALL[name]()))
    assert page.faults == []
    assert not [element for element in page.elements if element.tag in _NEVER]
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"]
        for address in (element.attributes[name] for name in _ADDRESSES if name in element.attributes):
            assert address.startswith("#") or address == "data:,"
    assert "url(" not in page.all("style")[0].text
    assert "@import" not in page.all("style")[0].text


@pytest.mark.parametrize("name", ALL)
def test_every_page_can_be_read_without_eyes(name: str):
    page = Page(write_html(ALL[name]()))
    assert page.all("html")[0].attributes["lang"] == "en"
    assert page.text_of("title")[0]
    assert len(page.all("h1")) == 1
    levels = [int(element.tag[1]) for element in page.elements if re.fullmatch("h[1-6]", element.tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    referred = [one for element in page.elements for one in element.attributes.get("aria-labelledby", "").split()]
    assert set(referred) <= set(ids)
    assert {link.attributes["href"][1:] for link in page.all("a")} <= set(ids)
    charts = [one for one in page.all("svg") if one.attributes.get("aria-hidden") != "true"]
    assert all(chart.attributes["role"] == "img" and chart.attributes["aria-labelledby"] for chart in charts)
    assert all(heading.attributes.get("scope") in ("row", "col") for heading in page.all("th"))


def test_the_verdict_comes_first_then_the_prompt_letter_for_letter():
    page = Page(write_html(improved()))
    assert page.text_of("h1") == ["▲ The optimized prompt is better."]
    assert page.all("pre")[0].text == OPTIMIZED
    assert page.text_of("title")[0] == "The optimized prompt is better. | prompt-optimizer-v1"
    told = plain(" ".join(page.text_of("header")))
    assert "won 9, tied 0 and lost 1" in told
    assert "2 % of the time" in told


def test_whoever_gets_the_original_back_sees_why_what_was_tried_and_what_to_mind():
    page = Page(write_html(no_clear_change()))
    assert page.text_of("h1") == ["= No clear change: you get your original prompt back."]
    assert page.all("pre")[0].text == ORIGINAL
    text = plain(page.all("main")[0].text)
    assert "The judge contradicted itself in 7 of 18 pairs." in text
    assert "It lost the placeholder {message}." in text
    assert "which is not delivered" in text


def test_an_optimization_without_a_rewrite_has_no_comparison_to_show():
    page = Page(write_html(no_candidate()))
    ids = {one.attributes.get("id", "") for one in page.elements}
    assert not {"use", "criteria", "cases", "judge", "changes"} & ids
    assert "No rewrite was compared" in page.all("main")[0].text


def test_what_stopped_it_early_is_told():
    assert "The budget of 60 calls was spent." in write_html(too_few_cases())


def test_a_cost_that_nobody_knows_is_never_shown_as_nothing():
    text = Page(write_html(unknown_cost())).all("main")[0].text
    assert "$0 " not in text.replace("\n", " ")
    assert "unknown → unknown" not in text
    assert text.count("unknown") >= 4


def test_each_change_is_numbered_once_where_it_ends_and_leads_to_its_issue():
    page = Page(write_html(improved()))
    assert page.text_of("sup") == ["1", "2"]
    assert page.text_of("del")[-1] == "and say what to do."
    assert "It leaves the length open" in page.all("ol")[0].text


def test_losses_are_unfolded_and_come_first():
    page = Page(write_html(improved()))
    cases = [one for one in page.all("li") if one.attributes.get("class", "").startswith("case")]
    assert cases[0].attributes["class"] == "case loss"
    opened = [one.text for one in page.all("details") if "open" in one.attributes]
    assert len(opened) == 1
    assert "Case 16" in opened[0]


def test_text_that_wants_out_is_text():
    page = Page(write_html(hostile(answer_length=3000, count=9)))
    assert page.text_of("title")[0].startswith("The optimized prompt is better.")
    prompt = page.all("pre")[0]
    assert "</script><script>document.title='owned'</script>" in prompt.text
    assert "{{ 7 * 7 }} {% raw %}" in prompt.text
    assert "\u202e" in prompt.text  # copied as it is, and kept apart by its element
    marks = [one for one in page.all("span") if one.attributes.get("class") == "unseen"]
    assert {"U+202E", "U+0000", "U+001B"} <= {one.attributes["data-is"] for one in marks}
    assert not re.search("[\x00-\x08\x0b-\x1f]", page.source)


def test_a_hundred_thousand_letters_are_cut_where_no_reader_gets_and_the_page_says_so():
    source = write_html(hostile(answer_length=100_000, count=40))
    assert len(source) < 4_000_000
    assert "92,000 characters more are in the JSON result." in source
    assert "100,000" not in source


def test_the_delivered_prompt_is_never_cut():
    long = "\n  word " * 100_000
    output = improved().output
    output = {**output, "optimizedPrompt": long}
    assert Page(write_html(result_of(output))).all("pre")[0].text == long


def test_a_run_of_any_pipeline_has_its_output_its_stages_and_its_error():
    page = Page(write_html(ALL["nothing"]()))
    assert page.text_of("h1") == ["✕ prompt-optimizer-v1 failed"]
    text = page.all("main")[0].text
    assert "It broke." in text
    assert "model_error" in text
    assert "No stage was reached." in text
    page = Page(write_html(ALL["text"]()))
    assert page.all("pre")[0].text == "Just text."
    assert "Rewrite Candidates" in page.all("main")[0].text


def test_the_policy_of_a_page_lets_in_its_own_style_sheet_and_nothing_else():
    page = Page(write_html(improved()))
    digest = b64encode(hashlib.sha256(page.all("style")[0].text.encode()).digest()).decode()
    policies = [one.attributes["content"] for one in page.all("meta") if one.attributes.get("http-equiv")]
    assert policies == [page_policy()]
    assert f"style-src 'sha256-{digest}'" in page_policy()
    assert page_policy().startswith("default-src 'none'; ")


def test_the_same_result_gives_the_same_page():
    assert write_html(improved()) == write_html(improved())
    assert HOSTILE not in write_html(hostile(answer_length=10, count=1))
