"""Budgets of time, hard ones, and what a function is told of them. What a limit is, is in `test_budget`."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.envelope import StageRef
from contracts.errors import BudgetExceeded, ModelError
from contracts.events import StageStarted
from contracts.pipeline import Budget, Pipeline
from contracts.results import PipelineResult
from runner.account import Account
from runner.models.client import Spent
from stagecast.functions import FunctionContext, Remaining, Spending
from tests.unit.runner.scripts import Bench, Models, begin, call, definition, prompt, resume
from tests.unit.runner.virtual import loop_timing, run_virtually


def run(bench: Bench, pipeline: Pipeline) -> tuple[PipelineResult, float]:
    """Run on virtual time; return the result and when it was there."""

    async def test() -> tuple[PipelineResult, float]:
        state = begin(pipeline)
        bench.timing, bench.patience_seconds = loop_timing(state), 3600.0
        return await bench.run(state), asyncio.get_running_loop().time()

    return run_virtually(test)


def asking(*messages: str, best: str = "") -> Callable[[FunctionContext], Coroutine[Any, Any, str]]:
    """A function that asks one after the other, and returns the last answer that it got before it was refused."""

    async def ask(context: FunctionContext) -> str:
        answer = best
        try:
            for message in messages:
                answer = (await context.complete(message)).text
        except BudgetExceeded:
            if not answer:
                raise
        return answer

    return ask


def test_a_call_in_flight_is_cut_off_when_the_time_is_over_and_the_rest_is_skipped_under_finish() -> None:
    bench = Bench(Models(seconds={"slow": 500.0}, spent_on_abort=Spent(7, 2, 0.25)))
    stages = (prompt("quick"), prompt("slow"), call("later"), call("report", always=True))
    result, seconds = run(bench, definition(*stages, budget={"seconds": 60, "on_exceeded": "finish"}))
    assert seconds == pytest.approx(60.0, abs=0.1)
    assert (result.status, bench.models.aborted) == ("success", ["slow"])
    reason = "the budget of the pipeline, 60 s, is spent"
    assert [(row.status, row.reason) for row in result.stages] == [
        ("success", None),
        ("cancelled", f"The model call was cut off: {reason}."),
        ("skipped", reason),
        ("success", None),
    ]
    assert (result.summary.total_cost, result.summary.total_output_tokens) == (0.75, 7)
    assert list(bench.told)[2:] == ["started slow", f"skipped later: {reason}", "started report", "completed report"]


def test_a_stage_that_was_cut_off_offers_what_a_skipped_one_does() -> None:
    stages = (
        prompt("slow", output_when_skipped="none yet"),
        call("report", always=True, arguments={"value": "{{ stages.slow.output }}, {{ stages.slow.status }}"}),
    )
    bench = Bench(Models(seconds={"slow": 500.0}))
    result, _ = run(bench, definition(*stages, budget={"seconds": 60, "on_exceeded": "finish"}))
    assert (result.status, result.output) == ("success", "none yet, skipped")


def test_under_fail_the_call_that_is_cut_off_fails_its_stage_and_is_not_repeated() -> None:
    bench = Bench(Models(seconds={"slow": 500.0}))
    result, seconds = run(bench, definition(prompt("slow", retries=5), budget={"seconds": 60}))
    assert seconds == pytest.approx(60.0, abs=0.1)
    assert (result.status, result.error_code, bench.models.messages) == ("failed", "budget_exceeded", ["slow"])


def test_a_wait_before_another_attempt_does_not_outlast_the_time() -> None:
    busy = ModelError("busy", code="rate_limited", is_retryable=True, retry_after_seconds=300.0)
    bench = Bench(Models({"a": busy}))
    result, seconds = run(bench, definition(prompt("a", retries=5), budget={"seconds": 60}))
    assert seconds == pytest.approx(60.0, abs=0.1)
    assert (result.status, result.error_code, bench.models.messages) == ("failed", "budget_exceeded", ["a"])
    assert result.error is not None
    assert "The attempt before failed: busy" in result.error


def test_a_model_is_told_to_take_no_longer_than_remains() -> None:
    bench = Bench(Models(seconds={"a": 50.0}))
    run(bench, definition(prompt("a"), prompt("b"), budget={"seconds": 60}))
    told = [request.timeout_seconds for request in bench.models.requests]
    assert told == [pytest.approx(60.0, abs=0.1), pytest.approx(10.0, abs=0.1)]


def test_a_stage_s_own_time_begins_with_the_stage() -> None:
    bench = Bench(Models(seconds={"a": 50.0, "b": 500.0}))
    stages = (prompt("a"), prompt("b", budget={"seconds": 20}, on_error="continue"), prompt("c"))
    result, seconds = run(bench, definition(*stages))
    assert seconds == pytest.approx(70.0, abs=0.1)
    assert [row.status for row in result.stages] == ["success", "failed", "success"]
    assert result.stages[1].error == "The model call was cut off: the budget of stage 'b', 20 s, is spent."


def test_a_stage_s_own_time_goes_on_where_another_runner_had_begun_it() -> None:
    async def test() -> tuple[PipelineResult, float]:
        state = begin(definition(prompt("a"), prompt("b", budget={"seconds": 20})))
        bench.timing, bench.patience_seconds = loop_timing(state), 3600.0
        assert state.started_at is not None
        place = {"stage": StageRef(id="b", name="b"), "index": 1, "total": 2, "execution_id": state.execution_id}
        state.apply(StageStarted.model_validate({**place, "seq": 2, "at": state.started_at - timedelta(seconds=15)}))
        return await bench.run(resume(state)), asyncio.get_running_loop().time()

    bench = Bench(Models(seconds={"b": 500.0}))
    result, seconds = run_virtually(test)
    assert (result.error_code, bench.models.aborted) == ("budget_exceeded", ["b"])
    assert seconds == pytest.approx(5.0, abs=0.1)


def test_an_always_stage_outlasts_the_time_of_a_budget_that_is_not_hard() -> None:
    for is_hard, answer, seconds in ((False, "last", 110.0), (True, "kept", 60.0)):
        bench = Bench(Models(seconds={"a": 500.0, "last": 50.0}), functions={"ask": asking("last", best="kept")})
        stages = (prompt("a"), call("report", "ask", always=True))
        budget = {"seconds": 60, "on_exceeded": "finish", "hard": is_hard}
        result, ended = run(bench, definition(*stages, budget=budget))
        assert (result.status, result.output) == ("success", answer)
        assert ended == pytest.approx(seconds, abs=0.1)


def test_a_hard_budget_cuts_off_the_call_of_an_always_stage_too() -> None:
    bench = Bench(Models(seconds={"b": 500.0}), functions={"ask": asking("a", "b")})
    budget = {"seconds": 60, "on_exceeded": "finish", "hard": True}
    result, seconds = run(bench, definition(call("report", "ask", always=True), budget=budget))
    assert (result.status, result.output, bench.models.aborted) == ("success", "a", ["b"])
    assert seconds == pytest.approx(60.0, abs=0.1)


async def test_an_always_prompt_is_skipped_where_a_hard_budget_does_not_allow_its_call() -> None:
    bench = Bench()
    budget = {"calls": 1, "on_exceeded": "finish", "hard": True}
    stages = (prompt("a"), prompt("b", always=True), call("c", always=True))
    result = await bench.run(definition(*stages, budget=budget))
    assert [row.status for row in result.stages] == ["success", "skipped", "success"]
    assert (result.status, bench.models.messages) == ("success", ["a"])


def test_a_function_is_told_what_was_spent_what_remains_and_which_models_there_are() -> None:
    seen: list[object] = []

    async def look(context: FunctionContext) -> None:
        seen.append(dict(context.models))
        seen.append(context.spending)
        await context.complete("x")
        seen.append(context.spending)
        seen.append(context.remaining)
        seen.append(context.is_finishing)

    bench = Bench(Models(seconds={"x": 5.0}), functions={"look": look})
    stages = (prompt("a"), call("b", "look", budget={"calls": 4, "seconds": 30}))
    run(bench, definition(*stages, budget={"usd": 3, "calls": 9, "seconds": 60}))
    remaining = seen[3]
    assert isinstance(remaining, Remaining)
    assert seen[:3] == [{"m": "scripted:m", "n": "scripted:n"}, Spending(1, 10, 5, 0.5), Spending(2, 20, 10, 1.0)]
    assert (remaining.calls, remaining.usd, seen[4]) == (3, 2.0, False)
    assert remaining.seconds == pytest.approx(25.0, abs=0.1)


async def test_a_call_that_is_refused_after_it_was_reserved_is_given_back() -> None:
    time = [0.0]
    account = Account("the pipeline", Budget(calls=2, seconds=9), elapsed=lambda: time[0])
    account.reserve()
    account.reserve_again()
    assert account.spending.calls == 1
    time[0] = 9.0
    with pytest.raises(BudgetExceeded):
        account.reserve_again()
    assert account.spending.calls == 0


async def test_what_remains_is_never_negative_and_nothing_remains_in_dollars_once_a_cost_is_unknown() -> None:
    account = Account("the pipeline", Budget(usd=1.0, calls=2, seconds=9), elapsed=lambda: 10.0)
    assert account.remaining == Remaining(2, 1.0, 0.0)
    account.charge(1, 1, 1.5)
    assert account.remaining.usd == 0.0
    account = Account("the pipeline", Budget(usd=1.0))
    account.charge(1, 1, None)
    assert account.remaining == Remaining(None, 0.0, None)
    assert Account("the pipeline", None).remaining == Remaining()


def test_an_always_stage_is_told_no_limit_of_a_budget_that_it_outlasts() -> None:
    pipeline = Account("the pipeline", Budget(calls=1, on_exceeded="finish"))
    hard = Account("the pipeline", Budget(calls=1, on_exceeded="finish", hard=True))
    assert Account("x", None, above=pipeline, outlasts_finish=True).remaining == Remaining()
    assert Account("x", Budget(calls=5), above=hard, outlasts_finish=True).remaining == Remaining(calls=1)


@settings(max_examples=60, deadline=None)
@given(
    calls=st.integers(1, 12),
    seconds=st.one_of(st.none(), st.integers(1, 40)),
    asked=st.lists(st.lists(st.integers(0, 30), max_size=6), min_size=1, max_size=4),
    on_exceeded=st.sampled_from(["finish", "fail"]),
)
def test_a_hard_budget_holds_to_the_call_and_the_second_whatever_runs_side_by_side(
    calls: int, seconds: int | None, asked: list[list[int]], on_exceeded: str
) -> None:
    """Each stage asks all its calls at once; a number says how many seconds one takes."""

    async def ask_all(context: FunctionContext, *, stage: int) -> int:
        messages = [f"{stage}.{number}" for number in range(len(asked[stage]))]
        answers = await asyncio.gather(*map(context.complete, messages), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, BudgetExceeded):
                raise answer
        return sum(not isinstance(answer, BaseException) for answer in answers)

    took = {f"{stage}.{number}": float(one) for stage, all_of in enumerate(asked) for number, one in enumerate(all_of)}
    bench = Bench(Models(seconds=took), functions={"ask_all": ask_all})
    stages = [
        call(f"s{stage}", "ask_all", arguments={"stage": stage}, needs=[], always=stage % 2 == 1)
        for stage in range(len(asked))
    ]
    budget = {"calls": calls, "seconds": seconds, "on_exceeded": on_exceeded, "hard": True}
    result, ended = run(bench, definition(*stages, budget=budget))
    wanted = len(took)
    assert len(bench.models.requests) <= min(calls, wanted)
    if seconds is None:
        assert len(bench.models.requests) == min(calls, wanted)
    else:
        assert ended <= seconds + 0.1
    is_refused = len(bench.models.requests) < wanted or bool(bench.models.aborted)
    assert result.status == ("failed" if is_refused and on_exceeded == "fail" else "success")
