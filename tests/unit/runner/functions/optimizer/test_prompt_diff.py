from hypothesis import given
from hypothesis import strategies as st

from runner.functions.optimizer.prompt_diff import word_diff
from runner.functions.optimizer.rewrite import Change

TEXT = st.text(alphabet="ab .,\n{}x", max_size=60)


@given(TEXT, TEXT)
def test_the_parts_give_both_prompts_letter_for_letter(original: str, optimized: str) -> None:
    parts, changes = word_diff(original, optimized)
    assert "".join(part.text for part in parts if part.kind != "insert") == original
    assert "".join(part.text for part in parts if part.kind != "delete") == optimized
    assert {part.change for part in parts if part.kind != "equal"} == {change.number for change in changes}


def test_very_long_prompts_are_compared_line_by_line() -> None:
    rows = [f"| {number} | {number * 7} |" for number in range(1_500)]
    original, optimized = "\n".join(rows), "\n".join(reversed(rows))
    parts, _ = word_diff(original, optimized)
    assert "".join(part.text for part in parts if part.kind != "insert") == original
    assert all("|" in part.text for part in parts)


def test_a_change_names_the_issue_that_its_author_gave() -> None:
    claims = [Change(issue="leaves the length open", text="in three short sentences")]
    parts, changes = word_diff(
        "Summarize the report of {city}.", "Summarize the report of {city} in three short sentences.", claims
    )
    assert [(change.after, change.issue) for change in changes] == [
        (" in three short sentences", "leaves the length open")
    ]
    assert [part.kind for part in parts] == ["equal", "insert", "equal"]


def test_a_change_that_nobody_explained_has_no_issue() -> None:
    _, changes = word_diff("Be brief.", "Be thorough.", [Change(issue="tone", text="friendly words")])
    assert [(change.before, change.after, change.issue) for change in changes] == [("brief", "thorough", None)]


def test_one_place_with_two_reasons_names_both() -> None:
    claims = [Change(issue="length", text="Keep the answer short."), Change(issue="tone", text="Use plain words.")]
    _, changes = word_diff("Hi", "Hi\n\n- Keep the answer short.\n- Use plain words.", claims)
    assert [change.issue for change in changes] == ["length; tone"]


def test_words_changed_close_together_are_one_change() -> None:
    _, changes = word_diff("Be kind to all of them.", "Be fair to each of us.")
    assert len(changes) < 4
