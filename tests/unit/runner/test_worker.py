import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from contracts.envelope import StageRef
from contracts.errors import OutputsUnavailable
from contracts.events import (
    ExecutionCancelRequested,
    ExecutionCompleted,
    ExecutionQueued,
    ExecutionResumed,
    ExecutionStarted,
    LogEvent,
    StageStarted,
)
from contracts.ids import new_execution_id
from contracts.journal import ExecutionEnding
from contracts.requests import ExecutionView
from contracts.results import PipelineResult
from runner.ending import Ending
from runner.executor import PipelineExecutor
from runner.known_log import read_known
from runner.models.router import ModelRouter
from runner.models.settings import ModelSettings
from runner.result import result_of_unreadable
from runner.terms import Terms
from runner.worker import Worker, WorkerOptions
from stagecast.functions import FunctionContext, FunctionRegistry
from stagecast.memory_log import MemoryLog
from stagecast.outputs import OutputStore

DEFINITION = {
    "id": "p",
    "name": "P",
    "stages": [{"id": "a", "name": "A", "call": "step"}, {"id": "b", "name": "B", "call": "step"}],
}
WAIT_SECONDS = 30.0


class Living:
    """Runners that a test says are alive."""

    def __init__(self, *names: str) -> None:
        self.names = names

    async def may_be_alive(self, name: str) -> bool:
        return name in self.names


class Bench:
    """A worker on a log in memory. Its stages wait for `gate` and tell `entered` when they begin."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.log = MemoryLog(clock=lambda: time.monotonic() + self.ahead)
        self.outputs = OutputStore.open("memory://")
        self.gate = asyncio.Event()
        self.entered = asyncio.Queue[str]()
        self.aborted = asyncio.Queue[str]()
        self.liveness = Living()

    async def step(self, context: FunctionContext) -> str:
        self.entered.put_nowait(context.stage_id)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.aborted.put_nowait(context.stage_id)
            raise
        return f"{context.stage_id} done"

    def worker(self, name: str = "one", **options: Any) -> Worker:
        registry = FunctionRegistry({"step": self.step})
        executor = PipelineExecutor(ModelRouter(ModelSettings()), registry)
        chosen: dict[str, Any] = {"concurrency": 4, "drain_seconds": 5.0, **options}
        return Worker(self.log, executor, Ending(self.log, self.outputs), self.liveness, WorkerOptions(name, **chosen))

    @asynccontextmanager
    async def working(self, worker: Worker) -> AsyncGenerator[asyncio.Event]:
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        try:
            yield stop
            stop.set()
            async with asyncio.timeout(WAIT_SECONDS):
                await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def submit(self) -> str:
        execution_id = new_execution_id()
        await self.log.append(
            ExecutionQueued(execution_id=execution_id, seq=0, pipeline_id="p", pipeline=DEFINITION, input="x")
        )
        return execution_id

    async def events(self, execution_id: str) -> list[LogEvent]:
        return [entry.stored_event() for entry in await self.log.read(execution_id)]

    async def until_end(self, execution_id: str) -> PipelineResult:
        ended = asyncio.Event()

        async def deliver(entry: Any) -> None:
            if entry.type == "execution:completed":
                ended.set()

        watch = await self.log.watch(execution_id, deliver)
        if (await self.events(execution_id))[-1].type == "execution:completed":
            ended.set()
        async with asyncio.timeout(WAIT_SECONDS):
            await ended.wait()
        await watch.close()
        last = (await self.events(execution_id))[-1]
        assert isinstance(last, ExecutionCompleted)
        return last.result


@pytest.fixture
async def bench() -> AsyncGenerator[Bench]:
    bench = Bench()
    yield bench
    await bench.log.close()


async def soon(waiting: Awaitable[Any]) -> Any:
    async with asyncio.timeout(WAIT_SECONDS):
        return await waiting


async def test_a_submission_runs_to_its_terminal_event_and_its_result_is_saved(bench: Bench) -> None:
    bench.gate.set()
    async with bench.working(bench.worker()):
        execution_id = await bench.submit()
        result = await bench.until_end(execution_id)
    events = await bench.events(execution_id)
    assert [event.type for event in events] == [
        "execution:queued",
        "execution:started",
        *["stage:started", "stage:completed"] * 2,
        "execution:ending",
        "execution:completed",
    ]
    assert result.status == "success"
    last = events[-1]
    assert isinstance(last, ExecutionCompleted)
    assert last.filename is not None
    assert PipelineResult.model_validate_json(await bench.outputs.read(last.filename)) == result


async def test_executions_run_side_by_side_up_to_the_concurrency(bench: Bench) -> None:
    worker = bench.worker(concurrency=2)
    async with bench.working(worker):
        ids = [await bench.submit() for _ in range(3)]
        for _ in range(2):
            await soon(bench.entered.get())
        assert worker.active_count == 2
        assert bench.entered.empty()
        bench.gate.set()
        for execution_id in ids:
            assert (await bench.until_end(execution_id)).status == "success"


async def test_cancel_aborts_the_stage_in_flight_and_ends_as_cancelled(bench: Bench) -> None:
    async with bench.working(bench.worker()):
        execution_id = await bench.submit()
        await soon(bench.entered.get())
        await bench.log.append(ExecutionCancelRequested(execution_id=execution_id, seq=3))
        assert await soon(bench.aborted.get()) == "a"
        result = await bench.until_end(execution_id)
    assert result.status == "cancelled"
    assert [stage.status for stage in result.stages] == ["cancelled"]
    known = await read_known(bench.log, execution_id)
    assert known is not None
    assert [stage.status for stage in ExecutionView.of(known.state).stages] == ["cancelled", "not_run"]


async def test_cancel_of_a_queued_execution_ends_it_though_every_place_is_taken(bench: Bench) -> None:
    async with bench.working(bench.worker(concurrency=1)):
        busy = await bench.submit()
        await soon(bench.entered.get())
        waiting = await bench.submit()
        await bench.log.append(ExecutionCancelRequested(execution_id=waiting, seq=1))
        assert (await bench.until_end(waiting)).status == "cancelled"
        bench.gate.set()
        assert (await bench.until_end(busy)).status == "success"
    assert [event.type for event in await bench.events(waiting)] == [
        "execution:queued",
        "execution:cancel_requested",
        "execution:ending",
        "execution:completed",
    ]


async def test_a_cancel_that_was_never_heard_is_found_when_the_execution_is_claimed(bench: Bench) -> None:
    execution_id = await bench.submit()
    await bench.log.append(ExecutionCancelRequested(execution_id=execution_id, seq=1))
    async with bench.working(bench.worker()):
        assert (await bench.until_end(execution_id)).status == "cancelled"
    assert bench.entered.empty()


async def test_a_draining_runner_lets_what_runs_finish(bench: Bench) -> None:
    async with bench.working(bench.worker()) as stop:
        execution_id = await bench.submit()
        await soon(bench.entered.get())
        stop.set()
        bench.gate.set()
        assert (await bench.until_end(execution_id)).status == "success"


async def test_what_does_not_finish_in_time_is_handed_over_and_finished_stages_are_kept(bench: Bench) -> None:
    async with bench.working(bench.worker("one", drain_seconds=0.0)) as stop:
        execution_id = await bench.submit()
        assert await soon(bench.entered.get()) == "a"
        bench.gate.set()
        assert await soon(bench.entered.get()) == "b"
        bench.gate.clear()
        if (await bench.events(execution_id))[-1].type != "execution:completed":
            stop.set()
    bench.gate.set()
    async with bench.working(bench.worker("two")):
        result = await bench.until_end(execution_id)
    assert result.status == "success"


async def test_a_dead_runners_execution_is_resumed_after_its_last_finished_stage(bench: Bench) -> None:
    execution_id = await bench.submit()
    await bench.log.append(
        ExecutionStarted(
            execution_id=execution_id,
            seq=1,
            pipeline_id="p",
            pipeline_name="P",
            stages=(StageRef(id="a", name="A"), StageRef(id="b", name="B")),
            total=2,
            runner="dead",
        )
    )
    bench.gate.set()
    async with bench.working(bench.worker("two")):
        result = await bench.until_end(execution_id)
    assert result.status == "success"
    resumed = (await bench.events(execution_id))[2]
    assert resumed.type == "execution:resumed"
    assert resumed.runner == "two"
    assert resumed.attempt == 2


async def test_an_execution_whose_owner_lives_is_left_alone(bench: Bench) -> None:
    bench.liveness.names = ("owner",)
    execution_id = await bench.submit()
    await bench.log.append(
        ExecutionStarted(
            execution_id=execution_id,
            seq=1,
            pipeline_id="p",
            pipeline_name="P",
            stages=(StageRef(id="a", name="A"),),
            total=2,
            runner="owner",
        )
    )
    bench.gate.set()
    async with bench.working(bench.worker("two")):
        other = await bench.submit()
        await bench.until_end(other)
    assert len(await bench.events(execution_id)) == 2


class FailingStore:
    """Outputs that refuse everything."""

    def __init__(self) -> None:
        self.tries = 0

    async def save(self, result: PipelineResult) -> str:
        self.tries += 1
        raise OutputsUnavailable("The disk is full.")


async def test_a_result_that_cannot_be_saved_is_in_the_terminal_event_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.ending._SAVE_FIRST_DELAY_SECONDS", 0.0)
    bench.gate.set()
    store = FailingStore()
    registry = FunctionRegistry({"step": bench.step})
    worker = Worker(
        bench.log,
        PipelineExecutor(ModelRouter(ModelSettings()), registry),
        Ending(bench.log, store),
        bench.liveness,
        WorkerOptions("one", 1, drain_seconds=1.0),
    )
    async with bench.working(worker):
        execution_id = await bench.submit()
        assert (await bench.until_end(execution_id)).status == "success"
    last = (await bench.events(execution_id))[-1]
    assert isinstance(last, ExecutionCompleted)
    assert last.filename is None
    assert store.tries > 1


async def test_a_definition_that_this_version_cannot_read_ends_as_failed(bench: Bench) -> None:
    execution_id = new_execution_id()
    await bench.log.append(
        ExecutionQueued(execution_id=execution_id, seq=0, pipeline_id="p", pipeline={"format": 9}, input="x")
    )
    async with bench.working(bench.worker()):
        result = await bench.until_end(execution_id)
    assert (result.status, result.error_code) == ("failed", "corrupt_log")


async def lose_runners(bench: Bench, execution_id: str, *names: str) -> None:
    """Claim it as these runners, one after the other, none of which is heard of again."""
    stages = (StageRef(id="a", name="A"), StageRef(id="b", name="B"))
    for attempt, name in enumerate(names, 1):
        event: LogEvent
        if attempt == 1:
            event = ExecutionStarted(
                execution_id=execution_id,
                seq=1,
                pipeline_id="p",
                pipeline_name="P",
                stages=stages,
                total=2,
                runner=name,
            )
        else:
            event = ExecutionResumed(execution_id=execution_id, seq=2 * attempt - 1, attempt=attempt, runner=name)
        await bench.log.append(event)
        await bench.log.append(
            StageStarted(execution_id=execution_id, seq=event.seq + 1, stage=stages[0], index=0, total=2)
        )


async def decide(bench: Bench, execution_id: str, seq: int) -> PipelineResult:
    """Store how it ends, as a runner does that is lost right after it."""
    first = (await bench.events(execution_id))[0]
    assert isinstance(first, ExecutionQueued)
    decided = result_of_unreadable(first, ValueError("whatever"))
    await bench.log.append(ExecutionEnding(execution_id=execution_id, seq=seq, result=decided))
    return decided


async def test_an_execution_that_loses_every_runner_is_given_up(bench: Bench) -> None:
    execution_id = await bench.submit()
    await lose_runners(bench, execution_id, "x", "y", "z")
    async with bench.working(bench.worker(max_lost_claims=3)):
        result = await bench.until_end(execution_id)
    assert (result.status, result.error_code) == ("failed", "runner_lost")
    assert result.error == "Its runner was lost 3 times in a row while 'a' ran, so it is not tried again."
    assert bench.entered.empty()
    assert [event.type for event in await bench.events(execution_id)][-3:] == [
        "execution:resumed",
        "execution:ending",
        "execution:completed",
    ]


async def test_an_execution_that_lost_fewer_runners_is_tried_once_more(bench: Bench) -> None:
    execution_id = await bench.submit()
    await lose_runners(bench, execution_id, "x", "y")
    bench.gate.set()
    async with bench.working(bench.worker(max_lost_claims=3)):
        assert (await bench.until_end(execution_id)).status == "success"


@pytest.mark.parametrize(
    ("terms", "code"), [(Terms(max_events=4), "event_limit"), (Terms(max_bytes=1000), "byte_limit")], ids=str
)
async def test_a_log_that_grows_beyond_its_limit_ends_the_execution(bench: Bench, terms: Terms, code: str) -> None:
    bench.gate.set()
    async with bench.working(bench.worker(terms=terms)):
        execution_id = await bench.submit()
        result = await bench.until_end(execution_id)
    assert (result.status, result.error_code) == ("failed", code)
    assert str(terms.max_events if code == "event_limit" else terms.max_bytes) in (result.error or "")


async def test_an_end_that_was_decided_and_not_told_is_completed_as_it_was_decided(bench: Bench) -> None:
    execution_id = await bench.submit()
    await lose_runners(bench, execution_id, "lost")
    decided = await decide(bench, execution_id, seq=3)
    async with bench.working(bench.worker()):
        assert await bench.until_end(execution_id) == decided
    last = (await bench.events(execution_id))[-1]
    assert isinstance(last, ExecutionCompleted)
    assert PipelineResult.model_validate_json(await bench.outputs.read(str(last.filename))) == decided
    assert bench.entered.empty()


async def test_an_end_that_is_decided_is_not_decided_again_by_a_cancel(bench: Bench) -> None:
    execution_id = await bench.submit()
    await bench.log.append(ExecutionCancelRequested(execution_id=execution_id, seq=1))
    decided = await decide(bench, execution_id, seq=2)
    await Ending(bench.log, bench.outputs).end_unclaimed(execution_id)
    assert len(await bench.events(execution_id)) == 3
    async with bench.working(bench.worker()):
        assert await bench.until_end(execution_id) == decided


async def test_an_execution_that_is_delivered_again_to_its_own_runner_is_left_alone(bench: Bench) -> None:
    async with bench.working(bench.worker()):
        execution_id = await bench.submit()
        assert await soon(bench.entered.get()) == "a"
        bench.ahead = 1000.0  # the queue takes the delivery for lost; the next submission makes it look
        other = await bench.submit()
        assert await soon(bench.entered.get()) == "a"
        bench.gate.set()
        results = [await bench.until_end(each) for each in (execution_id, other)]
    assert [result.status for result in results] == ["success"] * 2
    assert "execution:resumed" not in [event.type for event in await bench.events(execution_id)]
