import asyncio

import pytest

from contracts.envelope import StageRef
from contracts.errors import ModelError
from contracts.events import StageCompleted, StageStarted
from contracts.results import PipelineResult, StageOutcome
from runner.progress import StagePlace
from stagecast.functions import FunctionContext
from tests.unit.runner.scripts import (
    PATIENCE_SECONDS,
    Bench,
    Models,
    Told,
    begin,
    call,
    definition,
    others,
    prompt,
    resume,
)

BROKEN = ModelError("the model refuses", code="refused")
EXIT = {"if": "true", "output": "enough"}


def statuses(result: PipelineResult) -> dict[str, str]:
    return {stage.stage_id: stage.status for stage in result.stages}


async def test_an_early_exit_aborts_running_siblings_at_once_and_tells_nothing_more_of_them() -> None:
    go = asyncio.Event()
    bench = Bench(Models({"b": BROKEN}, gates={"a": go, "b": asyncio.Event(), "second": asyncio.Event()}))

    async def two_calls(context: FunctionContext) -> None:
        await context.complete("first")
        await context.complete("second")

    bench.functions["two"] = two_calls
    pipeline = definition(
        prompt("a", needs=[], early_exit=EXIT),
        prompt("b", needs=[]),
        call("c", "two", needs=[]),
        prompt("after", needs=["b"], output_when_skipped="{{ stages.b.output }}"),
        prompt("report", always=True),
    )
    running = asyncio.create_task(bench.run(pipeline))
    await bench.models.until_asked(4)
    told = list(bench.told)
    go.set()
    result = await running
    reason = "stage 'a' ended the pipeline early"
    assert list(bench.told) == [*told, "completed a", f"skipped after: {reason}", f"skipped report: {reason}"]
    assert sorted(bench.models.aborted) == ["b", "second"]
    assert (result.status, result.output, result.error) == ("early_exit", "enough", None)
    assert statuses(result) == {
        "a": "success",
        "b": "cancelled",
        "c": "cancelled",
        "after": "skipped",
        "report": "skipped",
    }
    assert [stage.cost for stage in result.stages[:3]] == [0.5, 0.0, 0.5]
    assert (result.summary.total_cost, result.summary.stages_run, result.summary.stages_skipped) == (1.0, 3, 2)
    assert not others()


@pytest.mark.parametrize("ending", ["fails", "delivers"])
async def test_a_function_that_swallows_its_abortion_changes_nothing_about_an_early_exit(ending: str) -> None:
    is_running = asyncio.Event()

    async def stubborn(context: FunctionContext) -> str:
        is_running.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            context.say("still here")
            if ending == "fails":
                raise ValueError("too late") from None
        return "too late"

    async def leave(_context: FunctionContext) -> None:
        await is_running.wait()

    bench = Bench(functions={"stubborn": stubborn, "leave": leave})
    pipeline = definition(call("a", "leave", early_exit=EXIT), call("b", "stubborn", needs=[]))
    result = await bench.run(pipeline)
    assert (result.status, statuses(result)) == ("early_exit", {"a": "success", "b": "cancelled"})
    assert list(bench.told) == ["started a", "started b", "completed a"]
    assert bench.told.texts == []


async def test_a_sibling_that_nobody_was_told_of_yet_is_skipped_after_an_early_exit() -> None:
    bench = Bench()
    result = await bench.run(definition(call("a", early_exit=EXIT), prompt("b", needs=[])))
    assert list(bench.told) == ["started a", "completed a", "skipped b: stage 'a' ended the pipeline early"]
    assert (result.status, bench.models.requests) == ("early_exit", [])


async def test_a_condition_that_fails_while_an_early_exit_comes_to_count_does_not_fail_the_execution() -> None:
    failing = asyncio.Event()

    class SlowFailure(Told):
        async def stage_failed(self, place: StagePlace, error: str, code: str, outcome: StageOutcome) -> None:
            failing.set()
            await asyncio.Event().wait()

    async def leave(_context: FunctionContext) -> None:
        await failing.wait()

    bench = Bench(told=SlowFailure(), functions={"leave": leave})
    bad = prompt("bad", needs=[], when=[{"if": "inputs.nothing.at_all"}])
    pipeline = definition(call("a", "leave", early_exit=EXIT), bad, prompt("late", needs=[]))
    result = await bench.run(pipeline)
    assert (result.status, result.output) == ("early_exit", "enough")
    assert statuses(result) == {"a": "success", "bad": "skipped", "late": "skipped"}
    assert bench.models.requests == []


async def test_a_tolerated_failure_before_an_early_exit_keeps_the_result_failed_and_siblings_are_aborted() -> None:
    gate = asyncio.Event()
    bench = Bench(Models({"bad": BROKEN}, gates={"a": gate, "sibling": asyncio.Event()}))
    bench.told.stop_at["failed bad"] = gate.set
    pipeline = definition(
        prompt("sibling"), prompt("bad", needs=[], on_error="continue"), prompt("a", needs=[], early_exit=EXIT)
    )
    result = await bench.run(pipeline)
    assert (result.status, result.error_code, result.output) == ("failed", "refused", "enough")
    assert statuses(result) == {"bad": "failed", "a": "success", "sibling": "cancelled"}


async def test_an_early_exit_after_a_failure_that_ended_the_pipeline_aborts_nothing() -> None:
    exit_gate, sibling_gate = asyncio.Event(), asyncio.Event()
    bench = Bench(Models({"bad": BROKEN}, gates={"a": exit_gate, "sibling": sibling_gate}))
    bench.told.stop_at = {"failed bad": exit_gate.set, "completed a": sibling_gate.set}
    pipeline = definition(
        prompt("bad"),
        prompt("a", needs=[], early_exit=EXIT),
        prompt("sibling", needs=[]),
        call("report", needs=["bad", "a", "sibling"], always=True),
    )
    result = await bench.run(pipeline)
    assert (result.status, result.error_code) == ("failed", "refused")
    assert statuses(result) == {"bad": "failed", "a": "success", "sibling": "success", "report": "success"}


async def test_a_cancel_while_an_aborted_sibling_still_clears_up_ends_as_cancelled() -> None:
    clearing, cancel = asyncio.Event(), asyncio.Event()
    is_running = asyncio.Event()

    async def slow_to_go(_context: FunctionContext) -> None:
        is_running.set()
        try:
            await asyncio.Event().wait()
        finally:
            clearing.set()
            await asyncio.Event().wait()

    async def leave(_context: FunctionContext) -> None:
        await is_running.wait()

    bench = Bench(functions={"slow_to_go": slow_to_go, "leave": leave})
    pipeline = definition(call("a", "leave", early_exit=EXIT), call("b", "slow_to_go", needs=[]))
    running = asyncio.create_task(bench.run(pipeline, cancel=cancel))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await clearing.wait()
    cancel.set()
    result = await running
    assert (result.status, statuses(result)) == ("cancelled", {"a": "success", "b": "cancelled"})
    assert not others()


async def test_a_resumed_execution_whose_early_exit_was_met_does_not_run_the_interrupted_siblings_anew() -> None:
    state = begin(definition(prompt("a", early_exit=EXIT), prompt("b", needs=[]), prompt("c", needs=["b"])))

    def place(index: int) -> dict[str, object]:
        ref = StageRef(id="ab"[index], name="ab"[index])
        return {"execution_id": state.execution_id, "seq": state.next_seq, "stage": ref, "index": index, "total": 3}

    for index in (0, 1):
        state.apply(StageStarted.model_validate(place(index)))
    done = StageOutcome(status="success", output=1)
    state.apply(StageCompleted.model_validate({**place(0), "result": done}))
    bench = Bench()
    result = await bench.run(resume(state))
    assert list(bench.told) == ["skipped c: stage 'a' ended the pipeline early"]
    assert (result.status, result.output, bench.models.requests) == ("early_exit", "enough", [])
    assert statuses(result) == {"a": "success", "b": "cancelled", "c": "skipped"}
