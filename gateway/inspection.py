"""Where an execution stands: its log folded, or, where that fails, what its first and its terminal event tell.

A log that cannot be folded was written by a version with a fault; how it ended is stored and true all the same.
"""

from collections.abc import Mapping, Sequence

import structlog
from pydantic import ValidationError

from contracts.errors import CorruptLog, ExecutionNotFound
from contracts.events import ExecutionCompleted, ExecutionQueued
from contracts.pipeline import Pipeline
from contracts.requests import ExecutionView, StageView, StageViewStatus
from contracts.results import PipelineResult, StageResult, StageStatus, excerpt_of
from contracts.state import ExecutionState, fold
from gateway.archive import Archive
from gateway.standing import TERMINAL
from stagecast.log import Entry, ExecutionLog

_STAGE_STATUSES: dict[StageStatus, StageViewStatus] = {
    "success": "completed",
    "skipped": "skipped",
    "failed": "failed",
    "cancelled": "cancelled",
}

_log = structlog.get_logger()


async def read_view(log: ExecutionLog, execution_id: str, archive: Archive | None = None) -> ExecutionView:
    """Read where an execution stands; where its events are not kept any more, how its saved result says it ended.

    Raises:
        ExecutionNotFound: neither the log nor the archive has it.
        LogUnavailable: the broker does not answer.
        OutputUnreadable: the log does not have it, and what was saved is no result.
        OutputsUnavailable: the archive's storage does not answer.
        CorruptLog: the events contradict each other, and none of them is the end.
    """
    try:
        state = await read_state_or_end(log, execution_id)
    except ExecutionNotFound:
        end = None if archive is None else await archive.find_end(execution_id)
        if end is None:
            raise
        return view_of_end(end)
    return ExecutionView.of(state) if isinstance(state, ExecutionState) else state


async def read_state(log: ExecutionLog, execution_id: str) -> ExecutionState:
    """Fold an execution's log.

    Raises:
        ExecutionNotFound: the log does not have it.
        LogUnavailable: the broker does not answer.
        CorruptLog: the events contradict each other.
    """
    return _fold(await log.read(execution_id))


async def read_state_or_end(log: ExecutionLog, execution_id: str) -> ExecutionState | ExecutionView:
    """Fold an execution's log; where that fails, return the view of how it ended.

    Raises:
        ExecutionNotFound: the log does not have it.
        LogUnavailable: the broker does not answer.
        CorruptLog: the events contradict each other, and none of them is the end.
    """
    entries = await log.read(execution_id)
    if not entries:
        raise ExecutionNotFound
    try:
        return _fold(entries)
    except CorruptLog as error:
        view = _view_of_end(entries)
        if view is None:
            raise
        _log.warning("log cannot be folded; its end is shown", execution_id=execution_id, reason=error.message)
        return view


def _fold(entries: Sequence[Entry]) -> ExecutionState:
    try:
        state = fold(entry.stored_event() for entry in entries)
    except ValidationError as error:
        raise CorruptLog(f"an event is not one of this version: {error.error_count()} faults") from error
    if state is None:
        raise ExecutionNotFound
    return state


def _view_of_end(entries: Sequence[Entry]) -> ExecutionView | None:
    """Make the view from event 0 and the first terminal event, which is the one that subscribers got."""
    end = next((entry for entry in entries if entry.type == TERMINAL), None)
    if end is None:
        return None
    try:
        queued, completed = entries[0].stored_event(), end.stored_event()
    except ValidationError:
        return None
    if not isinstance(queued, ExecutionQueued) or not isinstance(completed, ExecutionCompleted):
        return None
    view = view_of_end(completed, _names_of_stages(queued))
    return view.model_copy(update={"queued_at": queued.at, "last_seq": completed.seq})


def view_of_end(completed: ExecutionCompleted, names: Mapping[str, str] | None = None) -> ExecutionView:
    """Make the view of an execution of which no more is known than how it ended.

    Args:
        completed: its end.
        names: the names of all its stages by id, where they are known; else those of which its result tells.
    """
    result = completed.result
    return ExecutionView(
        id=completed.execution_id,
        pipeline_id=result.pipeline_id,
        status=result.status,
        queued_at=result.timestamp,
        ended_at=completed.at,
        filename=completed.filename,
        owner=result.owner,
        excerpt=excerpt_of(result.input.prompt),
        last_seq=completed.seq,
        rerun_of=result.rerun_of,
        stages=_stage_views(names, result),
        result=result,
    )


def _names_of_stages(queued: ExecutionQueued) -> dict[str, str] | None:
    try:
        return {stage.id: stage.title for stage in Pipeline.model_validate(queued.pipeline).stages}
    except ValidationError:
        return None


def _stage_views(names: Mapping[str, str] | None, result: PipelineResult) -> tuple[StageView, ...]:
    rows = {stage.stage_id: stage for stage in result.stages}
    if names is None:
        names = {row.stage_id: row.stage_name for row in result.stages}
    return tuple(_stage_view(index, id, name, rows.get(id)) for index, (id, name) in enumerate(names.items()))


def _stage_view(index: int, stage_id: str, name: str, row: StageResult | None) -> StageView:
    if row is None:
        return StageView(id=stage_id, name=name, index=index, status="not_run")
    return StageView(
        id=stage_id,
        name=name,
        index=index,
        status=_STAGE_STATUSES[row.status],
        cost=row.cost,
        duration=row.duration,
        model=row.model,
        reason=row.reason,
        error=row.error,
        reused_from=row.reused_from,
    )
