import pytest

from runner.benchmark.reading import ReadAs, read_answer


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("The answer is 9.", "9"),
        ("2 + 3 = 5", "5"),
        ("It is -4", "-4"),
        ("About 1,234.50 in all", "1234.50"),
        ("1, 2, 3", "3"),
        ("I do not know.", ""),
    ],
)
def test_a_number_is_the_last_one_of_the_answer(text: str, read: str) -> None:
    assert read_answer(text, "number") == read


@pytest.mark.parametrize("read_as", ["number", "text"])
def test_nothing_is_read_of_an_empty_answer(read_as: ReadAs) -> None:
    assert read_answer(" \n", read_as) == ""


def test_a_text_is_the_whole_answer_without_the_white_space_around_it() -> None:
    assert read_answer(" Tom.\n", "text") == "Tom."
