"""The list of executions of a log in memory. That of a log on a broker is `stagecast.listing`."""

import re
from collections.abc import Iterable, Sequence

from contracts.errors import InvalidInput
from contracts.events import LogEvent
from contracts.requests import ExecutionListing, ExecutionView
from contracts.state import ExecutionState, fold
from stagecast.log import ExecutionPage
from stagecast.selection import Selection, searched_text

_CURSOR = re.compile(r"[1-9][0-9]{0,18}")


def list_in_memory(
    executions: Iterable[tuple[int, Sequence[LogEvent]]], *, limit: int, before: str | None, selection: Selection
) -> ExecutionPage:
    """Return a page as `ExecutionLog.list_executions` promises; all are looked at, which costs nothing here.

    Args:
        executions: each with its number, from 1, in order of submission, and its events.
        limit: how many rows, at least 1.
        before: the number of the last row of an earlier page.
        selection: which ones.

    Raises:
        InvalidInput: `before` did not come from an earlier page.
    """
    if before is not None and _CURSOR.fullmatch(before) is None:
        raise InvalidInput("`before` must be taken from an earlier page.")
    wanted = [
        (number, state)
        for number, events in executions
        if (before is None or number < int(before)) and _is_wanted(state := _state_of(events), selection)
    ]
    shown = wanted[-max(limit, 1) :]
    return ExecutionPage(
        [_row_of(state) for _, state in shown[::-1]], None if len(shown) == len(wanted) else str(shown[0][0])
    )


def _state_of(events: Sequence[LogEvent]) -> ExecutionState:
    state = fold(events)
    if state is None:
        raise AssertionError("an execution without events")
    return state


def _is_wanted(state: ExecutionState, selection: Selection) -> bool:
    queued = state.queued

    def searched() -> bytes:
        error = state.result.error if state.result is not None else None
        return searched_text(queued.input, queued.pipeline_id, state.execution_id, error)

    return selection.admits(queued.pipeline_id, queued.owner, state.status, searched)


def _row_of(state: ExecutionState) -> ExecutionListing:
    view = ExecutionView.of(state)
    return ExecutionListing.model_validate(view.model_dump(include=set(ExecutionListing.model_fields)))
