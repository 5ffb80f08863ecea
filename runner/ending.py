"""How an execution ends in the log: decided first, then saved, then told. Exactly one of each.

The engine says what the result is; here it is only overruled by a cancel that came before the decision. The decision
is an event like all others, so a runner that lost its claim can neither decide nor save: what is saved is always what
the log says, whoever saves it and however often.
"""

import asyncio
from typing import Protocol

import structlog
from pydantic import ValidationError

from contracts.errors import StagecastError
from contracts.events import ExecutionCompleted, ExecutionQueued
from contracts.journal import ExecutionEnding
from contracts.results import PipelineResult
from contracts.state import ExecutionState
from runner.claim import Claim
from runner.known_log import read_known
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


class Ending:
    """Ends executions: the one place that decides how, and stores a terminal event."""

    def __init__(self, log: ExecutionLog, results: ResultStore) -> None:
        self._log = log
        self._results = results

    async def end(self, claim: Claim, result: PipelineResult) -> None:
        """End an execution that we hold.

        A run that was cancelled never ends as anything else: when a cancel request is in the log by the time the end
        is decided, the result becomes a cancelled one.

        Raises:
            ClaimLost: it is no longer ours; nothing of ours was stored.
        """
        await claim.end(_Decision(result, claim.state.next_seq))
        await self.complete(claim)

    async def complete(self, claim: Claim) -> None:
        """Save and tell what is decided already.

        Raises:
            ClaimLost: it is no longer ours. Whoever has it completes it.
        """
        result = claim.state.ending
        if result is None:
            raise AssertionError("nothing is decided yet")
        filename = await self._save(result)
        seq = claim.state.next_seq
        event = ExecutionCompleted(execution_id=result.execution_id, seq=seq, result=result, filename=filename)
        await claim.end(lambda _: event)
        log_line.info("ended", status=result.status, filename=filename, cost=result.summary.total_cost)

    async def end_unclaimed(self, execution_id: str) -> None:
        """End an execution as cancelled that was asked to and that no runner has claimed yet; otherwise do nothing.

        Several runners may try at once: one of them decides. Should it be lost then, the submission is still in the
        queue, and whoever claims it completes the end.

        Raises:
            Fenced: somebody else was faster, or has claimed it meanwhile.
        """
        known = await read_known(self._log, execution_id)
        if known is None or known.state.attempt > 0 or not known.state.is_cancel_requested:
            return
        seq = known.state.next_seq
        if known.state.is_ended or known.state.ending is not None:
            return
        result = result_of_state(known.state, "cancelled")
        await self._log.append(ExecutionEnding(execution_id=execution_id, seq=seq, result=result))
        filename = await self._save(result)
        await self._log.append(
            ExecutionCompleted(execution_id=execution_id, seq=seq + 1, result=result, filename=filename)
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


class _Decision:
    """How it ends, as an event. One object for each outcome: a repeated append is known by its bytes."""

    def __init__(self, result: PipelineResult, seq: int) -> None:
        self._event = ExecutionEnding(execution_id=result.execution_id, seq=seq, result=result)

    def __call__(self, state: ExecutionState) -> ExecutionEnding:
        """Return the event: what was to be, unless a cancel request is before it."""
        if state.is_cancel_requested and self._event.result.status != "cancelled":
            self._event = ExecutionEnding(execution_id=state.execution_id, result=result_of_state(state, "cancelled"))
        return self._event
