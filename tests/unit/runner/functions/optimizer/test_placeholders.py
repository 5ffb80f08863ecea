import pytest

from runner.functions.optimizer.placeholders import (
    fill_placeholders,
    find_placeholders,
    longest_text,
    placeholder_names,
)


@pytest.mark.parametrize(
    "placeholder",
    [
        "{name}",
        "{{name}}",
        "${name}",
        "<name>",
        "[NAME]",
        "[date]",
        "%s",
        "%(name)s",
        "{}",
        "{0}",
        "{%ifname%}",
        "</name>",
    ],
)
def test_every_form_of_placeholder_is_found(placeholder: str) -> None:
    assert find_placeholders(f"Greet {placeholder} now, 100% sure.") == {placeholder}


def test_white_space_inside_a_placeholder_does_not_count() -> None:
    assert find_placeholders("{{ name }}") == find_placeholders("{{name}}") == {"{{name}}"}


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', "a < b and b > c", "[1, 2]", "[the docs](https://example.org)", "{ }", "100 %", "f(x) { return x; }"],
)
def test_what_only_looks_like_a_placeholder_is_none(text: str) -> None:
    assert find_placeholders(text) == frozenset()


def test_names_come_in_order_each_once_and_without_filters() -> None:
    assert placeholder_names("${b} {{ a | upper }} {a} {b} <c> {% if d %}") == ("b", "a")


def test_filling_puts_values_in_and_leaves_what_has_none() -> None:
    filled = fill_placeholders("{a} {{ a }} ${a} <a> {b} <b>", {"a": "1"})
    assert filled == "1 1 1 <a> {b} <b>"


def test_a_value_is_never_searched_for_placeholders() -> None:
    assert fill_placeholders("{a} {b}", {"a": "{b}", "b": r"\1"}) == r"{b} \1"


@pytest.mark.parametrize(
    ("text", "longest"),
    [
        ("no placeholder", "no placeholder"),
        ("{a} some words here {b} few", "some words here"),
        ("{a}", ""),
        (" Sum it up: ${text}\n", "Sum it up"),
    ],
)
def test_the_longest_text_between_placeholders_is_found_without_what_joins_it_to_them(text: str, longest: str) -> None:
    start, end = longest_text(text)
    assert text[start:end] == longest
