"""A result as Markdown, read back with a parser of Markdown: text stays text, and the fences hold."""

from collections.abc import Callable, Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from contracts.results import PipelineResult
from stagecast.report.foreign import shown
from stagecast.report.markdown_page import write_markdown
from tests.evidence_examples import OPTIMIZED, ORIGINAL
from tests.hostile_report import HOSTILE, hostile
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
    "text": lambda: result_of("Just text."),
    "json": lambda: result_of({"a": 1}),
    "nothing": lambda: result_of(None, status="failed", stages=(), error="It broke.", error_code="model_error"),
}
_OURS = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text", "fence", "strong_open"),
    *("strong_close", "code_inline", "softbreak", "bullet_list_open", "bullet_list_close", "list_item_open"),
    *("list_item_close", "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
    *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "text_special"),
}


def tokens_of(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text):
        yield token
        yield from token.children or ()


def headings_of(text: str) -> list[str]:
    tokens = list(tokens_of(text))
    return [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]


def fences_of(text: str) -> list[str]:
    return [token.content.removesuffix("\n") for token in tokens_of(text) if token.type == "fence"]


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


@pytest.mark.parametrize("name", ALL)
def test_nothing_but_our_own_markup_is_markup(name: str):
    tokens = list(tokens_of(write_markdown(ALL[name]())))
    assert {token.type for token in tokens} <= _OURS
    columns = 0
    for token in tokens:
        columns = 0 if token.type == "tr_open" else columns + (token.type in ("td_open", "th_open"))
        assert columns <= 7


def test_the_verdict_comes_first_then_the_prompt_letter_for_letter():
    text = write_markdown(improved())
    assert headings_of(text)[:3] == [
        *("prompt-optimizer-v1", "▲ The optimized prompt is better.", "The prompt that is delivered"),
    ]
    assert fences_of(text)[0] == OPTIMIZED
    assert "won 9, tied 0 and lost 1" in text
    assert "`▲▲▲▲▲▲▲▲▲ ▼`" in text


def test_whoever_gets_the_original_back_sees_why_what_was_tried_and_what_to_mind():
    text = write_markdown(no_clear_change())
    assert headings_of(text)[1:4] == [
        r"\= No clear change: you get your original prompt back.",
        "Read this with care",
        "The prompt that is delivered",
    ]
    assert fences_of(text)[0] == ORIGINAL
    assert "| add_examples | rejected | It lost the placeholder {message}. |" in text


def test_bars_and_numbers_are_told_old_against_new():
    text = plain(write_markdown(improved()))
    assert "| Cost of 1,000 calls | $0.0279 | ████████████ | $0.0177 | ████████░░░░ | \N{MINUS SIGN}37 % |" in text
    assert "| preferred by the judge | 10 % | █░░░░░░░░░░░ | 90 % | ███████████░ | +80 points |" in text


def test_changes_are_marked_in_the_words_and_numbered():
    changes = fences_of(write_markdown(improved()))[1]
    assert "[-and say what to do.-](1){+in one sentence" in changes
    assert "should take.+}(1)" in changes


def test_an_optimization_without_a_rewrite_has_no_comparison_to_show():
    text = write_markdown(no_candidate())
    assert "No rewrite was compared" in text
    assert not {"Using it", "What changed", "The held-out cases"} & set(headings_of(text))


def test_what_stopped_it_early_and_what_is_unknown_is_told():
    assert "It was stopped early: The budget of 60 calls was spent." in write_markdown(too_few_cases())
    text = write_markdown(unknown_cost())
    assert "cost unknown" in text
    assert "$0 " not in text


def test_text_that_wants_out_of_its_fence_stays_in_it():
    text = write_markdown(hostile(answer_length=3000, count=9))
    assert fences_of(text)[0] == shown(HOSTILE + "{b}")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "take it from the JSON result" in text


def test_long_answers_are_cut_and_the_text_says_so():
    text = write_markdown(hostile(answer_length=100_000, count=40))
    assert len(text) < 1_000_000
    assert "96,000 characters more are in the JSON result." in text


def test_a_run_of_any_pipeline_has_its_output_its_stages_and_its_error():
    text = write_markdown(ALL["nothing"]())
    assert "**The run has an error (model_error):** It broke." in text
    assert "There is none." in text
    assert "None was reached." in text
    assert fences_of(write_markdown(ALL["text"]()))[:2] == ["Just text.", ORIGINAL]
    assert fences_of(write_markdown(ALL["json"]()))[0] == '{\n  "a": 1\n}'
