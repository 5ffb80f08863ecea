import pytest

from runner.functions.optimizer.guards import max_growth, no_repetition, same_placeholders, same_subject
from stagecast.functions import CheckContext


def context(prompt: str) -> CheckContext:
    return CheckContext(inputs={"prompt": prompt}, stages={})


def test_a_rewrite_with_the_same_placeholders_passes_however_they_are_ordered() -> None:
    assert same_placeholders(context("{a} and {{ b }}"), {"prompt": "First {{b}}, then {a} and {a}."}) is None
    assert same_placeholders(context("no braces"), "none here either") is None


def test_a_lost_placeholder_is_named() -> None:
    assert "{name}" in (same_placeholders(context("Greet {name}"), {"prompt": "Greet them"}) or "")


def test_an_invented_placeholder_is_named() -> None:
    assert "{title}" in (same_placeholders(context("Greet {name}"), "Greet {title} {name}") or "")


def test_growth_is_limited_by_ratio_and_allowance() -> None:
    assert max_growth(context("x" * 10), "y" * 30, ratio=2, allow_chars=10) is None
    assert "31 characters" in (max_growth(context("x" * 10), "y" * 31, ratio=2, allow_chars=10) or "")


def test_a_rewrite_about_another_thing_is_refused() -> None:
    assert same_subject(context("Write a haiku about autumn"), "Compose a haiku, write it about autumn") is None
    assert "0%" in (same_subject(context("Write a haiku about autumn"), "Sell used cars") or "")


def test_a_rewrite_that_loops_is_refused_unless_the_original_does_so_too() -> None:
    loop = "use a list and then " * 10
    assert no_repetition(context("Give me tips"), loop) is not None
    assert no_repetition(context(loop), loop) is None


@pytest.mark.parametrize("value", [None, {}, {"prompt": None}, 3])
def test_a_value_that_is_no_prompt_is_refused_and_breaks_nothing(value: object) -> None:
    assert same_placeholders(context("Greet {name}"), value) is not None
    assert same_subject(context("Greet {name}"), value) is not None


def test_a_guard_can_compare_with_another_input() -> None:
    other = CheckContext(inputs={"template": "{x}"}, stages={})
    assert same_placeholders(other, "{x}", of="template") is None
