"""Foreign text: what cannot be seen is named."""

from hypothesis import given
from hypothesis import strategies as st

from stagecast.report.foreign import Clipped, Piece, clip, has_unseen, one_line, pieces, shown, shown_line


def test_what_turns_the_direction_of_writing_or_cannot_be_seen_is_named_in_its_place():
    assert shown("a\u202eb\u200bc\x00d\x1b[31m\U000e0041") == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+0000⟩d⟨U+001B⟩[31m⟨U+E0041⟩"


def test_a_run_of_the_same_is_named_once():
    assert shown("\u202e" * 500 + "x") == "⟨U+202E 500 times⟩x"


def test_ordinary_text_of_any_script_stays_as_it_is():
    text = "Zeile 1\n\tمرحبا שלום नमस्ते 👩‍🚀 \N{ZERO WIDTH NON-JOINER}é"  # noqa: RUF001 - other scripts are the point
    assert shown(text) == text
    assert not has_unseen(text)


def test_line_ends_of_another_system_are_no_matter_of_note():
    assert shown("a\r\nb") == "a\nb"
    assert not has_unseen("a\r\nb")
    assert shown("a\rb") == "a⟨U+000D⟩b"
    assert shown_line("a\r\nb\n  c") == "a b c"


def test_a_sentence_that_goes_on_and_on_is_cut():
    assert one_line("word " * 1000) == ("word " * 400) + " …"


def test_a_page_gets_no_character_that_it_cannot_have():
    assert list(pieces("a\x00\ud800\u202eb")) == [
        Piece("a"),
        Piece("", "U+0000"),
        Piece("", "U+D800"),
        Piece("\u202e", "U+202E"),
        Piece("b"),
    ]


def test_a_long_text_is_cut_and_says_how_much_is_missing():
    assert clip("abcdef", 4) == Clipped("abcd", 2)
    assert clip("abcd", 4) == Clipped("abcd")


@given(st.text(st.characters(codec=None)))
def test_whatever_is_shown_can_be_written_and_has_no_control(text: str):
    for letter in shown(text).encode().decode():
        assert letter in "\n\t" or not ("\x00" <= letter < " " or "\x7f" <= letter < "\xa0")
