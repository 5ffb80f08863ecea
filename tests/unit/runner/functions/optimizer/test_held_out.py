"""Held-out cases are seen by nobody before the final comparison: looked for in everything that was sent."""

from typing import Any

import pytest

from runner.functions.optimizer.comparison import Comparison
from runner.progress import StagePlace
from tests.unit.runner.functions.optimizer.world import World, optimize, questions
from tests.unit.runner.scripts import Bench, Told


class Watched(Told):
    """Remembers how many calls had been made when each stage began."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.calls_before: dict[str, int] = {}

    async def stage_started(self, place: StagePlace) -> None:
        self.calls_before[place.id] = len(self.world.requests)
        await super().stage_started(place)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("are_known", [True, False])
async def test_no_held_out_case_is_in_any_prompt_before_the_final_report(seed: int, are_known: bool) -> None:
    world = World(seed=seed, refined="Think of the question twice.")
    told = Watched(world)
    result, _ = await optimize(
        world, questions(16, are_known=are_known), bench=Bench(models=world, told=told), seed=seed
    )
    found = Comparison.model_validate(result.stages[3].output)
    held_out = [_marks(case.case.model_dump()) for case in found.split.held_out]
    assert len(held_out) == 10
    before = world.requests[: told.calls_before["report"]]
    sent = "\n".join(f"{request.system}\n{request.user}\n{request.schema}" for request in before)
    for marks in held_out:
        assert not any(mark in sent for mark in marks)
    tuning = [_marks(case.case.model_dump())[0] for case in found.tried_cases()]
    assert tuning
    assert all(mark in sent for mark in tuning)  # else the test would look for the wrong thing


async def test_drafted_cases_that_are_held_out_are_in_no_prompt_before_it_either() -> None:
    world = World()
    told = Watched(world)
    result, _ = await optimize(world, bench=Bench(models=world, told=told))
    split = Comparison.model_validate(result.stages[3].output).split
    sent = "\n".join(request.user for request in world.requests[: told.calls_before["report"]])
    assert split.held_out
    for case in split.held_out:
        assert _marks(case.case.model_dump())[0] not in sent


def _marks(case: dict[str, Any]) -> list[str]:
    # With what follows, so that q1 is not found in q10.
    question = str(case["vars"]["question"])
    return [question, *([f"'{case['expected']}'"] if case["expected"] else [])]
