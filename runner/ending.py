"""How an execution ends in the log: result saved first, terminal event second, exactly one of it.

The engine decides what the result is; here it is only overruled by a cancel that came before the terminal event.
"""

import asyncio
from typing import Protocol

import structlog
from pydantic import ValidationError

from contracts.errors import StagecastError
from contracts.events import ExecutionCompleted, ExecutionQueued
from contracts.results import PipelineResult
from contracts.state import ExecutionState
from runner.claim import Claim, read_state
from runner.result import result_of_state, result_of_unreadable
from stagecast.log import ExecutionLog

_SAVE_ATTEMPTS = 6
_SAVE_FIRST_DELAY_SECONDS = 0.5  # doubles each time: about 15 seconds in all

log_line = structlog.get_logger()


class ResultStore(Protocol):
    """Where results go."""

    async def save(self, result: PipelineResult) -> str:
        """Save atomically and return the file's name."""
        ...


class _CancelSlippedInError(Exception):
    """The terminal event of another status was about to be stored when a cancel request took its slot."""


class Ending:
    """Ends executions: the one place that stores a terminal event."""

    def __init__(self, log: ExecutionLog, results: ResultStore) -> None:
        self._log = log
        self._results = results

    async def end(self, claim: Claim, result: PipelineResult) -> None:
        """End an execution that we hold.

        A run that was cancelled never ends as anything else: when a cancel request is in the log by the time the
        terminal event is stored, the result becomes a cancelled one.

        Raises:
            ClaimLost: it is no longer ours; no terminal event of ours was stored.
        """
        while True:
            if claim.state.is_cancel_requested and result.status != "cancelled":
                result = result_of_state(claim.state, "cancelled")
            filename = await self._save(result)
            try:
                await claim.end(_Terminal(result, filename))
            except _CancelSlippedInError:
                continue
            log_line.info("ended", status=result.status, filename=filename, cost=result.summary.total_cost)
            return

    async def end_unclaimed(self, execution_id: str) -> None:
        """End an execution as cancelled that was asked to and that no runner has claimed yet; otherwise do nothing.

        Several runners may try at once: what they write is the same, and the slot is written once.
        """
        state = await read_state(self._log, execution_id)
        if state is None or state.is_ended or state.attempt > 0 or not state.is_cancel_requested:
            return
        result = result_of_state(state, "cancelled")
        filename = await self._save(result)
        await self._log.append(
            ExecutionCompleted(execution_id=execution_id, seq=state.next_seq, result=result, filename=filename)
        )

    async def end_unreadable(self, execution_id: str, error: Exception) -> None:
        """End an execution whose log cannot be folded, as failed, so that it is not delivered for ever.

        Raises:
            Fenced: somebody else wrote into it meanwhile.
        """
        entries = await self._log.read(execution_id)
        log_line.error("the log cannot be read", execution_id=execution_id, reason=str(error))
        if not entries or entries[-1].type == "execution:completed":
            return
        try:
            first = entries[0].stored_event()
        except ValidationError:
            return  # not even event 0 is known to this version: a newer runner may have it
        if not isinstance(first, ExecutionQueued):
            return
        result = result_of_unreadable(first, error)
        filename = await self._save(result)
        await self._log.append(
            ExecutionCompleted(execution_id=execution_id, seq=len(entries), result=result, filename=filename)
        )

    async def _save(self, result: PipelineResult) -> str | None:
        delay = _SAVE_FIRST_DELAY_SECONDS
        for attempt in range(1, _SAVE_ATTEMPTS + 1):
            try:
                return await self._results.save(result)
            except StagecastError as error:
                log_line.warning("result not saved", attempt=attempt, reason=error.message)
                if attempt < _SAVE_ATTEMPTS:
                    await asyncio.sleep(delay)
                    delay *= 2
        # The terminal event carries the result all the same, so it can be read as long as the log keeps it.
        log_line.error("result given up: it is in the log only", execution_id=result.execution_id)
        return None


class _Terminal:
    """The terminal event, unless a cancel request is before it. One object: a repeated append is known by its bytes."""

    def __init__(self, result: PipelineResult, filename: str | None) -> None:
        self._event = ExecutionCompleted(execution_id=result.execution_id, result=result, filename=filename)

    def __call__(self, state: ExecutionState) -> ExecutionCompleted:
        """Return the event, or raise `_CancelSlippedInError`."""
        if state.is_cancel_requested and self._event.result.status != "cancelled":
            raise _CancelSlippedInError
        return self._event
