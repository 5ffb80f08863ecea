"""Which rows a selection admits, and what of their text counts."""

import pytest

from stagecast.selection import EVERYTHING, Selection, searched_text

TEXT = searched_text("Write a\n\n poem about Straßen ", "echo-v1", "exec_1764244800000_k3v9abcdefghijkl", "It sank.")


def finds(text: str) -> bool:
    return Selection(text=text).admits("echo-v1", None, "failed", lambda: TEXT)


@pytest.mark.parametrize(
    "text", ["poem", "WRITE A POEM", " a  poem\tabout ", "STRASSEN", "echo-V1", "k3v9", "it SANK.", "", " \n", "e"]
)
def test_text_is_found_however_capitals_and_white_space_are_written(text: str) -> None:
    assert finds(text)


@pytest.mark.parametrize("text", ["poems", "straßen echo", "straßen\necho", "writea", "sank. it", "*", "\0"])
def test_text_that_is_not_there_or_only_across_fields_is_not_found(text: str) -> None:
    assert not finds(text)


def test_of_a_long_text_only_the_beginning_counts() -> None:
    long = searched_text("a" * 1_999 + "bc", "echo-v1", "exec", "e" * 1_999 + "fg")
    for text, is_found in (("ab", True), ("bc", False), ("ef", True), ("fg", False)):
        assert Selection(text=text).admits("echo-v1", None, "failed", lambda: long) is is_found


def test_text_is_looked_at_only_where_it_decides() -> None:
    def never() -> bytes:
        raise AssertionError("the text was asked for")

    assert EVERYTHING.admits("echo-v1", None, "failed", never)
    assert Selection(text=" ").admits("echo-v1", None, "failed", never)
    for selection in (
        Selection(pipeline_id="echo", text="x"),
        Selection(owner="alice", text="x"),
        Selection(status="success", text="x"),
    ):
        assert not selection.admits("echo-v1", None, "failed", never)


def test_everything_is_what_names_nothing() -> None:
    assert EVERYTHING.is_everything
    assert Selection(text=" \n").is_everything
    for narrow in (
        Selection(owner="a"),
        Selection(pipeline_id="a"),
        Selection(status="failed"),
        Selection(text="a"),
    ):
        assert not narrow.is_everything
