"""What an optimization comes to, in worlds where it is known which prompt is better."""

import hashlib
import re
from typing import Any

import pytest

from contracts.errors import ModelError
from contracts.evidence import Optimization
from runner.functions.optimizer.placeholders import fill_placeholders
from runner.models.client import ModelRequest
from tests.unit.runner.functions.optimizer.world import (
    BAD,
    GOOD,
    NEUTRAL,
    PROMPT,
    World,
    always_first,
    by_chance,
    optimize,
    pipeline,
    questions,
)
from tests.unit.runner.scripts import Bench, begin

CLEAR = {"": 0.05, GOOD: 1.0, BAD: 0.0}
STAGES = ["analyze", "cases", "rewrite", "evaluate", "refine", "report"]


def test_worlds_roll_their_own_dice() -> None:
    assert World(seed=1).chance("x") != World(seed=2).chance("x")
    assert World(seed=1).chance("x") == World(seed=1).chance("x")


async def test_the_better_candidate_wins_and_the_evidence_says_by_how_much() -> None:
    result, got = await optimize(World(skill=CLEAR), questions(16))
    assert (result.status, got.verdict, got.optimized_prompt) == ("success", "improved", f"{PROMPT}\n{GOOD}")
    test = got.evidence.sign_test
    assert (got.evidence.winner, got.evidence.is_original_delivered) == ("restructure", False)
    assert (test.losses, test.wins + test.ties, got.evidence.cases.held_out) == (0, 10, 10)
    assert test.p_value < 0.05
    assert [stage.stage_id for stage in result.stages] == STAGES
    right = next(score for score in got.evidence.criteria if score.name == "gives the right answer")
    assert (right.kind, right.after, right.cases) == ("check", 1.0, 10)
    assert right.before < 0.4


@pytest.mark.parametrize("seed", range(20))
async def test_a_worse_candidate_never_wins(seed: int) -> None:
    skill = {"": 0.9, BAD: 0.1, NEUTRAL: 0.1}
    world = World(skill=skill, rewrites={"minimal_edit": BAD, "restructure": BAD}, refined=BAD, seed=seed)
    result, got = await optimize(world, questions(16))
    assert (result.status, got.optimized_prompt) == ("success", PROMPT)
    assert got.verdict in {"no_clear_change", "regressed"}


async def test_no_gain_returns_the_original_letter_for_letter_and_says_so() -> None:
    prompt = "  Answer the question: {question}\r\n\t"
    same = {"minimal_edit": NEUTRAL, "restructure": NEUTRAL}
    world = World(skill={"": 1.0}, rewrites=same)
    _, got = await optimize(world, questions(16), prompt=prompt)
    assert (got.optimized_prompt, got.verdict) == (prompt, "no_clear_change")
    assert got.reason.startswith("This is the original: no rewrite did better on")
    assert (got.evidence.winner, got.evidence.is_original_delivered) == ("original", True)
    assert got.evidence.best_prompt.endswith(NEUTRAL)  # what was tried, and is not handed out
    assert {case.split for case in got.evidence.per_case} == {"tuning"}


async def test_a_judge_that_always_says_first_yields_ties_and_the_original() -> None:
    world = World(skill=CLEAR, judging=always_first)
    _, got = await optimize(world, questions(16, are_known=False))
    assert (got.verdict, got.optimized_prompt) == ("no_clear_change", PROMPT)
    tallies = {(one.wins, one.losses) for one in got.evidence.candidates}
    assert tallies == {(0, 0)}
    assert world.by("judge")


async def test_a_judge_that_sees_quality_finds_it_without_a_known_answer() -> None:
    _, got = await optimize(World(skill=CLEAR), questions(16, are_known=False))
    assert (got.verdict, got.optimized_prompt) == ("improved", f"{PROMPT}\n{GOOD}")
    judge = got.evidence.judge
    assert judge is not None
    assert (judge.flips, judge.first_share) == (0, 0.5)
    assert {score.name: score.kind for score in got.evidence.criteria}["is right"] == "judge"


async def test_a_candidate_that_lost_a_placeholder_is_rejected_whatever_it_promises() -> None:
    lost = {"minimal_edit": "whole: answer the question well", "restructure": f"{{answer}} {GOOD}"}
    world = World(skill=CLEAR, rewrites=lost, refined=f"{{more}} {GOOD}")
    result, got = await optimize(world, questions(16))
    assert (result.status, got.optimized_prompt, got.verdict) == ("success", PROMPT, "no_clear_change")
    fates = {one.strategy: (one.fate, one.reason) for one in got.evidence.candidates}
    assert fates["minimal_edit"][0] == fates["restructure"][0] == "rejected"
    assert "{question} are missing" in fates["minimal_edit"][1]
    assert "{answer} was not in the original" in fates["restructure"][1]
    assert not any(GOOD in request.user for request in world.by("target"))


async def test_a_candidate_that_quotes_a_case_is_rejected() -> None:
    rewrites = {"minimal_edit": "If they ask what is the answer to q3? say right 3", "restructure": BAD}
    _, got = await optimize(World(skill=CLEAR, rewrites=rewrites), questions(16))
    rejected = next(one for one in got.evidence.candidates if one.strategy == "minimal_edit")
    assert (rejected.fate, "quotes a test case" in rejected.reason) == ("rejected", True)


async def test_what_was_tried_is_what_is_delivered_byte_for_byte() -> None:
    world = World(skill=CLEAR)
    _, got = await optimize(world, questions(16))
    assert got.evidence.tested_digest == hashlib.sha256(got.optimized_prompt.encode()).hexdigest()
    sent = {request.user for request in world.by("target")}
    held_out = [case for case in got.evidence.per_case if case.split == "held_out"]
    assert len(held_out) == got.evidence.cases.held_out_tried
    for case in held_out:
        assert fill_placeholders(got.optimized_prompt, case.values) in sent
        assert fill_placeholders(PROMPT, case.values) in sent


async def test_a_refinement_that_does_not_lose_takes_the_winners_place() -> None:
    skill = {"": 0.1, BAD: 0.4, GOOD: 1.0}
    world = World(skill=skill, rewrites={"minimal_edit": BAD, "restructure": BAD}, refined=GOOD, seed=3)
    _, got = await optimize(world, questions(20))
    assert (got.verdict, got.evidence.winner) == ("improved", "refine")
    assert got.optimized_prompt.endswith(GOOD)
    asked = next(request for request in world.by("strong") if "<notes>" in request.user)
    assert "Wrong: contains 'right" in asked.user


async def test_a_refinement_that_loses_is_not_kept() -> None:
    skill = {"": 0.0, GOOD: 0.8, BAD: 0.0}
    world = World(skill=skill, refined=BAD, seed=1)
    _, got = await optimize(world, questions(20))
    assert got.optimized_prompt == f"{PROMPT}\n{GOOD}"
    refined = next(one for one in got.evidence.candidates if one.strategy == "refine")
    assert refined.fate == "beaten"


@pytest.mark.parametrize("count", [1, 2, 5, 8, 11])
async def test_too_few_cases_prove_nothing_however_clear_they_are(count: int) -> None:
    _, got = await optimize(World(skill={"": 0.0, GOOD: 1.0}), questions(count))
    if count < 7:
        assert (got.verdict, got.optimized_prompt) == ("too_few_cases", PROMPT)
        assert got.evidence.best_prompt == f"{PROMPT}\n{GOOD}"  # what there is to try with more cases
    else:
        assert (got.verdict, got.optimized_prompt) == ("improved", f"{PROMPT}\n{GOOD}")


async def test_cases_are_drafted_where_too_few_were_supplied_and_the_stage_is_skipped_otherwise() -> None:
    world = World(skill=CLEAR)
    bench = Bench(models=world)
    result, got = await optimize(world, questions(16), bench=bench)
    assert "skipped cases: 16 test cases were supplied" in bench.told
    assert got.evidence.cases.drafted == 0
    world = World(skill=CLEAR)
    result, got = await optimize(world, questions(4), bench=Bench(models=world), n_cases=16)
    assert result.stages[1].status == "success"
    assert (got.evidence.cases.supplied, got.evidence.cases.drafted) == (4, 12)
    assert any("drafted by a model" in caution for caution in got.evidence.cautions)


async def test_a_prompt_without_placeholders_is_tried_as_a_system_message() -> None:
    world = World(skill=CLEAR)
    prompt = "You answer questions."
    _, got = await optimize(world, prompt=prompt)
    assert got.verdict == "improved"
    assert {request.system for request in world.by("target")} == {prompt, f"{prompt}\n{GOOD}", f"{prompt}\n{BAD}"}
    assert all(case.input.startswith("drafted") for case in got.evidence.per_case)


async def test_run_wide_checks_decide_without_a_judge() -> None:
    world = World(skill=CLEAR)
    _, got = await optimize(world, questions(16, are_known=False), checks=[{"contains": "right"}])
    assert got.verdict == "improved"
    assert {score.name for score in got.evidence.criteria if score.kind == "check"} == {"contains 'right'"}
    decided = {case.decided_by for case in got.evidence.per_case if case.outcome != "tie"}
    assert decided == {"checks"}


async def test_a_prompt_that_the_model_refuses_to_answer_is_no_improvement() -> None:
    class Filtering(World):
        def play(self, request: ModelRequest) -> Any:
            if request.spec.name == "target" and GOOD in request.user and re.search(r"q\d*[3-9]\?", request.user):
                return ModelError("filtered", code="content_filter")
            return super().play(request)

    _, got = await optimize(Filtering(skill={"": 0.0, GOOD: 1.0}), questions(60))
    assert got.verdict != "improved"


async def test_tags_around_a_placeholder_are_no_placeholders() -> None:
    world = World(skill=CLEAR)
    prompt = "Answer this.\n<question>\n{question}\n</question>"
    await optimize(world, questions(12), prompt=prompt)
    asked = [request.user for request in world.by("target")]
    assert all(user.count("what is the answer") == 1 and "<question>\nwhat" in user for user in asked)


async def test_without_held_out_cases_the_original_comes_back_and_it_is_said_why() -> None:
    _, got = await optimize(World(skill=CLEAR), questions(12), max_held_out=0)
    assert (got.verdict, got.optimized_prompt) == ("too_few_cases", PROMPT)
    assert "no case was held out to prove it" in got.reason


async def test_a_target_that_answers_nothing_ends_well_and_says_what_was_wrong() -> None:
    class Broken(World):
        def play(self, request: ModelRequest) -> Any:
            return ModelError("the target is down") if request.spec.name == "target" else super().play(request)

    result, got = await optimize(Broken(), questions(10))
    assert (result.status, got.verdict, got.optimized_prompt) == ("success", "too_few_cases", PROMPT)
    assert "the target is down" in got.reason


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cases": [{"vars": {"quest": "x"}}]}, "'quest' is no placeholder of the prompt"),
        ({"checks": [{"regex": "("}]}, "Check 1 cannot be used"),
        ({"strategies": ["minimal_edit", "minimal_edit"]}, "named twice"),
        ({"strategies": [{"id": "original", "ask": "x"}]}, "cannot be called 'original'"),
        ({"strategies": [{"id": "refine", "ask": "x"}]}, "cannot be called 'refine'"),
        ({"cases": [{"vars": {"question": "x"}, "expected": "(" * 5000, "match": "regex"}]}, "Case 1 cannot be used"),
    ],
)
async def test_what_cannot_be_used_ends_the_run_before_a_call_is_made(options: dict[str, Any], told: str) -> None:
    world = World()
    result = await Bench(models=world).run(begin(pipeline(), PROMPT, options))
    assert result.status == "failed"
    assert told in str(result.error)
    assert world.requests == []


async def test_the_diff_names_the_issue_that_a_change_answers() -> None:
    _, got = await optimize(World(skill=CLEAR), questions(16))
    assert [(change.after.strip(), change.issue) for change in got.evidence.changes] == [
        (GOOD, "nobody checks the answer")
    ]


async def test_a_judge_without_a_clue_shows_in_the_evidence() -> None:
    got: Optimization | None = None
    for seed in range(30):
        _, got = await optimize(World(skill={"": 0.5}, judging=by_chance, seed=seed), questions(16, are_known=False))
        if got.evidence.judge is not None:
            break
    assert got is not None
    assert got.evidence.judge is not None
    assert got.verdict != "improved"
