"""Budgets hold to the call, the best so far is delivered with honest numbers, and what was asked to finish does."""

import asyncio

import pytest

from contracts.evidence import Optimization
from contracts.pipeline import Budget, Pipeline
from tests.unit.runner.functions.optimizer.world import (
    BAD,
    GOOD,
    NEUTRAL,
    PROMPT,
    STRATEGIES,
    World,
    optimize,
    pipeline,
    questions,
)
from tests.unit.runner.scripts import Bench, begin

CLEAR = {"": 0.05, GOOD: 1.0, BAD: 0.0}


def limited(**budget: float) -> Pipeline:
    """The optimizer with another budget."""
    return pipeline().model_copy(
        update={"budget": Budget.model_validate({"on_exceeded": "finish", "hard": True, **budget})}
    )


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5, 7, 10, 14, 20, 27, 35, 50, 70, 100])
@pytest.mark.parametrize("are_known", [True, False])
async def test_no_call_is_made_beyond_the_budget_and_the_run_ends_well(calls: int, are_known: bool) -> None:
    world = World(skill=CLEAR)
    result, got = await optimize(world, questions(16, are_known=are_known), definition=limited(calls=calls))
    assert len(world.requests) <= calls
    assert result.status == "success"
    assert got.evidence.optimization.calls == len(world.requests)
    assert (got.optimized_prompt == PROMPT) == (got.verdict != "improved")
    if got.evidence.cases.held_out_tried < got.evidence.cases.held_out and got.verdict == "too_few_cases":
        assert got.reason.startswith("This is the original")


async def test_with_little_more_than_enough_the_proof_is_still_made() -> None:
    # 1 analysis, 2 rewrites, 20 for the proof: what is left chooses the winner.
    world = World(skill=CLEAR)
    _, got = await optimize(world, questions(16), definition=limited(calls=40))
    assert got.verdict == "improved"
    assert got.evidence.optimization.stopped_by is not None


async def test_a_budget_that_is_too_small_for_all_held_out_cases_settles_their_number_before_the_first() -> None:
    world = World(skill={"": 0.1, GOOD: 0.95, BAD: 0.05})
    _, got = await optimize(world, questions(60), definition=limited(calls=60))
    cases = got.evidence.cases
    assert 6 <= cases.held_out_tried < cases.held_out
    assert "budget in calls" in str(cases.untried_because) or "could not have changed" in str(cases.untried_because)
    assert got.verdict == "improved"


async def test_dollars_stop_it_within_the_calls_in_flight() -> None:
    world = World(skill=CLEAR, cost=0.01)
    _, got = await optimize(world, questions(16), definition=limited(usd=0.25), max_parallel=4)
    assert 0.2 <= 0.01 * len(world.requests) <= 0.25 + 4 * 0.01
    assert got.evidence.optimization.cost == pytest.approx(0.01 * len(world.requests))


async def test_a_race_that_is_decided_early_saves_calls() -> None:
    slow = World(skill={"": 0.5, GOOD: 0.6, BAD: 0.5})
    await optimize(slow, questions(60), max_tuning=20)
    quick = World(skill=CLEAR)
    _, got = await optimize(quick, questions(60), max_tuning=20)
    assert len(quick.requests) < len(slow.requests)
    assert "could not have changed" in str(got.evidence.optimization.stopped_by)


async def test_a_proof_that_can_no_longer_come_is_not_paid_for() -> None:
    skill = {"": 0.5, GOOD: 0.55, BAD: 0.0}
    stopped = 0
    for seed in range(20):
        _, got = await optimize(World(skill=skill, seed=seed, refined=NEUTRAL), questions(40), seed=seed)
        tried, held = got.evidence.cases.held_out_tried, got.evidence.cases.held_out
        if 0 < tried < held:
            assert got.verdict == "no_clear_change"
            stopped += 1
    assert stopped > 0


@pytest.mark.parametrize("asked_at", [1, 2, 3, 4, 5, 8, 12, 20, 26, 30, 45])
async def test_asked_to_finish_it_stops_looking_and_still_proves_the_best_so_far(asked_at: int) -> None:
    asked = asyncio.Event()

    def ask(world: World) -> None:
        if len(world.requests) + 1 == asked_at:
            asked.set()

    world = World(skill=CLEAR, on_call=ask)
    whole = World(skill=CLEAR)
    await optimize(whole, questions(24), max_parallel=2)
    bench = Bench(models=world)
    state = begin(
        pipeline(), PROMPT, {"cases": questions(24), "n_cases": 24, "strategies": STRATEGIES, "max_parallel": 2}
    )
    result = await bench.run(state, finish=asked)
    got = Optimization.model_validate(result.output)
    assert (result.status, result.error) == ("success", None)
    assert (got.optimized_prompt == PROMPT) == (got.verdict != "improved")
    assert got.evidence.optimization.calls == len(world.requests)
    if asked_at <= 3:  # nothing had been compared
        assert (got.verdict, len(world.requests)) == ("too_few_cases", asked_at if asked_at == 1 else 3)
    standing = [one for one in got.evidence.candidates if one.wins]
    if asked_at in (8, 12):  # one round was finished, and somebody led: that is proved all the same
        assert standing
        assert got.verdict == "improved"
        assert "asked to finish" in str(got.evidence.optimization.stopped_by)
    assert len(world.requests) <= len(whole.requests)
