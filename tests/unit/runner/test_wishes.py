"""What somebody asks of an execution reaches the runner that has it, or the one that gets it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from contracts.events import ExecutionFinishRequested, ExecutionQueued, LogEvent
from contracts.ids import new_execution_id
from contracts.results import PipelineResult
from runner.ending import Ending
from runner.executor import PipelineExecutor
from runner.known_log import read_known
from runner.terms import Terms
from runner.worker import Worker, WorkerOptions
from stagecast.functions import FunctionRegistry
from stagecast.memory_log import MemoryLog
from stagecast.outputs import OutputStore
from tests.unit.runner.scripts import Models, call, definition, give, prompt

WAIT_SECONDS = 30.0
PIPELINE = definition(prompt("slow"), prompt("b"), call("report", always=True))


class Nobody:
    """Every other runner is lost."""

    async def may_be_alive(self, name: str) -> bool:
        return False


class World:
    """A log in memory, and models of which one never answers."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.log = MemoryLog(clock=lambda: asyncio.get_running_loop().time() + self.ahead)
        self.models = Models(gates={"slow": asyncio.Event()})

    @asynccontextmanager
    async def worker(self, name: str) -> AsyncGenerator[asyncio.Task[None]]:
        executor = PipelineExecutor(self.models, FunctionRegistry({"give": give}))
        options = WorkerOptions(name, concurrency=1, drain_seconds=5.0, terms=Terms(lease_seconds=20.0))
        ending = Ending(self.log, OutputStore.open("memory://"))
        task = asyncio.create_task(Worker(self.log, executor, ending, Nobody(), options).run(asyncio.Event()))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def submit(self) -> str:
        queued = ExecutionQueued(
            execution_id=new_execution_id(), seq=0, pipeline_id="p", pipeline=PIPELINE.snapshot(), input="x"
        )
        await self.log.append(queued)
        return queued.execution_id

    async def ask_to_finish(self, execution_id: str) -> None:
        known = await read_known(self.log, execution_id)
        assert known is not None
        await self.log.append(ExecutionFinishRequested(execution_id=execution_id, seq=known.state.next_seq))

    async def events(self, execution_id: str) -> list[LogEvent]:
        return [entry.stored_event() for entry in await self.log.read(execution_id)]

    async def until_end(self, execution_id: str) -> PipelineResult:
        ended = asyncio.Event()

        async def deliver(entry: object) -> None:
            known = await read_known(self.log, execution_id)
            if known is not None and known.state.is_ended:
                ended.set()

        watch = await self.log.watch(execution_id, deliver)
        await deliver(None)
        await asyncio.wait_for(ended.wait(), WAIT_SECONDS)
        await watch.close()
        known = await read_known(self.log, execution_id)
        assert known is not None
        assert known.state.result is not None
        return known.state.result


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    world = World()
    yield world
    await world.log.close()


STATUSES = ["cancelled", "skipped", "success"]


async def test_a_wish_to_finish_reaches_a_running_execution_at_once(world: World) -> None:
    async with world.worker("one"):
        execution_id = await world.submit()
        await world.models.until_asked(1)
        await world.ask_to_finish(execution_id)
        result = await world.until_end(execution_id)
    assert (result.status, [row.status for row in result.stages]) == ("success", STATUSES)
    assert world.models.aborted == ["slow"]
    assert [event.type for event in await world.events(execution_id)] == [
        *("execution:queued", "execution:started", "stage:started", "execution:finish_requested"),
        *("stage:skipped", "stage:started", "stage:completed", "execution:ending", "execution:completed"),
    ]


async def test_one_that_nobody_has_claimed_starts_and_skips(world: World) -> None:
    execution_id = await world.submit()
    await world.ask_to_finish(execution_id)
    async with world.worker("one"):
        result = await world.until_end(execution_id)
    assert (result.status, [row.status for row in result.stages]) == ("success", ["skipped", "skipped", "success"])
    assert world.models.messages == []


async def test_a_runner_that_takes_over_goes_on_finishing(world: World) -> None:
    async with world.worker("one") as first:
        execution_id = await world.submit()
        await world.models.until_asked(1)
        first.cancel()  # it gives the execution back
        await asyncio.gather(first, return_exceptions=True)
    await world.ask_to_finish(execution_id)
    async with world.worker("two"):
        result = await world.until_end(execution_id)
    assert (result.status, [row.status for row in result.stages]) == ("success", STATUSES)
    assert world.models.messages == ["slow"]
