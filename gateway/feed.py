"""One execution's events as this gateway hears them: in order, each once, without holes, for all who listen here.

The broker sees one subscription however many listen. A number that is missing, a silence, a broken connection all lead
to the same place: the log is read again, once for everybody. What one subscriber has had is `gateway.subscription`.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import structlog

from contracts.errors import CorruptLog, ExecutionNotFound, LogUnavailable, StagecastError
from gateway.standing import Standing
from stagecast.log import Entry, ExecutionLog, Watch

READ_LIMIT = 1024
"""Events that one read of the log brings: what the broker answers to one request."""

PAGE = 256
"""Events that are handed at once to a subscriber that comes late or has fallen behind."""

_KEPT_BYTES = 1024 * 1024  # of the newest events, for those who come or fall behind; shared by all who listen

_LOOK_AGAIN_SECONDS = 0.02  # an event was heard that a replica which lags does not have yet
_LOOKS = 250  # for it; five seconds

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """How long feeds wait.

    Attributes:
        silence_seconds: after this long without an event the log is read again.
        retry_seconds: the wait before a read that failed is tried again.
    """

    silence_seconds: float = 15.0
    retry_seconds: float = 1.0


class Listener(Protocol):
    """Who hears a feed. Neither method may wait or raise."""

    def hear(self, entry: Entry) -> None:
        """Take the next event, or live text that has its place just here."""
        ...

    def fail(self, error: StagecastError) -> None:
        """Learn that nothing more will come, because the log cannot be understood."""
        ...


class Feed:
    """The feed of one execution; `open` it once, then any number may listen.

    Attributes:
        listeners: who hears it; a dict for its order.
        last: number of the newest event that is known, -1 before there is any.
        standing: where the execution stands after it.
        failure: why nothing more comes, if the log cannot be understood.
    """

    def __init__(self, log: ExecutionLog, execution_id: str, options: FeedOptions) -> None:
        self.execution_id = execution_id
        self.listeners: dict[Listener, None] = {}
        self.last = -1
        self.standing = Standing()
        self.failure: StagecastError | None = None
        self._log = log
        self._options = options
        self._first: Entry | None = None
        self._kept: deque[Entry] = deque()
        self._kept_bytes = 0
        self._heard_up_to = -1
        self._is_doubtful = False
        self._is_open = False
        self._is_closed = False
        self._recovering: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._is_silent = False
        self._reads: dict[int, asyncio.Task[list[Entry]]] = {}
        self.opening: asyncio.Task[Watch] = asyncio.create_task(self._open())

    @property
    def first(self) -> Entry:
        """Event 0."""
        if self._first is None:
            raise AssertionError("a feed is used after it was opened")
        return self._first

    def kept_after(self, seq: int) -> Sequence[Entry] | None:
        """Return the next events after number `seq`, as many as a page has; None where they are not kept here."""
        if seq >= self.last:
            return ()
        start = seq + 1 - (self.last + 1 - len(self._kept))
        return tuple(islice(self._kept, start, start + PAGE)) if start >= 0 else None

    async def page_after(self, seq: int) -> Sequence[Entry]:
        """Return the same, from the log where they are not kept; rides out a broker that is away.

        Who reads the same at the same time shares one read.

        Raises:
            CorruptLog: the log has a hole, or does not have the execution any more.
        """
        if (kept := self.kept_after(seq)) is not None:
            return kept
        while True:
            task = self._reads.get(seq)
            if task is None:
                task = self._reads[seq] = asyncio.create_task(self._log.read(self.execution_id, after=seq, limit=PAGE))
                task.add_done_callback(lambda done: self._forget_read(seq, done))
            try:
                page = await asyncio.shield(task)
            except LogUnavailable:
                await asyncio.sleep(self._options.retry_seconds)
                continue
            if not page and self.failure is None:
                # Removed by retention, after it was promised here: who asks again is told from the saved result.
                self.failure = CorruptLog(f"The events of {self.execution_id} have left the log.")
            if self.failure is not None:
                raise self.failure
            return page

    def doubt(self) -> None:
        """Say that events may have been missed: the connection was interrupted."""
        self._is_doubtful = True
        self._recover()

    async def refresh(self) -> None:
        """Return when all is known that the log has now."""
        self.doubt()
        if self._recovering is not None:
            await asyncio.wait({self._recovering})

    async def close(self) -> None:
        """End the watch, also one that is still being opened; opening it may have failed."""
        self._is_closed = True
        await asyncio.wait({self.opening})
        if self._alarm is not None:
            self._alarm.cancel()
        if self._recovering is not None:
            self._recovering.cancel()
            await asyncio.wait({self._recovering})
        if not self.opening.cancelled() and self.opening.exception() is None:
            await self.opening.result().close()

    async def _open(self) -> Watch:
        # First the ears, then the log: what is stored in between is heard, what was stored before is read.
        watch = await self._log.watch(self.execution_id, self._deliver)
        try:
            await self._read_all()
            if self.last < 0:
                raise ExecutionNotFound
        except BaseException:
            await watch.close()
            raise
        self._is_open = True
        if self._heard_up_to > self.last or self._is_doubtful:
            self._recover()
        self._watch_silence()
        return watch

    async def _deliver(self, entry: Entry) -> None:
        self._is_silent = False
        if entry.seq is None:
            if self._is_open and self._recovering is None and self.standing.is_in_place(entry):
                self._tell(entry)
        elif entry.seq == self.last + 1 and self._is_open and self._recovering is None:
            self._take(entry)
        elif entry.seq > self.last:
            # A hole before it, or it comes while the log is read, which will bring it in its turn.
            self._heard_up_to = max(self._heard_up_to, entry.seq)
            self._recover()

    def _take(self, entry: Entry) -> None:
        if self.standing.is_ended:
            return
        if entry.seq != self.last + 1:
            raise CorruptLog(f"event {entry.seq} of {self.execution_id} was read where {self.last + 1} was due")
        self.last += 1
        if self._first is None:
            self._first = entry
        self.standing.note(entry)
        self._kept.append(entry)
        self._kept_bytes += len(entry.data)
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popleft().data)
        self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        for listener in tuple(self.listeners):
            listener.hear(entry)

    def _recover(self) -> None:
        if self._is_open and not self._is_closed and self._recovering is None and not self.standing.is_ended:
            self._recovering = asyncio.create_task(self._read_on())

    async def _read_on(self) -> None:
        looks = 0
        try:
            while not self.standing.is_ended and (self._is_doubtful or self.last < self._heard_up_to):
                self._is_doubtful = False
                known = self.last
                try:
                    await self._read_all()
                    if known == self.last < self._heard_up_to:
                        looks = await _look_again(looks)
                except LogUnavailable:
                    self._is_doubtful = True
                    await asyncio.sleep(self._options.retry_seconds)
        except CorruptLog as error:
            _log.warning("a feed ends: its log cannot be read", execution_id=self.execution_id, reason=error.message)
            self.failure = error
            for listener in tuple(self.listeners):
                listener.fail(error)
        finally:
            self._recovering = None

    async def _read_all(self) -> None:
        """Read what the log has beyond the newest event that is known."""
        while True:
            entries = await self._log.read(self.execution_id, after=self.last, limit=READ_LIMIT)
            for entry in entries:
                self._take(entry)
            if len(entries) < READ_LIMIT:
                return

    def _forget_read(self, seq: int, task: "asyncio.Task[list[Entry]]") -> None:
        del self._reads[seq]
        if not task.cancelled():
            task.exception()  # looked at: the one who asked may be gone

    def _watch_silence(self) -> None:
        # It may have been the newest event that got lost, and nothing after it will tell.
        if self._is_silent:
            self.doubt()
        self._is_silent = True
        if not self.standing.is_ended and not self._is_closed:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(self._options.silence_seconds, self._watch_silence)


async def _look_again(looks: int) -> int:
    if looks == _LOOKS:
        raise CorruptLog("an event that was heard is not in the log")
    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    return looks + 1
