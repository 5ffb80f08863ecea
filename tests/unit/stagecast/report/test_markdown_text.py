"""Foreign text in Markdown stays text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from stagecast.report.foreign import clip, shown, shown_line
from stagecast.report.markdown_text import bar, bullets, clipped_fence, fence, inline, table

MARKUP = st.text(st.sampled_from("*_`~<>[]()#+-=.!|\\&;$@:/ab1 \n\t")) | st.text()


def parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@given(MARKUP)
def test_a_line_is_one_paragraph_of_its_own_words(text: str):
    tokens = parser().parse(inline(text))
    assert [token.type for token in tokens] in ([], ["paragraph_open", "inline", "paragraph_close"])
    children = tokens[1].children or [] if tokens else []
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == shown_line(text)


@given(st.lists(MARKUP, min_size=2, max_size=2))
def test_a_cell_never_opens_another(texts: list[str]):
    rows = parser().parse(table(("a", "b"), [[inline(text) for text in texts]]))
    assert [token.type for token in rows].count("td_open") == 2


@given(MARKUP)
def test_a_fence_holds_whatever_is_in_it(text: str):
    tokens = parser().parse(f"before\n\n{fence(text)}\n\nafter")
    kinds = [token.type for token in tokens]
    assert (kinds.count("fence"), kinds.count("paragraph_open"), len(kinds)) == (1, 2, 7)
    assert tokens[3].content == shown(text) + "\n"


def test_what_needs_no_escape_gets_none():
    assert inline("same_placeholders keeps {message}; it's 50 % (a & b).") == (
        "same_placeholders keeps {message}; it's 50 % (a & b)."
    )


@pytest.mark.parametrize(("part", "drawn"), [(0.0, "░" * 12), (0.5, "█" * 6 + "░" * 6), (1.0, "█" * 12)])
def test_a_bar_is_always_as_long(part: float, drawn: str):
    assert bar(part) == drawn


def test_a_cut_text_says_how_much_is_missing():
    assert clipped_fence(clip("abcd" * 500, 4)).endswith("\n\n… 1,996 characters more are in the JSON result.")
    assert clipped_fence(clip("abcd", 4)) == fence("abcd")


def test_columns_and_lists_are_as_github_reads_them():
    assert table(("a", "b"), [("1", "2")], align="<>") == "| a | b |\n| :-- | --: |\n| 1 | 2 |"
    assert bullets(["a", "b"]) == "- a\n- b"
