import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from contracts.errors import MissingSetting, ModelError
from runner.benchmark.comparison import Comparison, Terms
from runner.benchmark.method import Assignment, Found, MethodFailed, found_prompt
from runner.benchmark.rewriting import one_rewrite, original
from runner.benchmark.toy import toy_task
from runner.models.client import ModelReply, ModelRequest
from tests.unit.runner.benchmark.pupil import INSTRUCTIONS, MODELS, SPEC, Pupil
from tests.unit.runner.benchmark.runs import SIZES, compare


async def test_every_method_is_scored_on_the_same_unseen_items_and_scoring_is_no_part_of_its_budget() -> None:
    pupil = Pupil()
    outcomes = await compare(pupil, {"rewrite": one_rewrite}, budget=1, seeds=2)
    assert [(each.seed, each.method) for each in outcomes] == [
        *((0, "original"), (0, "rewrite")),
        *((1, "original"), (1, "rewrite")),
    ]
    assert [each.used.calls for each in outcomes] == [0, 1, 0, 1]
    assert [each.answering.calls for each in outcomes] == [SIZES.test] * 4
    assert len(pupil.requests) == 2 + 4 * SIZES.test
    assert all(each.accuracy == 1.0 for each in outcomes if each.method == "rewrite")
    assert all(0 < each.accuracy < 0.6 for each in outcomes if each.method == "original")


async def test_equal_prompts_share_one_score_even_if_the_model_answers_differently_each_time() -> None:
    class Moody(Pupil):
        async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
            reply = await super().complete(request, on_text)
            return replace(reply, text=f"{len(self.requests)}")

    async def instructions_alone(assignment: Assignment) -> Found:
        return found_prompt(assignment.lesson.instructions, SPEC)

    pupil = Moody()
    outcomes = await compare(pupil, {"same": original, "alone": instructions_alone}, seeds=2)
    assert len(pupil.requests) == 2 * SIZES.test
    assert outcomes[0].right == outcomes[1].right == outcomes[2].right
    assert [each.answering.calls for each in outcomes[:3]] == [SIZES.test, 0, 0]


async def test_a_method_that_fails_has_a_row_with_its_reason_and_the_others_go_on() -> None:
    async def gives_up(assignment: Assignment) -> Found:
        raise MethodFailed("not installed")

    async def breaks(assignment: Assignment) -> Found:
        raise KeyError("x")

    outcomes = await compare(Pupil(), {"one": gives_up, "two": breaks, "rewrite": one_rewrite})
    assert [each.error for each in outcomes] == [None, "not installed", "KeyError: 'x'", None]
    assert outcomes[1].right == ()


async def test_a_question_whose_call_failed_counts_as_wrong_and_is_told() -> None:
    class Shy(Pupil):
        async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
            if len(self.requests) < 2:
                self.requests.append(request)
                raise ModelError("withheld", code="content_filter")
            return await super().complete(request, on_text)

    outcome = (await compare(Shy(), {}))[0]
    assert (len(outcome.right), outcome.error) == (SIZES.test, None)
    assert outcome.right[:2] == (False, False)
    assert outcome.note == "2 of 24 calls failed and count as wrong"


async def test_what_would_stop_every_method_stops_the_comparison() -> None:
    async def needs_key(assignment: Assignment) -> Found:
        raise MissingSetting("set OPENAI_API_KEY")

    with pytest.raises(MissingSetting):
        await compare(Pupil(), {"one": needs_key})


async def test_what_is_done_is_kept_when_the_rest_is_cancelled() -> None:
    began = asyncio.Event()

    async def endless(assignment: Assignment) -> Found:
        began.set()
        await asyncio.Event().wait()
        return found_prompt("", SPEC)

    told: list[str] = []
    comparison = Comparison(Pupil(), Terms(MODELS, 9), {"original": original, "endless": endless}, told.append)
    work = asyncio.create_task(comparison.run([(toy_task(INSTRUCTIONS, 0, SIZES), 0)]))
    await began.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert [each.method for each in comparison.outcomes] == ["original"]
    assert told[0] == "[1/2] small_sums, seed 0, original …"
    assert told[-1] == "[2/2] small_sums, seed 0, endless …"
