"""Runs one interleaving from its plan, and says which promises it saw broken."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from types import SimpleNamespace
from unittest.mock import patch

import gateway.wishes
import runner.claim
import runner.worker
from contracts.events import ExecutionCompleted
from stagecast.memory_log import MemoryLog
from tests.interleaving.actors import Cast, execution_id
from tests.interleaving.invariants import ENDS, check_execution, check_heard
from tests.interleaving.schedule import Plan
from tests.interleaving.virtual_time import Stuck, VirtualLoop, ignore_destroyed_tasks
from tests.interleaving.world import Violation, World

_MOST_SECONDS = 1200.0  # until everything has ended: the faults of a plan, and some leases
_REST_SECONDS = 15.0  # in which nothing may happen any more
_LOOK_SECONDS = 3.0
_PULL_SECONDS = 40.0

_expected: dict[str, Sequence[object]] = {}


class Broken(AssertionError):
    """Promises were broken; the message has what happened.

    Attributes:
        violations: which ones.
    """

    def __init__(self, plan: Plan, violations: Sequence[Violation], trace: Sequence[str]) -> None:
        self.violations = tuple(violations)
        said = "\n".join(f"  {violation.promise}: {violation.what}" for violation in violations)
        super().__init__(f"{plan}\n{said}\n" + "\n".join(trace))


def explore(plan: Plan, make_log: Callable[..., MemoryLog] = MemoryLog) -> None:
    """Run a plan to its end.

    Raises:
        Broken: a promise was broken.
    """
    world = _run_alone(plan, make_log, _expected_outputs(plan.pipeline))
    if world.violations:
        raise Broken(plan, world.violations, world.trace)


def _run_alone(plan: Plan, make_log: Callable[..., MemoryLog], expected: Sequence[object]) -> World:
    with virtual_clocks(), asyncio.Runner(loop_factory=VirtualLoop) as loops:
        loop = loops.get_loop()
        loop.set_exception_handler(ignore_destroyed_tasks)
        world = World(plan, loop, make_log)
        try:
            loops.run(_run(world, expected))
        except (Stuck, RuntimeError) as error:
            world.accuse(ENDS, f"{type(error).__name__}: {error}")
        return world


def _expected_outputs(pipeline: str) -> Sequence[object]:
    """Return what a pipeline delivers, for each of two executions, when nothing goes wrong."""
    if pipeline not in _expected:
        world = _run_alone(Plan(pipeline, executions=2), MemoryLog, ())
        ends = [world.stored[execution_id(number)][-1].event for number in range(2)]
        _expected[pipeline] = [end.result.output for end in ends if isinstance(end, ExecutionCompleted)]
    return _expected[pipeline]


@contextmanager
def virtual_clocks() -> Generator[None]:
    """Let the product's clocks show the loop's time. Idle runners look around less often, which saves half the work."""
    clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
    with (
        patch.object(runner.claim, "time", clock),
        patch.object(gateway.wishes, "time", clock),
        patch.object(runner.worker, "_PULL_SECONDS", _PULL_SECONDS),
    ):
        yield


async def _run(world: World, expected: Sequence[object]) -> None:
    actors = Cast(world)
    actors.enter()
    ids = [execution_id(number) for number in range(world.plan.executions)]
    await _until_rest(world, actors, ids)
    for known, output in zip_longest(ids, expected[: len(ids)]):
        entries = await world.log.read(known)
        check_execution(world, known, entries, output)
        for heard in actors.heard:
            if heard.execution_id == known:
                check_heard(world, heard, entries)
    await actors.leave()


async def _until_rest(world: World, actors: Cast, ids: Sequence[str]) -> None:
    """Wait until all have ended and been heard, every fault is over, and nothing more comes of it."""
    time = asyncio.get_running_loop().time
    while not (all(map(world.has_ended, ids)) and actors.is_whole and actors.have_heard):
        if time() > _MOST_SECONDS:
            world.accuse(ENDS, f"still running after {time():.0f} s")
            return
        await asyncio.sleep(_LOOK_SECONDS)
    await asyncio.sleep(_REST_SECONDS)
