"""How long ended executions stay in the log. An execution that has not ended stays, however old it is.

A stream's own age limit cannot do this: it would cut off the beginning of an execution that waited for long. So
whoever runs a `Retention` walks the ends from the log's beginning and purges one execution after the other, up to the
first end that is young enough. Several may sweep at once: what one has removed is gone for the other, too.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from contracts.envelope import utc_now
from contracts.errors import LogUnavailable

# An execution's payloads are stored before its first event. A submission may begin as long as its idempotency key is
# known after its id was made; this much later nobody is about to store the event that belongs to a payload.
_SUBMISSION_HOURS = 1.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution that has ended.

    Attributes:
        at: when its end was stored.
        place: where that is in the order of all events.
    """

    execution_id: str
    at: datetime
    place: int


class RetainedLog(Protocol):
    """What retention needs of a log. Every method raises `LogUnavailable` when the broker does not answer."""

    async def next_end(self, after: int) -> Ended | None:
        """Return the first end behind a place in the log, 0 for its beginning; None when there is none."""
        ...

    async def purge(self, execution_id: str) -> None:
        """See `ExecutionLog.purge`."""
        ...

    async def purge_left_over(self, before: datetime) -> int:
        """Remove what is kept for executions that are not in the log, submitted before a moment; return of how many."""
        ...


class Retention:
    """Removes what has ended long ago.

    Args:
        log: what is cleaned.
        retention_hours: how long an ended execution stays.
        idempotency_hours: how long a submission may be repeated under its key.
        now: the clock (UTC).
    """

    def __init__(
        self,
        log: RetainedLog,
        *,
        retention_hours: float,
        idempotency_hours: float,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._log = log
        # What was removed could be submitted anew under its key, and would be paid for twice.
        self._keep = timedelta(hours=max(retention_hours, idempotency_hours))
        self._repeatable = timedelta(hours=idempotency_hours + _SUBMISSION_HOURS)
        self._now = now

    async def sweep(self) -> int:
        """Purge every execution that ended longer ago than the retention; return how many.

        Raises:
            LogUnavailable: the broker does not answer; what is left is for the next sweep.
        """
        before = self._now() - self._keep
        purged, place = 0, 0
        while (ended := await self._log.next_end(place)) is not None and ended.at < before:
            await self._log.purge(ended.execution_id)
            purged, place = purged + 1, ended.place
        left_over = await self._log.purge_left_over(self._now() - self._repeatable)
        if purged or left_over:
            _log.info("retention", executions=purged, left_over=left_over)
        return purged

    async def run_for_ever(self, every_seconds: float) -> None:
        """Sweep until cancelled, at a moment of chance within each period, so that runners do not all do it at once."""
        while True:
            moment = random.uniform(0, every_seconds)  # noqa: S311  nothing to guess
            await asyncio.sleep(moment)
            try:
                await self.sweep()
            except LogUnavailable as error:
                _log.warning("retention waits for the next sweep", reason=error.message)
            await asyncio.sleep(every_seconds - moment)
