"""Tasks of reasoning-gym, which is an extra: these tests need it and say so when they are skipped."""

import sys
from importlib.util import find_spec

import pytest

from contracts.errors import MissingSetting
from runner.benchmark.gym import GENERATORS, gym_task
from runner.benchmark.task import Split
from runner.functions.optimizer.cases import Case

SIZES = Split(train=24, test=40)
needs_gym = pytest.mark.skipif(
    find_spec("reasoning_gym") is None, reason="reasoning-gym is not installed: pip install 'stagecast[benchmark]'"
)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(MissingSetting, match=r"gcd needs reasoning-gym: pip install 'stagecast\[benchmark\]'"):
        gym_task("gcd", "Answer.", 0, SIZES, is_easy=True)


@needs_gym
@pytest.mark.parametrize("is_easy", [True, False])
@pytest.mark.parametrize("name", GENERATORS)
def test_each_generator_gives_enough_different_items_whose_answers_its_scorer_takes(name: str, is_easy: bool) -> None:
    task = gym_task(name, "Answer.", 0, SIZES, is_easy=is_easy)
    items = (*task.lesson.items, *task.unseen)
    assert len({item.question for item in items}) == 64
    assert all(task.lesson.is_right(item, item.answer) for item in items)
    assert not any(task.lesson.is_right(item, "") for item in items)


@needs_gym
def test_seeds_next_to_each_other_have_other_items() -> None:
    first, second = (gym_task("letter_counting", "Answer.", seed, SIZES, is_easy=False) for seed in (0, 1))
    shared = {item.question for item in first.unseen} & {item.question for item in second.unseen}
    assert len(shared) < 5


@needs_gym
def test_what_the_scorer_takes_for_right_holds_for_the_case_that_optimizers_get() -> None:
    for name in ("letter_counting", "gcd"):
        lesson = gym_task(name, "Answer.", 0, SIZES, is_easy=True).lesson
        for item in lesson.items:
            answer = f"The answer is {item.answer}"
            case = Case(vars={"question": item.question}, expected=item.answer)
            assert lesson.is_right(item, answer)
            assert all(check.result(answer).passed for check in case.all_checks())
