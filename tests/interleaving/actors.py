"""The actors: runners, and gateways with those who submit, subscribe, cancel and finish there.

They are made of the product's own parts. What befalls them is in the plan; a runner or gateway that ended is replaced
by a new process.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from contracts.envelope import utc_now
from contracts.errors import ExecutionNotFound, Fenced, LogUnavailable
from contracts.events import ExecutionQueued
from gateway.relay import Relay
from gateway.standing import TERMINAL
from gateway.subscription import FROM_START, View
from gateway.subscriptions import Subscriptions
from gateway.wishes import request_cancel, request_finish
from runner.ending import Ending
from runner.executor import PipelineExecutor
from runner.terms import Terms
from runner.timing import Timing
from runner.worker import Worker, WorkerOptions
from stagecast.functions import FunctionRegistry
from stagecast.log import Entry
from tests.interleaving.clients import Line, LineLog
from tests.interleaving.outside import LineLiveness, LineModels, LineStore
from tests.interleaving.pipelines import PIPELINES, best, work_with
from tests.interleaving.schedule import GATEWAY_PLACES, LEASE_SECONDS, RUNNER_PLACES, Fault
from tests.interleaving.virtual_time import Process, Stuck, current_process
from tests.interleaving.world import World

_FAREWELLS = 100
_AGAIN_SECONDS = 3.0  # between two tries of somebody whom nobody answered
_VISIT_SECONDS = 9.0  # the same for somebody who waits for a submission to be there

_worlds: dict[Process, World] = {}


async def _effect(execution_id: str, name: str) -> str:
    process = current_process()
    _worlds[process].note_step(process, execution_id, name)
    await asyncio.sleep(0.1)
    return f"{name} done"


_REGISTRY = FunctionRegistry({"work": work_with(_effect), "best": best})


@dataclass
class Heard:
    """What one subscriber got, over all its connections."""

    process: Process
    execution_id: str
    with_journal: bool
    entries: list[Entry] = field(default_factory=list[Entry])
    has_ended: bool = False

    @property
    def last(self) -> int:
        """The number of the last stored event."""
        return next((entry.seq for entry in reversed(self.entries) if entry.seq is not None), FROM_START)


@dataclass
class _Life:
    """One process's place, what it may be told, and what will befall it."""

    place: int
    stop: asyncio.Event
    fault: Fault | None = None


def _kind(place: int) -> str:
    return "runner" if place in RUNNER_PLACES else "gateway"


class Cast:
    """All actors of one interleaving."""

    def __init__(self, world: World) -> None:
        self.heard: list[Heard] = []
        self._world = world
        self._faults: dict[str, list[Fault]] = {"runner": [], "gateway": []}
        for fault in world.plan.faults:
            self._faults[fault.who].append(fault)
        self._generations: dict[int, int] = {}
        self._lives: dict[Process, _Life] = {}
        self._pending = 0
        self._loop = asyncio.get_running_loop()

    @property
    def is_whole(self) -> bool:
        """Whether everybody runs who should."""
        return self._pending == 0

    @property
    def have_heard(self) -> bool:
        """Whether every subscriber whose gateway lives has heard the end."""
        return all(heard.has_ended or heard.process.is_dead for heard in self.heard)

    def enter(self) -> None:
        """Let everybody begin."""
        for place in GATEWAY_PLACES:
            self._start(place)
        for place in RUNNER_PLACES[: self._world.plan.runners]:
            self._start(place)

    async def leave(self) -> None:
        """End everybody, the dead too."""
        self._world.is_over = True
        for process in self._lives:
            process.bury()
            _worlds.pop(process, None)
        current = asyncio.current_task()
        for _ in range(_FAREWELLS):
            others = asyncio.all_tasks() - {current}
            if not others:
                return
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=1.0)
        raise Stuck(f"cannot be cancelled: {asyncio.all_tasks() - {current}}")

    def _start(self, place: int) -> None:
        generation = self._generations[place] = self._generations.get(place, 0) + 1
        process = Process(f"{_kind(place)}{place}-{generation}", self._strike)
        life = _Life(place, asyncio.Event())
        self._lives[process] = life
        _worlds[process] = self._world
        self._world.add(process)
        line = Line(self._world, process, place, partial(self._threaten, process))
        is_runner = place in RUNNER_PLACES
        run = self._run_runner(line, life) if is_runner else self._run_gateway(line, place, generation)
        self._loop.create_task(run, context=process.context())

    def _threaten(self, process: Process) -> None:
        """Let the next fault befall the process, which has just got to work."""
        life = self._lives[process]
        faults = self._faults[_kind(life.place)]
        if life.fault is None and faults:
            life.fault = faults.pop(0)
            process.countdown = life.fault.step

    def _strike(self, process: Process) -> None:
        life = self._lives[process]
        fault, life.fault = life.fault, None
        if fault is None or self._world.is_over:
            return
        self._world.note(process.name, f"{fault.kind} ({fault.seconds} s)")
        if fault.kind == "stop":
            self._later(0.0, life.stop.set)
        elif fault.kind == "finish":
            self._ask_to_finish()
            self._threaten(process)  # it goes on, so something may befall it yet
        elif fault.kind == "kill":
            process.kill()
            self._later(fault.seconds, partial(self._start, life.place))
        else:
            process.freeze()
            self._later(fault.seconds, process.thaw)

    def _later(self, seconds: float, follow: Callable[[], None]) -> None:
        """Do something outside of all processes."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            self._pending -= 1
            follow()

        self._pending += 1
        self._world.go(wait())

    async def _run_runner(self, line: Line, life: _Life) -> None:
        log = LineLog(line)
        timing = Timing(random=lambda: 0.5, monotonic=self._loop.time, now=utc_now)
        worker = Worker(
            log,
            PipelineExecutor(LineModels(line), _REGISTRY, timing=timing),
            Ending(log, LineStore(line)),
            LineLiveness(line),
            WorkerOptions(line.process.name, concurrency=4, drain_seconds=0.5, terms=Terms(LEASE_SECONDS)),
        )
        await worker.run(life.stop)
        if not self._world.is_over:
            self._later(1.0, partial(self._start, life.place))
            line.process.kill()

    async def _run_gateway(self, line: Line, place: int, generation: int) -> None:
        line.on_work()
        log = LineLog(line)
        subscriptions = Subscriptions(log, Relay(log))
        visitors: list[Coroutine[Any, Any, None]] = []
        numbers = range(self._world.plan.executions)
        for number in numbers:
            heard = Heard(line.process, execution_id(number), with_journal=place == GATEWAY_PLACES[1])
            self.heard.append(heard)
            leaves_after = self._world.plan.leaves_after if place == GATEWAY_PLACES[0] else 0
            visitors.append(self._subscribe(subscriptions, heard, leaves_after))
        if place == GATEWAY_PLACES[0]:
            # A client whose gateway died submits the same again.
            visitors += [self._submit(log, number) for number in numbers]
        elif generation == 1:
            visitors += [self._cancel(log, at, number % len(numbers)) for at, number in self._world.plan.cancels]
        await asyncio.gather(*visitors)

    async def _submit(self, log: LineLog, number: int) -> None:
        name = self._world.plan.pipeline
        event = ExecutionQueued(
            execution_id=execution_id(number), seq=0, pipeline_id=name, pipeline=PIPELINES[name], input=f"in{number:02}"
        )
        while True:
            try:
                await log.append(event)
            except LogUnavailable:
                await asyncio.sleep(_AGAIN_SECONDS)
            except Fenced:
                return  # the gateway that died had stored it
            else:
                return

    async def _cancel(self, log: LineLog, at: float, number: int) -> None:
        await asyncio.sleep(at)
        while not self._world.is_over:
            with suppress(LogUnavailable, ExecutionNotFound):
                if await request_cancel(log, execution_id(number)):
                    self._world.note("canceller", "was told yes")
                    self._world.cancelled.add(execution_id(number))
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    def _ask_to_finish(self) -> None:
        """Let somebody whom nothing befalls ask for all executions, over a line like everybody's."""
        asker = Process("finisher", lambda _: None)
        log = LineLog(Line(self._world, asker, GATEWAY_PLACES[1], lambda: None))
        for number in range(self._world.plan.executions):
            self._loop.create_task(self._finish(log, number), context=asker.context())

    async def _finish(self, log: LineLog, number: int) -> None:
        while not self._world.is_over:
            with suppress(LogUnavailable, ExecutionNotFound):
                if await request_finish(log, execution_id(number)):
                    self._world.note("finisher", "was told yes")
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _subscribe(self, subscriptions: Subscriptions, heard: Heard, leaves_after: int) -> None:
        while not self._world.is_over:
            try:
                view = View(heard.last, with_journal=heard.with_journal)
                subscription = await subscriptions.open(heard.execution_id, view)
            except (LogUnavailable, ExecutionNotFound):
                await asyncio.sleep(_VISIT_SECONDS)
                continue
            async for entry in subscription:
                heard.entries.append(entry)
                if len(heard.entries) == leaves_after and entry.type != TERMINAL:
                    break
            else:
                heard.has_ended = True
                return
            subscription.close()


def execution_id(number: int) -> str:
    """Return the id of an execution of the interleaving."""
    return f"exec_1703187600000_{'x' * 12}in{number:02}"
