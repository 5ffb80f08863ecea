"""Somebody asks to finish: what is there is kept, and nothing more begins. Who may ask is the gateway's affair."""

import asyncio

import pytest

from contracts.envelope import StageRef
from contracts.errors import BudgetExceeded, ModelError
from contracts.events import ExecutionFinishRequested, StageStarted
from contracts.journal import CallCompleted
from contracts.state import ExecutionState
from runner.models.client import Spent
from runner.progress import StagePlace
from stagecast.functions import FunctionContext
from tests.unit.runner.scripts import PATIENCE_SECONDS, Bench, Models, Told, begin, call, definition, prompt, resume

REASON = "somebody asked to finish"


async def best_of(context: FunctionContext) -> list[str]:
    """Ask until refused; return what was answered."""
    answers: list[str] = []
    try:
        for message in ("one", "two", "slow", "three"):
            answers.append((await context.complete(message)).text)
    except BudgetExceeded:
        answers.append(f"finishing: {context.is_finishing}")
    return answers


def models() -> Models:
    return Models(gates={"slow": asyncio.Event()}, spent_on_abort=Spent(7, 2, 0.25))


async def test_a_call_in_flight_is_cut_off_at_once_and_its_function_may_return_the_best_that_it_has() -> None:
    bench = Bench(models(), functions={"best_of": best_of})
    stages = (call("a", "best_of"), prompt("b"), call("c"), prompt("report", always=True))
    finish = asyncio.Event()
    running = asyncio.create_task(bench.run(definition(*stages), finish=finish))
    await bench.models.until_asked(3)
    finish.set()
    result = await running
    assert [(row.status, row.reason) for row in result.stages] == [
        ("success", None),
        ("skipped", REASON),
        ("skipped", REASON),
        ("success", None),
    ]
    assert result.stages[0].output == ["one", "two", "finishing: True"]
    assert (result.status, bench.models.messages) == ("success", ["one", "two", "slow", "report"])
    assert (bench.models.aborted, result.summary.total_cost) == (["slow"], 0.5 + 0.5 + 0.25 + 0.5)


async def test_prompts_in_flight_are_cut_off_and_the_pipeline_has_not_failed() -> None:
    bench = Bench(models())
    stages = (
        prompt("slow", output_when_skipped="as it was"),
        prompt("too", prompt={"user": "slow"}, needs=[]),
        call("report", needs=["slow"], always=True, arguments={"value": "{{ stages.slow.output }}"}),
    )
    finish = asyncio.Event()
    running = asyncio.create_task(bench.run(definition(*stages), finish=finish))
    await bench.models.until_asked(2)
    finish.set()
    result = await running
    assert (result.status, result.output, bench.models.aborted) == ("success", "as it was", ["slow", "slow"])
    reason = f"The model call was cut off: {REASON}."
    assert [(row.status, row.reason, row.cost) for row in result.stages[:2]] == [("cancelled", reason, 0.25)] * 2
    assert list(bench.told) == ["started slow", "started too", "started report", "completed report"]


async def test_what_is_pending_is_skipped_while_an_always_stage_still_runs() -> None:
    bench = Bench(models())
    stages = (prompt("slow", always=True), call("b", needs=["slow"]), call("c", needs=["b"]))
    finish = asyncio.Event()
    waiting = prompt("d", prompt={"user": "slow"}, needs=[], always=True)
    running = asyncio.create_task(bench.run(definition(*stages, waiting), finish=finish))
    await bench.models.until_asked(2)
    skipped = asyncio.Event()
    bench.told.stop_at["skipped c"] = skipped.set
    finish.set()
    await asyncio.wait_for(skipped.wait(), PATIENCE_SECONDS)
    assert "completed slow" not in bench.told
    bench.models.gates["slow"].set()
    result = await running
    assert [row.status for row in result.stages] == ["success", "skipped", "skipped", "success"]


class FinishAt(Told):
    """Somebody asks to finish while a step is told, which takes a while."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self.finish = asyncio.Event()
        self._step = step

    async def stage_started(self, place: StagePlace) -> None:
        await self._tell(f"started {place.id}")
        await super().stage_started(place)

    async def stage_skipped(self, place: StagePlace, reason: str, output: object) -> None:
        await self._tell(f"skipped {place.id}")
        await super().stage_skipped(place, reason, output)

    async def call_starting(self, place: StagePlace) -> None:
        await self._tell(f"calling {place.id}")
        await super().call_starting(place)

    async def _tell(self, step: str) -> None:
        if step == self._step:
            self.finish.set()
            for _ in range(5):
                await asyncio.sleep(0)


@pytest.mark.parametrize("step", ["started a", "calling a"])
async def test_a_prompt_that_had_begun_and_not_asked_yet_asks_no_more(step: str) -> None:
    told = FinishAt(step)
    bench = Bench(told=told)
    result = await bench.run(definition(prompt("a")), finish=told.finish)
    assert (result.status, result.stages[0].status, bench.models.messages) == ("success", "cancelled", [])
    assert (result.summary.total_cost, result.stages[0].reason) == (0.0, f"No further model call: {REASON}.")


async def test_a_stage_whose_turn_comes_in_that_moment_does_not_begin() -> None:
    told = FinishAt("skipped a")
    bench = Bench(told=told)
    stages = (call("a", when=[{"if": "false"}]), call("b", needs=[]))
    result = await bench.run(definition(*stages), finish=told.finish)
    assert [(row.status, row.reason) for row in result.stages][1] == ("skipped", REASON)


async def test_a_wait_before_another_attempt_ends_at_once() -> None:
    busy = ModelError("busy", code="rate_limited", is_retryable=True, retry_after_seconds=300.0)
    bench = Bench(Models({"a": busy}))
    waiting, finish = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        waiting.set()
        await asyncio.get_running_loop().create_future()

    bench.waits.sleep = sleep
    running = asyncio.create_task(bench.run(definition(prompt("a", retries=3)), finish=finish))
    await asyncio.wait_for(waiting.wait(), PATIENCE_SECONDS)
    finish.set()
    result = await running
    assert (result.status, result.stages[0].status, bench.models.messages) == ("success", "cancelled", ["a"])
    assert "The attempt before failed: busy" in (result.stages[0].reason or "")


async def test_a_foreach_keeps_the_items_that_were_done_and_drops_the_others() -> None:
    bench = Bench(models())
    foreach = {"items": ["x", "slow", "y"], "max_parallel": 2}
    finish = asyncio.Event()
    pipeline = definition(prompt("a", prompt={"user": "{{ item }}"}, foreach=foreach))
    running = asyncio.create_task(bench.run(pipeline, finish=finish))
    await bench.models.until_asked(3)
    await asyncio.sleep(0)
    finish.set()
    result = await running
    assert (result.status, result.output["results"]) == ("success", ["x", "y"])
    [dropped] = result.output["dropped"]
    assert (dropped["item"], dropped["reason"]) == ("slow", f"The model call was cut off: {REASON}.")


async def test_what_was_asked_before_it_began_skips_all_but_always_stages() -> None:
    bench = Bench()
    state = begin(definition(prompt("a"), call("b"), prompt("c", always=True)))
    _ask(state)
    result = await bench.run(state)
    assert (result.status, result.output, bench.models.messages) == ("success", "c", ["c"])
    assert [row.status for row in result.stages] == ["skipped", "skipped", "success"]


def _ask(state: ExecutionState) -> None:
    state.apply(ExecutionFinishRequested(execution_id=state.execution_id, seq=state.next_seq))


async def test_another_runner_goes_on_finishing_and_pays_for_nothing_again() -> None:
    bench = Bench(models(), functions={"best_of": best_of})
    pipeline = definition(call("a", "best_of"), prompt("b"))
    await _begin_and_lose(bench, pipeline_state := begin(pipeline))
    _ask(pipeline_state)
    bench.models.requests.clear()
    result = await bench.run(resume(pipeline_state))
    assert (result.status, result.stages[0].output) == ("success", ["one", "two", "finishing: True"])
    assert (bench.models.messages, result.summary.total_cost) == ([], 1.0)


async def _begin_and_lose(bench: Bench, state: ExecutionState) -> None:
    """Run until the third call is in flight; keep in the state what the log would have."""
    running = asyncio.create_task(bench.run(state))
    await bench.models.until_asked(3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    about = {"execution_id": state.execution_id, "index": 0, "total": 2}
    place = StageRef(id="a", name="a")
    state.apply(StageStarted(**about, stage=place, seq=state.next_seq))  # pyright: ignore[reportArgumentType]
    for _, done in bench.told.calls:
        event = CallCompleted.model_validate({**about, **dict(done), "stage": place, "seq": state.next_seq})
        state.apply(event)


async def test_a_prompt_that_a_lost_runner_had_in_flight_is_cut_off_by_the_next() -> None:
    bench = Bench()
    state = begin(definition(prompt("a"), prompt("b")))
    place = StageRef(id="a", name="a")
    state.apply(StageStarted(execution_id=state.execution_id, index=0, total=2, stage=place, seq=state.next_seq))
    _ask(state)
    result = await bench.run(resume(state))
    assert (result.status, bench.models.messages) == ("success", [])
    assert [row.status for row in result.stages] == ["cancelled", "skipped"]


async def test_a_hard_budget_still_holds_for_always_stages() -> None:
    bench = Bench(models(), functions={"best_of": best_of})
    budget = {"calls": 3, "on_exceeded": "finish", "hard": True}
    stages = (prompt("a", prompt={"user": "slow"}), call("report", "best_of", always=True))
    finish = asyncio.Event()
    running = asyncio.create_task(bench.run(definition(*stages, budget=budget), finish=finish))
    await bench.models.until_asked(1)
    finish.set()
    result = await running
    assert (result.status, result.output) == ("success", ["one", "two", "finishing: True"])
    assert bench.models.messages == ["slow", "one", "two"]


async def test_under_a_budget_that_says_fail_to_finish_is_no_failure_either() -> None:
    bench = Bench(models(), functions={"best_of": best_of})
    finish = asyncio.Event()
    running = asyncio.create_task(bench.run(definition(call("a", "best_of"), budget={"calls": 3}), finish=finish))
    await bench.models.until_asked(3)
    finish.set()
    assert (await running).status == "success"


async def test_a_cancel_that_comes_after_it_wins() -> None:
    bench = Bench(models())
    finish, cancel = asyncio.Event(), asyncio.Event()
    pipeline = definition(prompt("a"), prompt("slow", always=True))
    running = asyncio.create_task(bench.run(pipeline, finish=finish, cancel=cancel))
    await bench.models.until_asked(2)
    finish.set()
    await asyncio.sleep(0)
    cancel.set()
    assert (await running).status == "cancelled"


@pytest.mark.parametrize("on_error", ["fail", "continue"])
async def test_a_stage_that_fails_by_itself_has_failed_though_it_is_to_finish(on_error: str) -> None:
    async def break_down(context: FunctionContext) -> None:
        try:
            await context.complete("slow")
        except BudgetExceeded:
            raise ValueError("I cannot do without") from None

    bench = Bench(models(), functions={"break_down": break_down})
    finish = asyncio.Event()
    running = asyncio.create_task(bench.run(definition(call("a", "break_down", on_error=on_error)), finish=finish))
    await bench.models.until_asked(1)
    finish.set()
    assert (await running).status == "failed"
