"""One subscriber's view of one execution: history, then live, in order, each event once, whenever it begins.

A subscriber that is up to date hears each event from the feed at once. One that comes late or has fallen behind is
given pages at its own pace, from what the feed keeps or from the log, until it is up to date: what waits for it is
bounded, and it holds up nobody else. What carries the events to a client is not here: `websocket`, `event_stream`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from contracts.errors import StagecastError
from contracts.events import JOURNAL_TYPES
from contracts.messages import CaughtUp, Subscribed
from contracts.state import ENDED_STATUSES
from gateway.feed import Feed
from gateway.standing import TERMINAL
from stagecast.log import Entry

FROM_START = -1
"""As `after`: every event from number 0 on."""

MAILBOX = 256
"""Events and pieces of text that may wait for one subscriber that was up to date."""


@dataclass(frozen=True, slots=True)
class View:
    """What a subscriber wants to see.

    Attributes:
        after: the last number that it has seen.
        with_journal: what runners store for each other, too.
    """

    after: int = FROM_START
    with_journal: bool = False


Push = Callable[[Entry], bool]
"""Takes an entry for the subscriber if that can be done at once, and tells whether it did. May not wait or raise."""


class Subscription:
    """Iterate over it for the entries, or call `next_ready` and `wait` to see the marker between history and live, too.

    Made by `Subscriptions.open`; `close` it when done, whatever happened.

    Attributes:
        welcome: what to tell the subscriber first.
        push: if set, is offered what comes while nothing else waits.
        on_waiting: if set, is called when something begins to wait that was not pushed.
        dropped: pieces of live text that were left out since this was last set to 0.
    """

    def __init__(self, welcome: Subscribed, view: View, feed: Feed | None, leave: Callable[[], None]) -> None:
        self.welcome = welcome
        self.push: Push | None = None
        self.on_waiting: Callable[[], None] | None = None
        self.dropped = 0
        self._feed = feed
        self._leave: Callable[[], None] | None = leave
        self._hidden: frozenset[str] = frozenset() if view.with_journal else JOURNAL_TYPES
        self._to = -1 if welcome.to is None else welcome.to
        self._cursor = min(view.after, self._to)  # all up to this number is given, or waits
        self._waiting: deque[Entry | CaughtUp] = deque()
        self._is_live = feed is None
        self._was_live = False
        self._arrived: asyncio.Event | None = None
        self._failure: StagecastError | None = None if feed is None else feed.failure
        if feed is not None:
            feed.listeners[self] = None
            if self._cursor >= self._to:
                if feed.standing.end is not None:
                    self._waiting.append(feed.standing.end)  # once more: who resumes after the end hears it
                self._waiting.append(self._caught_up())
            # Most often all of it is at hand: then what comes from here on, live text too, has its place behind it.
            self._load(feed, feed.kept_after(self._cursor) or ())

    def put_back(self, end: Entry) -> None:
        """Give the end of an execution whose events are not kept any more, and nothing else."""
        self._waiting += (end, CaughtUp(execution_id=end.execution_id))

    @property
    def is_over(self) -> bool:
        """Whether the terminal event was given, or nothing more can come."""
        return self._is_live and not self._waiting and (self._feed is None or self._feed.standing.is_ended)

    @property
    def has_nothing_but_the_end(self) -> bool:
        """Whether the execution had ended, and the subscriber has seen all of it, when this was opened."""
        first, last = self.welcome.from_, self.welcome.to
        is_all_seen = first is not None and last is not None and first > last and self.welcome.recovered is True
        return is_all_seen and self.welcome.status in ENDED_STATUSES

    def hear(self, entry: Entry) -> None:
        """See `Listener.hear`."""
        if not self._is_live:
            # A stored event is given in its turn. Text from before the beginning was not left out, later text was.
            self.dropped += entry.seq is None and self._was_live
            return
        if entry.seq is not None:
            if entry.seq <= self._cursor and entry.type != TERMINAL:
                return  # it was in the snapshot; of the end a subscriber is told in any case
            if entry.type in self._hidden:
                self._cursor = entry.seq
                return
        if not self._waiting and self.push is not None and self.push(entry):
            self._cursor = self._cursor if entry.seq is None else entry.seq
            return
        self._keep(entry)

    def fail(self, error: StagecastError) -> None:
        """See `Listener.fail`."""
        self._failure = error
        self._signal()

    async def next_ready(self) -> Entry | CaughtUp | None:
        """Return what comes next, reading it if need be; None when there is nothing more at the moment.

        Rides out a broker that is away.

        Raises:
            CorruptLog: the log cannot be understood.
        """
        while not self._waiting and not self._is_live and self._feed is not None:
            self._load(self._feed, await self._feed.page_after(self._cursor))
        if self._waiting:
            return self._waiting.popleft()
        if self._failure is not None:
            raise self._failure
        return None

    async def wait(self) -> None:
        """Return when something more may be ready, or the subscription is over."""
        self._arrived = self._arrived or asyncio.Event()
        if not self._waiting and self._failure is None and not self.is_over:
            self._arrived.clear()
            await self._arrived.wait()

    def __aiter__(self) -> Self:
        """Return itself: it can be iterated over once."""
        return self

    async def __anext__(self) -> Entry:
        """Wait for the next entry; ends after the terminal event. Raises like `next_ready`."""
        while True:
            item = await self.next_ready()
            if isinstance(item, Entry):
                return item
            if item is None:
                if self.is_over:
                    self.close()
                    raise StopAsyncIteration
                await self.wait()

    def close(self) -> None:
        """Leave the feed. Calling it again does nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            if self._feed is not None:
                self._feed.listeners.pop(self, None)
            leave()

    def _load(self, feed: Feed, page: Iterable[Entry]) -> None:
        for entry in page:
            if entry.seq is None or entry.seq <= self._cursor:
                continue
            self._cursor = entry.seq
            if entry.type not in self._hidden:
                self._waiting.append(entry)
            if entry.seq == self._to:
                self._waiting.append(self._caught_up())
        if self._cursor >= feed.last:
            self._is_live = self._was_live = True

    def _keep(self, entry: Entry) -> None:
        if len(self._waiting) >= MAILBOX:
            self._drop_text()
        if entry.seq is None and (self.push is not None or len(self._waiting) >= MAILBOX):
            self.dropped += 1  # who is pushed to and does not take it has more than enough already
        elif len(self._waiting) >= MAILBOX:
            self._is_live = False  # from here on in pages
        else:
            self._waiting.append(entry)
            self._cursor = self._cursor if entry.seq is None else entry.seq
            self._signal()

    def _drop_text(self) -> None:
        kept = deque(item for item in self._waiting if isinstance(item, CaughtUp) or item.seq is not None)
        self.dropped += len(self._waiting) - len(kept)
        self._waiting = kept

    def _signal(self) -> None:
        if self._arrived is not None:
            self._arrived.set()
        if self.on_waiting is not None:
            self.on_waiting()

    def _caught_up(self) -> CaughtUp:
        return CaughtUp(execution_id=self.welcome.execution_id or "", seq=self._to)
