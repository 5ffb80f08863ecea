import asyncio

import pytest

from contracts.errors import Fenced, ModelError
from runner.progress import NullProgress, StagePlace
from stagecast.functions import FunctionContext
from tests.unit.runner.scripts import Bench, Models, begin, call, definition, others, prompt


async def test_a_pipeline_runs_its_stages_in_file_order_and_delivers_the_last_output() -> None:
    bench = Bench()
    result = await bench.run(definition(prompt("a"), prompt("b"), call("c", arguments={"value": [1]})))
    assert list(bench.told) == [
        "started a",
        "completed a",
        "started b",
        "completed b",
        "started c",
        "completed c",
    ]
    assert (result.status, result.output, result.error) == ("success", [1], None)


async def test_six_stages_with_a_parallel_pair_a_skip_and_an_always_stage_tell_their_steps_in_order() -> None:
    bench = Bench()
    pipeline = definition(
        prompt("analyze"),
        prompt("cases", when=[{"if": "false", "else": "{{ 1 + 1 }} were supplied"}], output_when_skipped={"n": 0}),
        prompt("rewrite", needs=["analyze"]),
        call("evaluate", needs=["cases", "rewrite"], arguments={"value": "{{ stages.cases.output.n }}"}),
        prompt("refine"),
        call("report", always=True, arguments={"value": "{{ stages.evaluate.output }}"}),
        output={"n": "{{ stages.report.output }}", "analyzed": "{{ stages.analyze.output }}"},
    )
    result = await bench.run(pipeline)
    assert list(bench.told) == [
        "started analyze",
        "completed analyze",
        "skipped cases: 2 were supplied",
        "started rewrite",
        "completed rewrite",
        "started evaluate",
        "completed evaluate",
        "started refine",
        "completed refine",
        "started report",
        "completed report",
    ]
    assert result.output == {"n": 0, "analyzed": "analyze"}
    assert (result.summary.stages_run, result.summary.stages_skipped, result.summary.stages_failed) == (5, 1, 0)


async def test_two_prompt_stages_wait_for_their_models_side_by_side() -> None:
    gates = {"a": asyncio.Event(), "b": asyncio.Event()}
    bench = Bench(Models(gates=gates))
    running = asyncio.create_task(bench.run(definition(prompt("a"), prompt("b", needs=[]))))
    await bench.models.until_asked(2)
    assert bench.models.in_flight == 2
    gates["b"].set()
    gates["a"].set()
    result = await running
    assert (result.status, bench.models.most_in_flight) == ("success", 2)


async def test_a_stage_starts_when_its_own_needs_are_met_although_another_still_runs() -> None:
    gate = asyncio.Event()
    bench = Bench(Models(gates={"slow": gate}))
    running = asyncio.create_task(
        bench.run(definition(prompt("slow"), prompt("quick", needs=[]), prompt("after", needs=["quick"])))
    )
    await bench.models.until_asked(3)
    assert bench.models.messages == ["slow", "quick", "after"]
    gate.set()
    assert (await running).status == "success"


async def test_a_stage_counts_as_done_only_once_that_was_told() -> None:
    bench = Bench()
    asked_when_told: list[int] = []
    bench.told.stop_at["completed a"] = lambda: asked_when_told.append(len(bench.models.requests))
    await bench.run(definition(prompt("a"), prompt("b")))
    assert asked_when_told == [1]


async def test_input_that_the_pipeline_refuses_fails_before_any_stage() -> None:
    bench = Bench()
    result = await bench.run(definition(prompt("a")), options={"unheard_of": 1})
    assert (result.status, result.error_code, result.stages, list(bench.told)) == ("failed", "invalid_input", (), [])
    assert result.error is not None
    assert "unheard_of" in result.error


async def test_a_cancel_aborts_every_call_in_flight_and_tells_nothing_more() -> None:
    cancel = asyncio.Event()
    bench = Bench(Models(gates={"b": asyncio.Event(), "c": asyncio.Event()}))
    pipeline = definition(prompt("a"), prompt("b"), prompt("c", needs=["a"]), prompt("d", needs=["b", "c"]))
    running = asyncio.create_task(bench.run(pipeline, cancel=cancel))
    await bench.models.until_asked(3)
    told = list(bench.told)
    cancel.set()
    result = await running
    assert sorted(bench.models.aborted) == ["b", "c"]
    assert list(bench.told) == told
    assert result.status == "cancelled"
    assert [(stage.stage_id, stage.status) for stage in result.stages] == [
        ("a", "success"),
        ("b", "cancelled"),
        ("c", "cancelled"),
    ]
    assert result.summary.stages_run == 3
    assert not others()


async def test_a_cancelled_stage_has_what_its_earlier_calls_had_cost() -> None:
    cancel = asyncio.Event()
    bench = Bench(Models(gates={"second": asyncio.Event()}))

    async def two_calls(context: FunctionContext) -> None:
        await context.complete("first")
        await context.complete("second")

    bench.functions["two"] = two_calls
    running = asyncio.create_task(bench.run(definition(call("a", "two")), cancel=cancel))
    await bench.models.until_asked(2)
    cancel.set()
    result = await running
    assert (result.stages[0].status, result.stages[0].cost) == ("cancelled", 0.5)
    assert (result.summary.total_cost, result.summary.total_input_tokens) == (0.5, 10)


async def test_a_cancel_that_came_before_the_run_starts_nothing() -> None:
    cancel = asyncio.Event()
    cancel.set()
    bench = Bench()
    result = await bench.run(definition(prompt("a")), cancel=cancel)
    assert (result.status, result.stages, list(bench.told), bench.models.requests) == ("cancelled", (), [], [])


async def test_a_cancel_while_a_start_is_being_told_lists_no_stage_as_run() -> None:
    cancel = asyncio.Event()

    class Stuck(NullProgress):
        async def stage_started(self, place: StagePlace) -> None:
            cancel.set()
            await asyncio.Event().wait()

    result = await Bench().run(definition(prompt("a")), cancel=cancel, progress=Stuck())
    assert (result.status, result.stages, result.summary.stages_run) == ("cancelled", (), 0)


async def test_a_cancel_during_the_wait_before_a_retry_ends_the_wait() -> None:
    bench = Bench(Models(answers={"a": ModelError("busy", is_retryable=True)}))
    waiting = asyncio.Event()
    cancel = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    bench.waits.sleep = sleep
    running = asyncio.create_task(bench.run(definition(prompt("a", retries=1)), cancel=cancel))
    await waiting.wait()
    cancel.set()
    assert (await running).status == "cancelled"
    assert not others()


@pytest.mark.parametrize("step", ["started b", "completed b", "started c"])
async def test_a_callback_that_raises_ends_the_run_and_leaves_nothing_running(step: str) -> None:
    bench = Bench(Models(gates={"slow": asyncio.Event()}))
    bench.told.raise_at[step] = Fenced("taken over")
    pipeline = definition(prompt("a"), prompt("slow", needs=["a"]), prompt("b", needs=["a"]), prompt("c"))
    with pytest.raises(Fenced):
        await bench.run(pipeline)
    assert step not in bench.told
    assert bench.models.in_flight == 0
    assert not others()


async def test_a_callback_that_raises_under_a_function_that_catches_everything_still_ends_the_run() -> None:
    async def stubborn(context: FunctionContext) -> str:
        try:
            await context.complete("x")
        except Exception:
            return "survived"
        return "unreachable"

    bench = Bench(Models(answers={"x": ModelError("busy", is_retryable=True)}), functions={"stubborn": stubborn})
    bench.told.raise_at["retrying a"] = Fenced("taken over")
    with pytest.raises(Fenced):
        await bench.run(definition(call("a", "stubborn", retries=1)))
    assert list(bench.told) == ["started a"]


async def test_cancelling_the_run_itself_leaves_nothing_running() -> None:
    bench = Bench(Models(gates={"a": asyncio.Event(), "b": asyncio.Event()}))
    running = asyncio.create_task(bench.run(definition(prompt("a"), prompt("b", needs=[]))))
    await bench.models.until_asked(2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(bench.models.aborted) == ["a", "b"]
    assert not others()


async def test_a_fault_of_the_model_client_is_raised_and_leaves_nothing_running() -> None:
    bench = Bench(Models(answers={"b": KeyError("a bug")}, gates={"a": asyncio.Event()}))
    with pytest.raises(KeyError, match="a bug"):
        await bench.run(definition(prompt("a"), prompt("b", needs=[])))
    assert (bench.models.aborted, others()) == (["a"], set())


async def test_one_executor_runs_many_executions_side_by_side() -> None:
    bench = Bench()
    pipeline = definition(prompt("a"), call("b", arguments={"value": "{{ inputs.input }}"}))
    results = await asyncio.gather(*(bench.run(begin(pipeline, str(number))) for number in range(50)))
    assert [result.output for result in results] == [str(number) for number in range(50)]
