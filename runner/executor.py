"""Runs one execution from where its state stands to its result. The story's PipelineExecutor; it knows no broker.

What happens to each stage is in `course`, which decisions are made in `plan`.
"""

import asyncio
from collections.abc import Callable

from contracts.errors import InvalidInput
from contracts.results import PipelineResult
from contracts.state import ExecutionState
from runner.budget import unknown_price
from runner.course import Course
from runner.groups import first_leaf
from runner.models.client import ModelClient
from runner.parts import Parts, Telling
from runner.progress import Progress
from runner.records import records_of
from runner.result import CANCELLED, Verdict, build_result, judge
from runner.timing import Elapsed, Timing
from runner.values import sentence
from stagecast.functions import FunctionRegistry
from stagecast.inputs import resolve_inputs


class PipelineExecutor:
    """Runs executions; one object serves any number of them side by side.

    Args:
        models: who answers model calls. The definition in the state says which model; overrides are made before.
        registry: where functions and checks are found.
        timing: clocks, sleep and chance; given by tests.
    """

    def __init__(self, models: ModelClient, registry: FunctionRegistry, *, timing: Timing | None = None) -> None:
        self._parts = Parts(models, registry, timing or Timing())

    async def run(
        self,
        state: ExecutionState,
        progress: Progress,
        *,
        cancel: asyncio.Event | None = None,
        finish: asyncio.Event | None = None,
    ) -> PipelineResult:
        """Run an execution and return its result.

        Each step is told to `progress` before it counts. A callback that raises ends the run: everything running is
        cancelled and awaited, and the exception is raised here. Cancelling this coroutine does the same.

        Args:
            state: where it starts from; read once, never changed. Stages that ended keep their outcome, one that was
                running runs anew.
            progress: told of each step.
            cancel: once set, all that runs is aborted at once, nothing more is told, and the result is `cancelled`
                with what was spent.
            finish: once set, no stage but `always` ones begins or calls a model any more, their calls in flight are cut
                off, and the result is what the stages make of it.
        """
        elapsed = Elapsed(state.started_at, self._parts.timing)
        if state.is_cancel_requested or (cancel is not None and cancel.is_set()):
            return build_result(state, records_of(state), CANCELLED, elapsed.ms())
        try:
            inputs = resolve_inputs(state.pipeline, state.queued.input, state.queued.options)
        except InvalidInput as error:
            return _refuse(state, error.message, error.code, elapsed)
        unpriced = unknown_price(state.pipeline, self._parts.models.is_priced)
        if unpriced is not None:
            return _refuse(state, unpriced, "unknown_price", elapsed)
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        course = Course(state, inputs, self._parts, Telling(progress, _breaker(broken)), elapsed)
        if state.is_finish_requested:
            course.finish()
        await _run_until(course, broken, cancel, finish)
        if cancel is not None and cancel.is_set():
            course.settle_as_cancelled()
            return build_result(state, course.records, CANCELLED, elapsed.ms())
        verdict = judge(course.records.values())
        return build_result(state, course.records, verdict, elapsed.ms(), course.scope)


async def _run_until(
    course: Course, broken: "asyncio.Future[None]", cancel: asyncio.Event | None, finish: asyncio.Event | None
) -> None:
    """Run the course until it ends, a callback raised, or somebody cancels; nothing is left running."""
    work = asyncio.create_task(course.run())
    watched: set[asyncio.Future[None]] = {work, broken}
    watcher = None if cancel is None else asyncio.create_task(_wait_for(cancel))
    if watcher is not None:
        watched.add(watcher)
    finisher = None if finish is None else asyncio.create_task(_finish_once(finish, course))
    try:
        await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
    finally:
        course.close()
        await _stop(work, watcher, finisher)
        error = broken.exception() if broken.done() else None
        broken.cancel()
    if error is not None:
        raise error
    if work.cancelled() and not (cancel is not None and cancel.is_set()):
        raise RuntimeError("a stage was cancelled, and nobody asked for it")
    if not work.cancelled():
        fault = work.exception()
        if fault is not None:
            raise first_leaf(fault)


async def _stop(*tasks: "asyncio.Task[None] | None") -> None:
    pending = [task for task in tasks if task is not None]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


async def _wait_for(event: asyncio.Event) -> None:
    await event.wait()


async def _finish_once(asked: asyncio.Event, course: Course) -> None:
    await asked.wait()
    course.finish()


def _breaker(broken: "asyncio.Future[None]") -> Callable[[Exception], None]:
    def break_run(error: Exception) -> None:
        if not broken.done():
            broken.set_exception(error)

    return break_run


def _refuse(state: ExecutionState, message: str, code: str, elapsed: Elapsed) -> PipelineResult:
    return build_result(state, records_of(state), Verdict("failed", sentence(message), code), elapsed.ms())
