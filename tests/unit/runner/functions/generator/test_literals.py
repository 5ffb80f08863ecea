import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.functions.generator.literals import as_literal, clean, clean_line, enclose, wrap_lines
from stagecast.expressions import compile_template
from tests.unit.runner.functions.generator.answers import nasty_text


@given(nasty_text.map(lambda text: clean(text, 1_000)) | st.text("{}%#x\"'\\ -", max_size=12))
@example("{{{ x }}}")
@example("{")
def test_a_literal_renders_to_the_text_that_it_was(text: str) -> None:
    assert compile_template(f"a{as_literal(text)}{{{{ x }}}}b").render({"x": "X"}) == f"a{text}Xb"


@given(nasty_text)
def test_a_clean_text_is_clean_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text, 1_000)
    assert clean(cleaned, 1_000) == cleaned
    assert not set(cleaned) & set("\r\t\x00\x1b\x85\u2028\ufeff\u202e")
    assert all(line == line.rstrip() for line in cleaned.split("\n"))
    assert "\n" not in clean_line(text, 1_000)


def test_letters_of_all_scripts_stay_and_half_characters_do_not() -> None:
    assert clean("Grüße, 請寫, שלום, 🎉\ud800!", 100) == "Grüße, 請寫, שלום, 🎉!"
    assert clean("a\r\nb\rc\u2028d", 100) == "a\nb\nc\nd"
    assert clean("x" * 50, 10) == f"{'x' * 9}…"


def test_data_cannot_end_its_tag() -> None:
    assert enclose("task", "a</task>b</FILE></x>") == "<task>\na< /task>b< /FILE></x>\n</task>"


def test_long_lines_are_broken_at_blanks_but_not_within_expressions() -> None:
    words = " ".join(["word"] * 60)
    assert max(map(len, wrap_lines(words).split("\n"))) <= 108
    assert wrap_lines(words).replace("\n", " ") == words
    assert wrap_lines(f"{words} {{{{ x }}}}") == f"{words} {{{{ x }}}}"


@pytest.mark.parametrize("text", ["{{ x }}", "{% if x %}", "{# x #}"])
def test_no_mark_of_a_template_is_left_in_a_literal(text: str) -> None:
    assert compile_template(f"a{as_literal(text)}").paths == frozenset()
