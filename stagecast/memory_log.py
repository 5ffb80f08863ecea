"""The execution log in memory: for tests, and for plugin authors who want to run a pipeline without a broker.

It keeps the promises of `stagecast.log` within one process and forgets everything with it.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from contracts.errors import Fenced
from contracts.events import (
    LIFECYCLE_TYPES,
    ExecutionCompleted,
    ExecutionQueued,
    LogEvent,
    StageOutput,
    encode,
    wire_name,
)
from contracts.ids import check_execution_id
from stagecast.log import Delivery, Entry, ExecutionPage, Watch, Wish
from stagecast.memory_listing import list_in_memory
from stagecast.memory_watch import MemoryLifecycle, MemoryWatch
from stagecast.retention import Ended
from stagecast.selection import EVERYTHING, Selection

AnyItem = TypeVar("AnyItem")


@dataclass
class _Submission:
    """One entry of the work queue. `free_at` is when it may be delivered (again), by the log's clock."""

    execution_id: str
    free_at: float
    was_delivered: bool = False


@dataclass
class _Record:
    """One execution: its place in the order of submission, its entries, and the objects they were made from."""

    number: int
    entries: list[Entry] = field(default_factory=list[Entry])
    events: list[LogEvent] = field(default_factory=list[LogEvent])


class MemoryDelivery:
    """One submission, held for `ack_wait_seconds`."""

    def __init__(self, log: "MemoryLog", submission: _Submission, queued: Entry | None) -> None:
        self._log = log
        self._submission = submission
        self._queued = queued

    @property
    def execution_id(self) -> str:
        """Which execution."""
        return self._submission.execution_id

    @property
    def queued(self) -> Entry | None:
        """Its event 0, where this is the first delivery."""
        return self._queued

    async def renew(self) -> None:
        """Hold it for another `ack_wait`."""
        self._log.hold(self._submission, self._log.ack_wait_seconds)

    async def ack(self) -> None:
        """Take it off the queue."""
        self._log.drop(self._submission)

    async def release(self, delay_seconds: float = 0.0) -> None:
        """Give it back after the delay."""
        self._log.hold(self._submission, delay_seconds)


class MemoryLog:
    """An `ExecutionLog` in one process.

    Args:
        ack_wait_seconds: how long a delivery is held without being renewed.
        clock: seconds, going up; the process's own unless a test drives it.
    """

    def __init__(self, *, ack_wait_seconds: float = 20.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.ack_wait_seconds = ack_wait_seconds
        self._clock = clock
        self._numbers = itertools.count(1)
        self._places = itertools.count(1)
        self._records: dict[str, _Record] = {}
        self._ends: list[Ended] = []
        self._remembered: dict[str, bytes] = {}
        self._queue: list[_Submission] = []
        self._queue_changed = asyncio.Event()
        self._watches: dict[str, list[MemoryWatch]] = {}
        self._wish_watches: dict[str, list[MemoryWatch]] = {}
        self._lifecycles: list[MemoryLifecycle] = []

    async def open(self) -> None:
        """Do nothing: there is nothing to make."""

    async def close(self) -> None:
        """End all watches."""
        for watch in list(itertools.chain(*self._wish_watches.values(), *self._watches.values())):
            await watch.close()

    async def append(self, event: LogEvent) -> int:
        """See `ExecutionLog.append`."""
        if event.seq < 0:
            raise ValueError("an event needs its number before it is appended")
        execution_id = check_execution_id(event.execution_id)
        record = self._records.get(execution_id) or _Record(next(self._numbers))
        if event.seq < len(record.events):
            if record.events[event.seq] is event:
                return len(record.entries[event.seq].data)
            raise Fenced(f"Event {event.seq} of {execution_id} was written by somebody else.")
        if event.seq > len(record.events):
            raise ValueError(f"event {event.seq} would leave a hole after {len(record.events) - 1}")
        entry = Entry(execution_id, event.type, event.seq, encode(event))
        self._records[execution_id] = record
        record.events.append(event)
        record.entries.append(entry)
        if isinstance(event, ExecutionQueued):
            self._queue.append(_Submission(execution_id, self._clock()))
            self._queue_changed.set()
        if isinstance(event, ExecutionCompleted):
            self._ends.append(Ended(execution_id, event.at, next(self._places)))
        self._publish(entry)
        return len(entry.data)

    async def read(self, execution_id: str, *, after: int = -1, limit: int | None = None) -> list[Entry]:
        """See `ExecutionLog.read`."""
        record = self._records.get(check_execution_id(execution_id))
        return [] if record is None else record.entries[after + 1 :][:limit]

    async def list_executions(
        self, *, limit: int, before: str | None = None, selection: Selection = EVERYTHING
    ) -> ExecutionPage:
        """See `ExecutionLog.list_executions`."""
        executions = ((record.number, record.events) for record in self._records.values())
        return list_in_memory(executions, limit=limit, before=before, selection=selection)

    async def publish_text(self, event: StageOutput) -> None:
        """See `ExecutionLog.publish_text`."""
        self._publish(Entry(event.execution_id, event.type, None, encode(event)))

    async def watch(self, execution_id: str, deliver: Callable[[Entry], Awaitable[None]]) -> Watch:
        """See `ExecutionLog.watch`."""
        watches = self._watches.setdefault(check_execution_id(execution_id), [])
        watch = MemoryWatch(deliver, partial(_remove, watches))
        watches.append(watch)
        return watch

    async def watch_lifecycle(self, deliver: Callable[[Entry | None], None]) -> Watch:
        """See `ExecutionLog.watch_lifecycle`."""
        return MemoryLifecycle(deliver, self._lifecycles)

    async def watch_requests(self, wish: Wish, deliver: Callable[[str], Awaitable[None]]) -> Watch:
        """See `ExecutionLog.watch_requests`."""

        async def deliver_id(entry: Entry) -> None:
            await deliver(entry.execution_id)

        watches = self._wish_watches.setdefault(wire_name(wish), [])
        watch = MemoryWatch(deliver_id, partial(_remove, watches))
        watches.append(watch)
        return watch

    async def queue_depth(self) -> int:
        """See `ExecutionLog.queue_depth`."""
        return sum(not submission.was_delivered for submission in self._queue)

    async def recall(self, key: str) -> bytes | None:
        """See `ExecutionLog.recall`."""
        return self._remembered.get(key)

    async def remember_first(self, key: str, value: bytes) -> bytes:
        """See `ExecutionLog.remember_first`; here it is never forgotten."""
        return self._remembered.setdefault(key, value)

    async def purge(self, execution_id: str) -> None:
        """See `ExecutionLog.purge`."""
        self._records.pop(check_execution_id(execution_id), None)
        self._ends = [ended for ended in self._ends if ended.execution_id != execution_id]
        self._queue = [submission for submission in self._queue if submission.execution_id != execution_id]

    async def next_end(self, after: int) -> Ended | None:
        """See `RetainedLog.next_end`."""
        return next((ended for ended in self._ends if ended.place > after), None)

    async def purge_left_over(self, before: datetime) -> int:
        """See `RetainedLog.purge_left_over`; here nothing is ever left over."""
        return 0

    async def next_delivery(self, *, timeout_seconds: float) -> Delivery | None:
        """See `ExecutionLog.next_delivery`."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while True:
                    now = self._clock()
                    for submission in self._queue:
                        if submission.free_at <= now:
                            return self._deliver(submission, now)
                    await self._wait_for_change(now)
        except TimeoutError:
            return None

    async def ping(self) -> None:
        """Return."""

    def _deliver(self, submission: _Submission, now: float) -> MemoryDelivery:
        is_first, submission.was_delivered = not submission.was_delivered, True
        submission.free_at = now + self.ack_wait_seconds
        return MemoryDelivery(self, submission, self._records[submission.execution_id].entries[0] if is_first else None)

    def hold(self, submission: _Submission, seconds: float) -> None:
        """Keep a submission from being delivered for this long."""
        submission.free_at = self._clock() + seconds
        self._queue_changed.set()

    def drop(self, submission: _Submission) -> None:
        """Take a submission off the queue."""
        _remove(self._queue, submission)

    async def _wait_for_change(self, now: float) -> None:
        self._queue_changed.clear()
        next_free = min((submission.free_at for submission in self._queue), default=None)
        try:
            async with asyncio.timeout(None if next_free is None else next_free - now):
                await self._queue_changed.wait()
        except TimeoutError:
            return

    def _publish(self, entry: Entry) -> None:
        for watch in self._watches.get(entry.execution_id, ()):
            watch.put(entry)
        if entry.type in LIFECYCLE_TYPES:
            for lifecycle in tuple(self._lifecycles):
                lifecycle.put(entry)
        for watch in self._wish_watches.get(entry.type, []):
            watch.put(entry)


def _remove(items: list[AnyItem], item: AnyItem) -> None:
    if item in items:
        items.remove(item)
