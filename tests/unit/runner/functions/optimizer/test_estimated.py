"""What an optimization takes lies within what was estimated, stage by stage."""

from typing import Any

import pytest

from stagecast.forecast import forecast
from stagecast.inputs import resolve_inputs
from tests.unit.runner.functions.optimizer.world import (
    GOOD,
    PROMPT,
    STRATEGIES,
    World,
    optimize,
    pipeline,
    questions,
    registry,
)


@pytest.mark.parametrize(
    "options",
    [
        {"cases": questions(24), "n_cases": 24},
        {"cases": questions(24, are_known=False), "n_cases": 24},
        {"cases": questions(5), "n_cases": 16},
        {"cases": questions(16, are_known=False), "checks": [{"contains": "right"}]},
        {"n_cases": 8, "strategies": ["minimal_edit"]},
    ],
)
@pytest.mark.parametrize("skill", [{"": 0.05, GOOD: 1.0}, {"": 0.5}, {"": 1.0}])
async def test_every_stage_calls_as_often_as_was_foreseen(options: dict[str, Any], skill: dict[str, float]) -> None:
    given: dict[str, Any] = {"strategies": STRATEGIES, **options}
    estimate = forecast(pipeline(), resolve_inputs(pipeline(), PROMPT, given), registry())
    assert estimate.is_complete
    world = World(skill=skill)
    result, _ = await optimize(world, **given)
    assert estimate.calls.low <= len(world.requests) <= estimate.calls.high
    tokens = result.summary.total_output_tokens
    assert tokens <= estimate.output_tokens.high


async def test_the_expected_number_of_calls_is_not_far_off() -> None:
    given: dict[str, Any] = {"strategies": STRATEGIES, "cases": questions(24), "n_cases": 24}
    estimate = forecast(pipeline(), resolve_inputs(pipeline(), PROMPT, given), registry())
    made: list[int] = []
    for seed in range(20):
        world = World(seed=seed)
        await optimize(world, seed=seed, **given)
        made.append(len(world.requests))
    assert 0.5 <= sum(made) / len(made) / estimate.calls.expected <= 1.5
