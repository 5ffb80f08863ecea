"""One live feed an execution, shared by everybody who listens to it through this gateway.

However many subscribers an execution has here, the broker sees one subscription, and each gets the same bytes. A
listener's mailbox is bounded and never waited for: live text is dropped first, then stored events, and the listener is
told so that it reads them from the log instead. Order and completeness are not here: `gateway.subscription`.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from stagecast.log import Entry, ExecutionLog, Watch


class Listener:
    """One subscriber's mailbox for one execution.

    Args:
        leave: called once, when it is closed.
        capacity: how many entries it holds.
    """

    def __init__(self, leave: Callable[["Listener"], None], capacity: int) -> None:
        self._leave = leave
        self._capacity = capacity
        self._entries: deque[Entry] = deque()
        self._arrived = asyncio.Event()
        self._has_lost = False
        self._wants_text = False
        self._is_closed = False

    def offer(self, entry: Entry) -> None:
        """Put an entry into the mailbox if it has room; never waits."""
        if entry.seq is None and not self._wants_text:
            return
        if len(self._entries) >= self._capacity:
            if entry.seq is None:
                return
            self._drop_text()
        if len(self._entries) < self._capacity:
            self._entries.append(entry)
        else:
            self._has_lost = True
        self._arrived.set()

    def mark_lost(self) -> None:
        """Say that stored events may have been missed: the next empty mailbox answers None."""
        self._has_lost = True
        self._arrived.set()

    def begin_reading(self) -> None:
        """Say that the log is about to be read: it has what was lost so far, and text from before it is stale."""
        self._has_lost = False
        self._wants_text = False
        self._drop_text()

    def finish_reading(self) -> None:
        """Say that the log was read: live text has its place again."""
        self._wants_text = True

    async def next(self) -> Entry | None:
        """Wait for the next entry; None when stored events were or may have been lost and the log must be read."""
        while not self._entries:
            if self._has_lost:
                self._has_lost = False
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return self._entries.popleft()

    def close(self) -> None:
        """Leave the feed. Calling it again does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._leave(self)

    def _drop_text(self) -> None:
        if any(entry.seq is None for entry in self._entries):
            self._entries = deque(entry for entry in self._entries if entry.seq is not None)


class _Feed:
    """The live feed of one execution: its watch, being opened or open, and who listens."""

    def __init__(self, log: ExecutionLog, execution_id: str) -> None:
        self.listeners: set[Listener] = set()
        self.opening: asyncio.Task[Watch] = asyncio.create_task(log.watch(execution_id, self._deliver))

    async def _deliver(self, entry: Entry) -> None:
        for listener in tuple(self.listeners):
            listener.offer(entry)

    async def close(self) -> None:
        """End the watch, also one that is still being opened; opening it may have failed."""
        await asyncio.wait({self.opening})
        if not self.opening.cancelled() and self.opening.exception() is None:
            await self.opening.result().close()


class Relay:
    """All live feeds of this gateway.

    Args:
        log: where they come from.
        capacity: how many entries one listener's mailbox holds.
    """

    def __init__(self, log: ExecutionLog, *, capacity: int = 256) -> None:
        self._log = log
        self._capacity = capacity
        self._feeds: dict[str, _Feed] = {}
        self._reads: dict[tuple[str, int], asyncio.Task[list[Entry]]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def watched_count(self) -> int:
        """How many executions are watched at the broker, those included whose watch is just being closed."""
        return len(self._feeds) + len(self._closing)

    @property
    def listener_count(self) -> int:
        """How many mailboxes there are."""
        return sum(len(feed.listeners) for feed in self._feeds.values())

    async def join(self, execution_id: str) -> Listener:
        """Return a mailbox that gets every event stored from now on, unless it says that it lost some.

        Raises:
            LogUnavailable: the broker does not answer.
        """
        feed = self._feeds.get(execution_id)
        if feed is None:
            feed = self._feeds[execution_id] = _Feed(self._log, execution_id)
        joined = feed

        def leave(listener: Listener) -> None:
            joined.listeners.discard(listener)
            if not joined.listeners and self._feeds.get(execution_id) is joined:
                # A newcomer gets a feed of its own from here on, so nobody joins a watch that is going away.
                del self._feeds[execution_id]
                self._close_feed(joined)

        listener = Listener(leave, self._capacity)
        feed.listeners.add(listener)
        try:
            await asyncio.shield(feed.opening)
        except BaseException:  # cancellation too: whoever gives up waiting must not stay in the feed
            listener.close()
            raise
        return listener

    async def read_again(self, execution_id: str, *, after: int) -> list[Entry]:
        """Read the log after `after`; those who ask for the same at the same time share one read.

        What is stored while a shared read runs may be missing in it: for whoever listens, and will notice.

        Raises:
            LogUnavailable: the broker does not answer.
        """
        key = (execution_id, after)
        task = self._reads.get(key)
        if task is None:
            task = self._reads[key] = asyncio.create_task(self._log.read(execution_id, after=after))
            task.add_done_callback(lambda done: self._forget_read(key, done))
        return await asyncio.shield(task)

    def mark_all_lost(self) -> None:
        """Say that the connection to the broker was interrupted: every subscription reads its log again."""
        for feed in self._feeds.values():
            for listener in feed.listeners:
                listener.mark_lost()

    async def close(self) -> None:
        """Return when every watch that was given up is closed at the broker."""
        while self._closing:
            await asyncio.wait(self._closing)

    def _close_feed(self, feed: _Feed) -> None:
        task = asyncio.create_task(feed.close())
        self._closing.add(task)
        task.add_done_callback(self._forget_closing)

    def _forget_closing(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled():
            task.exception()  # a watch that could not be closed is gone with its connection

    def _forget_read(self, key: tuple[str, int], task: asyncio.Task[list[Entry]]) -> None:
        del self._reads[key]
        if not task.cancelled():
            task.exception()  # looked at: the one who asked may be gone
