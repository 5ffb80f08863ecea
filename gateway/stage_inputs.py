"""What a stage of an execution was given, told afterwards: rendered anew from the log, beside the event loop.

Rendering is shared with the runner (`stagecast.scope`, `stagecast.stage_input`); here is what can be told at all.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.errors import ExecutionNotFound, ExpressionError, InvalidInput, StageNotFound
from contracts.pipeline import Pipeline, Stage
from contracts.requests import ExecutionView
from contracts.stage_input import StageInput, StageInputItem
from contracts.state import ExecutionState, StageState
from gateway.archive import Archive
from gateway.inspection import read_state_or_end, view_of_end
from gateway.ownership import check_execution
from gateway.principal import Principal
from stagecast.inputs import resolve_inputs
from stagecast.log import ExecutionLog
from stagecast.plain import is_sequence
from stagecast.sandbox import TimeLimit, time_limited
from stagecast.scope import Scope, begin_scope, offer, with_item
from stagecast.stage_input import render_arguments, render_items, render_messages, render_replacement

GONE = "The events of this execution are not kept any more."
CONTRADICTORY = "The events of this execution contradict each other."
TOO_SLOW = "It takes too long to render this anew."
TOO_LARGE = "It was given more than is shown here."
_AT_ONCE = 2  # threads that render; they share one interpreter with the event loop


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is told of one stage: items of its foreach, characters of JSON, seconds of rendering."""

    items: int = 50
    characters: int = 2_000_000
    seconds: float = 5.0


class StageInputs:
    """Tells what stages were given.

    Args:
        log: where executions are.
        archive: knows executions that have left the log.
        extent: how much is told.
    """

    def __init__(self, log: ExecutionLog, archive: Archive, extent: Extent | None = None) -> None:
        self._log = log
        self._archive = archive
        self._extent = extent or Extent()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def read(self, principal: Principal, execution_id: str, stage_id: str) -> StageInput:
        """Return what a stage was given, or why that cannot be told.

        Raises:
            ExecutionNotFound: there is none, or it is somebody else's.
            StageNotFound: it has no such stage.
            LogUnavailable, OutputsUnavailable: broker or storage do not answer.
            CorruptLog: the events contradict each other, and none of them is the end.
            OutputUnreadable: the log does not have it, and what was saved is no result.
        """
        try:
            found = await read_state_or_end(self._log, execution_id)
        except ExecutionNotFound:
            return await self._told_of_end(principal, execution_id, stage_id)
        if not isinstance(found, ExecutionState):
            check_execution(principal, found.owner)
            return _untold(found, stage_id, CONTRADICTORY)
        check_execution(principal, found.queued.owner)
        if stage_id not in found.stages:
            raise StageNotFound
        async with self._slots:
            return await asyncio.to_thread(tell_input, found, stage_id, self._extent)

    async def _told_of_end(self, principal: Principal, execution_id: str, stage_id: str) -> StageInput:
        end = await self._archive.find_end(execution_id)
        if end is None:
            raise ExecutionNotFound
        check_execution(principal, end.result.owner)
        return _untold(view_of_end(end), stage_id, GONE)


def tell_input(state: ExecutionState, stage_id: str, extent: Extent) -> StageInput:
    """Return what a stage was given, or why that cannot be told. Takes about as long as `extent` says at most."""
    stage = state.pipeline.stage(stage_id)
    told = StageInput(stage_id=stage.id, kind="call" if stage.prompt is None else "prompt", call=stage.call)
    reason = _why_not_given(state, state.stages[stage_id])
    if reason is not None:
        return told.model_copy(update={"reason": reason})
    with time_limited(extent.seconds) as limit:
        try:
            total, items = _render(state, stage, extent, limit)
        except (ExpressionError, InvalidInput) as error:
            reason = TOO_SLOW if limit.is_over else f"It cannot be rendered: {_clause(error.message)}."
            return told.model_copy(update={"reason": reason})
        if total and not items:
            reason = TOO_SLOW if limit.is_over else TOO_LARGE
    return told.model_copy(update={"reason": reason, "total": total, "items": items})


def _why_not_given(state: ExecutionState, known: StageState) -> str | None:
    if known.phase == "skipped":
        return f"It was skipped: {_clause(known.reason)}."
    if known.phase == "pending":
        return "It was not reached." if state.is_ended else "It has not begun."
    if known.started_at is None:
        return f"It failed before it was given anything: {_clause(known.error)}."
    reused = None if state.queued.rerun is None else state.queued.rerun.reused.get(known.id)
    return None if reused is None else f"Its result was taken over from {reused.of}, which was given the input."


def _clause(text: str | None) -> str:
    return (text or "no reason was told").rstrip(".")


def _render(
    state: ExecutionState, stage: Stage, extent: Extent, limit: TimeLimit
) -> tuple[int, tuple[StageInputItem, ...]]:
    scope = _scope_of(state, stage)
    if stage.foreach is None:
        return 1, _within([_given(stage, scope)], extent.characters)
    values: object = render_items(stage.foreach, scope)
    if not is_sequence(values):
        raise ExpressionError("the items of the foreach are no list")
    return len(values), _within(_each(stage, scope, values[: extent.items], limit), extent.characters)


def _scope_of(state: ExecutionState, stage: Stage) -> Scope:
    """Return what the stage saw: the file's check lets it read what it waits for and nothing else."""
    scope = begin_scope(resolve_inputs(state.pipeline, state.queued.input, state.queued.options))
    for ancestor in _ancestors(state.pipeline, stage.id):
        known = state.stages[ancestor.id]
        if known.is_settled:
            offer(scope, ancestor, known.phase, known.output)
        elif known.phase == "running":  # cut off so that the pipeline finishes, of which the log is not told
            offer(scope, ancestor, "cancelled", _replacement(ancestor, scope))
    return scope


def _ancestors(pipeline: Pipeline, stage_id: str) -> Sequence[Stage]:
    """Return the stages that a stage waits for, each after those that it waits for itself."""
    needs = {stage.id: pipeline.needs_of(index) for index, stage in enumerate(pipeline.stages)}
    found: dict[str, Stage] = {}

    def visit(current: str) -> None:
        for need in needs[current]:
            if need not in found:
                visit(need)
                found[need] = pipeline.stage(need)

    visit(stage_id)
    return tuple(found.values())


def _replacement(stage: Stage, scope: Scope) -> Any:  # Any: JSON of every kind
    try:
        return render_replacement(stage, scope)
    except ExpressionError:
        return None


def _each(stage: Stage, scope: Scope, values: Sequence[Any], limit: TimeLimit) -> Iterator[StageInputItem]:
    for index, value in enumerate(values):
        try:
            given = _given(stage, with_item(scope, stage, value))
        except ExpressionError:
            if limit.is_over:
                return
            given = StageInputItem()
        yield given.model_copy(update={"item": index, "value": value})


def _given(stage: Stage, scope: Scope) -> StageInputItem:
    if stage.prompt is None:
        return StageInputItem(arguments=render_arguments(stage, scope))
    messages = render_messages(stage.prompt, scope)
    return StageInputItem(system=messages.system, user=messages.user)


def _within(items: Iterable[StageInputItem], most_characters: int) -> tuple[StageInputItem, ...]:
    shown: list[StageInputItem] = []
    left = most_characters
    for item in items:
        try:
            left -= len(item.model_dump_json(by_alias=True))
        except ValueError:  # half a character, which JSON cannot carry and no model was sent
            item = StageInputItem(item=item.item)
        if left < 0:
            break
        shown.append(item)
    return tuple(shown)


def _untold(view: ExecutionView, stage_id: str, reason: str) -> StageInput:
    if all(stage.id != stage_id for stage in view.stages):
        raise StageNotFound
    return StageInput(stage_id=stage_id, kind=None, reason=reason)
