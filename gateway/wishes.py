"""Asks for an early end of an execution by appending a wish: to cancel it, or to finish it. Who obeys is a runner."""

import time
from collections.abc import Callable

import structlog

from contracts.errors import Fenced, LogUnavailable
from contracts.events import ExecutionCancelRequested, ExecutionFinishRequested
from contracts.state import ExecutionState
from gateway.inspection import read_state_or_end
from gateway.ownership import check_execution
from gateway.principal import EVERYBODY, Principal
from stagecast.log import ExecutionLog

_MAX_SECONDS = 5.0  # of losing the next slot to the runner; it has to pause only once

_log = structlog.get_logger()


async def request_cancel(log: ExecutionLog, execution_id: str, principal: Principal = EVERYBODY) -> bool:
    """Ask to cancel, once; return whether there is something to cancel. Asking again stores nothing new.

    Once it is decided how an execution ends there is nothing to cancel, although its terminal event may be to come.

    Raises:
        ExecutionNotFound: the log does not have it, or it is not theirs.
        LogUnavailable: the broker does not answer, or the log did not hold still.
        CorruptLog: the events contradict each other, and none of them is the end.
    """

    def next_step(state: ExecutionState) -> bool | ExecutionCancelRequested:
        if state.is_cancel_requested:
            return True
        return ExecutionCancelRequested(execution_id=execution_id, seq=state.next_seq)

    return await _wish(log, execution_id, principal, next_step)


async def request_finish(log: ExecutionLog, execution_id: str, principal: Principal = EVERYBODY) -> bool:
    """Ask to finish, once: to stop here and keep the best. Return whether there is something to finish.

    There is not once it is decided how the execution ends, and not where somebody has asked to cancel it.

    Raises:
        ExecutionNotFound, LogUnavailable, CorruptLog: as for `request_cancel`.
    """

    def next_step(state: ExecutionState) -> bool | ExecutionFinishRequested:
        if state.is_cancel_requested or state.is_finish_requested:
            return not state.is_cancel_requested
        return ExecutionFinishRequested(execution_id=execution_id, seq=state.next_seq)

    return await _wish(log, execution_id, principal, next_step)


async def _wish(
    log: ExecutionLog,
    execution_id: str,
    principal: Principal,
    next_step: Callable[[ExecutionState], bool | ExecutionCancelRequested | ExecutionFinishRequested],
) -> bool:
    """Append what `next_step` makes of the state; where it makes nothing, that is the answer."""
    state = await read_state_or_end(log, execution_id)
    if not isinstance(state, ExecutionState):
        check_execution(principal, state.owner)
        return False
    check_execution(principal, state.queued.owner)
    give_up_at = time.monotonic() + _MAX_SECONDS
    while time.monotonic() < give_up_at:
        if state.is_ended or state.ending is not None:  # decided; only the telling is left
            return False
        step = next_step(state)
        if isinstance(step, bool):
            return step
        try:
            await log.append(step)
        except Fenced:
            # Only what is new: a runner that writes event upon event would be ahead of a longer read each time.
            for entry in await log.read(execution_id, after=state.next_seq - 1):
                state.apply(entry.stored_event())
        else:
            _log.info("early end requested", execution_id=execution_id, wish=step.type)
            return True
    raise LogUnavailable("The execution is changing too fast to be stopped; try again.")
