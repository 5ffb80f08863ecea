"""Asks for the end of an execution by appending `execution:cancel_requested`. Who obeys is a runner."""

import time

import structlog

from contracts.errors import Fenced, LogUnavailable
from contracts.events import ExecutionCancelRequested
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
    state = await read_state_or_end(log, execution_id)
    if not isinstance(state, ExecutionState):
        check_execution(principal, state.owner)
        return False
    check_execution(principal, state.queued.owner)
    give_up_at = time.monotonic() + _MAX_SECONDS
    while time.monotonic() < give_up_at:
        if state.is_ended or state.ending is not None:  # decided; only the telling is left
            return False
        if state.is_cancel_requested:
            return True
        try:
            await log.append(ExecutionCancelRequested(execution_id=execution_id, seq=state.next_seq))
        except Fenced:
            # Only what is new: a runner that writes event upon event would be ahead of a longer read each time.
            for entry in await log.read(execution_id, after=state.next_seq - 1):
                state.apply(entry.stored_event())
        else:
            _log.info("cancel requested", execution_id=execution_id)
            return True
    raise LogUnavailable("The execution is changing too fast to be cancelled; try again.")
