"""Two hundred simulated optimizations: how often luck is taken for progress, and progress is found.

All chance is seeded, so these counts are the same each time; they change with the optimizer only.
"""

import pytest

from tests.unit.runner.functions.optimizer.world import (
    BAD,
    GOOD,
    NEUTRAL,
    World,
    by_chance,
    by_quality,
    optimize,
    questions,
)

RUNS = 200
ALLOWED = 0.05 * RUNS
FOUND = 0.9 * RUNS
SAME = {"minimal_edit": NEUTRAL, "restructure": BAD}
EQUAL = {"": 0.5}


@pytest.mark.parametrize("are_known", [True, False])
async def test_where_no_candidate_is_better_improved_comes_up_no_more_often_than_the_sign_test_allows(
    are_known: bool,
) -> None:
    improved = 0
    for seed in range(RUNS):
        world = World(skill=EQUAL, rewrites=SAME, seed=seed, judging=by_quality)
        _, got = await optimize(world, questions(20, are_known=are_known), seed=seed)
        improved += got.verdict == "improved"
    assert improved <= ALLOWED


async def test_a_judge_that_decides_by_chance_proves_nothing_more_often_than_that() -> None:
    improved = 0
    for seed in range(RUNS):
        world = World(skill=EQUAL, rewrites=SAME, seed=seed, judging=by_chance)
        _, got = await optimize(world, questions(20, are_known=False), seed=seed)
        improved += got.verdict == "improved"
    assert improved <= ALLOWED


@pytest.mark.parametrize("are_known", [True, False])
async def test_where_one_candidate_is_clearly_better_it_is_found_nine_times_in_ten(are_known: bool) -> None:
    found = 0
    for seed in range(RUNS):
        world = World(skill={"": 0.15, GOOD: 0.95, BAD: 0.1}, seed=seed)
        _, got = await optimize(world, questions(20, are_known=are_known), seed=seed)
        found += got.verdict == "improved" and GOOD in got.optimized_prompt
    assert found >= FOUND
