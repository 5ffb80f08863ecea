import pytest

from runner.functions.wording import share_copied, share_of_new, share_of_subject, shorten


def test_a_text_that_loops_has_little_new() -> None:
    assert share_of_new("use a list " * 20) < 0.1
    assert share_of_new("🔔" * 30) == 0.0
    assert share_of_new("Write a haiku about the sea in autumn.") == 1.0
    assert share_of_new("") == 1.0


@pytest.mark.parametrize(
    ("text", "share"),
    [("A haiku about seas", 0.5), ("Haikus by good writers", 1.0), ("Cars are fast", 0.0)],
)
def test_the_subject_is_found_again_in_other_forms_of_its_words(text: str, share: float) -> None:
    assert share_of_subject("Write a haiku", text) == share


def test_a_subject_without_long_words_is_measured_by_all_of_them() -> None:
    assert share_of_subject("hi", "hi there") == 1.0
    assert share_of_subject("hi", "bye") == 0.0
    assert share_of_subject(" . ", "anything") == 1.0


def test_what_is_copied_word_for_word_is_seen() -> None:
    prompt = "Answer the question of the customer politely."
    assert share_copied(prompt, prompt) == 1.0
    assert share_copied(prompt, "Your order was sent on Monday by train.") == 0.0


def test_shortened_text_keeps_to_its_length() -> None:
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"
