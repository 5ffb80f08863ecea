from collections.abc import Iterator
from functools import partial
from operator import eq

import pytest

from contracts.errors import InvalidInput
from runner.benchmark.task import Item, Split, fill, split
from runner.benchmark.toy import toy_task

SIZES = Split(train=6, test=10)


def questions(*texts: str) -> Iterator[Item]:
    for text in texts:
        yield Item(text, text.upper(), partial(eq, text.upper()))


def test_no_question_is_on_both_sides_and_none_twice() -> None:
    task = split("t", "Answer.", "text", questions("a", "b", "a", " b ", "c", "d"), Split(2, 2))
    assert [item.question for item in task.lesson.items] == ["a", "b"]
    assert [item.question for item in task.unseen] == ["c", "d"]


def test_a_source_with_too_few_different_questions_is_refused_with_their_number() -> None:
    with pytest.raises(InvalidInput, match="only 2 different questions"):
        split("t", "Answer.", "text", questions("a", "b", "a"), Split(2, 1))


def test_the_same_seed_gives_the_same_items_and_another_seed_others() -> None:
    def asked(seed: int) -> list[str]:
        task = toy_task("Answer.", seed, SIZES)
        return [item.question for item in (*task.lesson.items, *task.unseen)]

    assert asked(1) == asked(1)
    assert len(asked(1)) == len(set(asked(1))) == 16
    assert asked(1) != asked(2)


def test_an_answer_is_right_by_the_tasks_own_scorer() -> None:
    lesson = toy_task("Answer.", 1, SIZES).lesson
    item = lesson.items[0]
    assert lesson.is_right(item, f"Why, it is {item.answer}.")
    assert not lesson.is_right(item, f"{item.answer}, I mean 1000")
    assert not lesson.is_right(item, "")


def test_the_question_goes_into_its_place_or_below_a_prompt_that_lost_it() -> None:
    assert fill("Say: {question} Now.", "why {question}?") == "Say: why {question}? Now."
    assert fill("Say it.\n", "why?") == "Say it.\n\nwhy?"
