"""The right to write one execution: taken, renewed, used, lost. Not what is written.

The log decides who holds it: its last claim (`execution:started` or `execution:resumed`) names the owner, and an append
into a slot that somebody else filled shows that this may have changed.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from contracts.envelope import StageRef
from contracts.errors import Fenced, LogUnavailable
from contracts.events import (
    ExecutionReleased,
    ExecutionResumed,
    ExecutionStarted,
    LogEvent,
)
from contracts.state import ExecutionState
from runner.known_log import KnownLog
from runner.terms import DEFAULT_TERMS, Terms
from stagecast.log import Delivery, ExecutionLog

_RETRY_FIRST_SECONDS = 0.1
_RETRY_MAX_SECONDS = 2.0
_LOST = "Another runner has taken the execution over or ended it."

log_line = structlog.get_logger()


class ClaimLost(Fenced):
    """Another runner took the execution over, or ended it. Go silent: nothing that we write counts any more."""

    code = "claim_lost"


class Claim:
    """Holds one execution for one runner.

    Attributes:
        state: the fold over everything in the log that we know of; moves on with each append.
        cancel_requested: set once somebody asked to cancel.
        finish_requested: set once somebody asked to finish.
    """

    def __init__(
        self, log: ExecutionLog, delivery: Delivery, known: KnownLog, runner: str, terms: Terms = DEFAULT_TERMS
    ) -> None:
        self.state = known.state
        self.cancel_requested = asyncio.Event()
        self.finish_requested = asyncio.Event()
        self._log = log
        self._delivery = delivery
        self._runner = runner
        self._terms = terms
        self._size = known.size
        self._confirmed_at = time.monotonic()
        self._attempt = known.state.attempt + 1
        self._writing = asyncio.Lock()
        self._is_taken = False
        self._is_lost = False

    @property
    def execution_id(self) -> str:
        """The execution that is held."""
        return self.state.execution_id

    @property
    def attempt(self) -> int:
        """Which claim of the execution this is, from 1."""
        return self._attempt

    async def take(self) -> None:
        """Write the claim into the log.

        Raises:
            ClaimLost: somebody else claimed or ended the execution first.
        """
        event = self._claim_event()  # one object: a repeated append is known by its bytes
        await self._write(lambda: event)
        self._is_taken = True

    async def append(self, event: LogEvent) -> None:
        """Store an event in the next free slot; waits for the broker as long as it takes.

        Raises:
            ClaimLost: the execution is no longer ours; the event was not stored.
            LimitReached: the log has grown as far as it may; the event was not stored.
        """
        await self._write(lambda: event, is_limited=True)

    async def append_unless(self, event: LogEvent, is_needless: Callable[[ExecutionState], bool]) -> None:
        """Do as `append`, unless the log makes the event needless by then: a cancelled append may be in it."""
        await self._write(lambda: None if is_needless(self.state) else event, is_limited=True)

    async def keep(self, event: LogEvent) -> None:
        """Store what was done and paid for already, beyond all limits: they are looked at before it is done.

        Raises:
            ClaimLost: the execution is no longer ours; the event was not stored.
        """
        await self._write(lambda: event)

    async def end(self, make: Callable[[ExecutionState], LogEvent]) -> None:
        """Store an event of the end, beyond all limits.

        Args:
            make: makes the event; asked again when the log has moved on meanwhile (a cancel came in).

        Raises:
            ClaimLost: the execution is no longer ours; the event was not stored.
        """
        await self._write(lambda: make(self.state))

    async def confirm(self) -> None:
        """Make sure that more may be done: that the execution is still ours, as far as that can be known.

        Within a lease of the last renewal nobody else can have claimed it. After a longer time (the process was frozen,
        the broker away) the log is read, for as long as it takes to get an answer.

        Raises:
            ClaimLost: it is no longer ours.
            LimitReached: the log has grown as far as it may: nothing more is to be paid for.
        """
        self._check_held()
        self._terms.check_growth(self.state.next_seq, self._size)
        while self._is_overdue:
            asked_at = time.monotonic()
            async with self._writing:
                await self._catch_up_patiently()
            if time.monotonic() - asked_at < self._terms.lease_seconds / 2:
                return  # else we were frozen in the midst of it, and the answer tells of long ago

    async def release(self, reason: str) -> None:
        """Give the execution back unfinished: say so in the log, so that the next runner need not wait for the lease.

        Raises:
            ClaimLost: it is no longer ours.
            LogUnavailable: the broker does not answer; the lease runs out instead.
        """
        async with self._writing:
            self._check_held()
            event = ExecutionReleased(
                execution_id=self.execution_id, seq=self.state.next_seq, runner=self._runner, reason=reason
            )
            try:
                await self._log.append(event)
            except Fenced:
                await self._catch_up()
                await self._log.append(event.model_copy(update={"seq": self.state.next_seq}))
            self._is_lost = True
        await self._delivery.release()

    async def renew_for_ever(self, every_seconds: float) -> None:
        """Renew the delivery now and then as often as told, until cancelled.

        After a pause longer than the lease (the process was frozen), the log is read first: renewing would extend
        the claim of whoever took over.

        Raises:
            ClaimLost: the log shows another owner.
        """
        while True:
            try:
                if self._is_overdue:
                    await self.catch_up()
                self._check_held()
                asked_at = time.monotonic()
                await self._delivery.renew()
                self._confirmed_at = asked_at
            except LogUnavailable as error:
                log_line.warning("claim not renewed", execution_id=self.execution_id, reason=error.message)
            await asyncio.sleep(every_seconds)

    async def catch_up(self) -> None:
        """Read what others wrote.

        Raises:
            ClaimLost: the log shows another owner, or the end.
            LogUnavailable: the broker does not answer.
        """
        async with self._writing:
            await self._catch_up()

    async def _write(self, make: Callable[[], LogEvent | None], *, is_limited: bool = False) -> None:
        delay = _RETRY_FIRST_SECONDS
        async with self._writing:
            while True:
                # Whoever waited for the lock while the claim was lost would find a free slot behind the new owner's.
                self._check_held()
                if self.state.is_ended:
                    raise ClaimLost(_LOST)  # a task that a function left behind has something to tell
                if is_limited:
                    self._terms.check_growth(self.state.next_seq, self._size)
                event = make()
                if event is None:
                    return
                if event.seq != self.state.next_seq:  # it was numbered before others came in
                    event = event.model_copy(update={"seq": self.state.next_seq})
                try:
                    self._size += await self._log.append(event)
                    self.state.apply(event)
                    return
                except Fenced:
                    await self._catch_up_patiently()
                except LogUnavailable as error:
                    log_line.warning("append waits for the broker", execution_id=self.execution_id, reason=str(error))
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, _RETRY_MAX_SECONDS)

    async def _catch_up_patiently(self) -> None:
        while True:
            with suppress(LogUnavailable):
                return await self._catch_up()
            await asyncio.sleep(_RETRY_MAX_SECONDS)

    def _claim_event(self) -> LogEvent:
        if self._attempt > 1:
            return ExecutionResumed(
                execution_id=self.execution_id, seq=self.state.next_seq, attempt=self._attempt, runner=self._runner
            )
        pipeline = self.state.pipeline
        stages = tuple(StageRef(id=stage.id, name=stage.title) for stage in pipeline.stages)
        return ExecutionStarted(
            execution_id=self.execution_id,
            seq=self.state.next_seq,
            pipeline_id=pipeline.id,
            pipeline_name=pipeline.name,
            pipeline_version=pipeline.version,
            stages=stages,
            total=len(stages),
            runner=self._runner,
        )

    @property
    def _is_overdue(self) -> bool:
        return time.monotonic() - self._confirmed_at > self._terms.lease_seconds

    def _check_held(self) -> None:
        if self._is_lost:
            raise ClaimLost(_LOST)

    async def _catch_up(self) -> None:
        self._check_held()
        # A write of our own whose answer was cut off by a cancellation is found here too, and simply applied.
        for entry in await self._log.read(self.execution_id, after=self.state.next_seq - 1):
            self.state.apply(entry.stored_event())
            self._size += len(entry.data)
        if self.state.is_cancel_requested:
            self.cancel_requested.set()
        if self.state.is_finish_requested:
            self.finish_requested.set()
        # Before it is taken, a claim of this number is not this one, though it may be by the same runner.
        ours = self._attempt if self._is_taken else self._attempt - 1
        if self.state.attempt > ours or self.state.is_ended:
            self._is_lost = True
            raise ClaimLost(_LOST)
