"""History, then live: every event of one execution in order, each once, whenever the subscription begins.

First the live feed is joined, then the log is read, then both are merged by number. A number that is missing, a
silence, a full mailbox or a broken connection all lead to the same place: the log is read again. What carries the
events to a client is not here: `gateway.websocket`.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self

from contracts.envelope import StoredEvent
from contracts.errors import ExecutionNotFound, LogUnavailable
from contracts.events import (
    JOURNAL_TYPES,
    ExecutionCompleted,
    ExecutionReleased,
    ExecutionResumed,
    ExecutionStarted,
    StageOutput,
    StageStarted,
)
from gateway.relay import Listener, Relay
from stagecast.log import Entry, ExecutionLog

FROM_START = -1
"""As `after`: every event from number 0 on."""


def _wire_name(model: type[StoredEvent]) -> str:
    return str(model.model_fields["type"].default)


TERMINAL = _wire_name(ExecutionCompleted)
"""The type of the event that ends an execution."""

_NOTED = frozenset(map(_wire_name, (ExecutionStarted, ExecutionResumed, ExecutionReleased, StageStarted)))


class Verdict(Enum):
    """What becomes of an entry."""

    FORWARD = "forward"  # it goes to the client
    DROP = "drop"  # seen already, before the asked-for point, of the journal, or text out of place
    GAP = "gap"  # an event before it is missing: read the log


class Merge:
    """Decides, entry by entry, what a subscriber gets. Pure: no broker, no clock.

    Stored events pass in order, each once, from the one after `after`. Live text passes only while the stage that it
    belongs to is known to be running, under the claim that started it. The journal, which runners store for each
    other, is counted like all events, and passes only where it was asked for.

    Args:
        after: the last number that the client has seen.
        with_journal: whether the client wants the journal, too.
    """

    def __init__(self, after: int = FROM_START, *, with_journal: bool = False) -> None:
        self._after = after
        self._hidden: frozenset[str] = frozenset() if with_journal else JOURNAL_TYPES
        self._attempt = 0
        self._running: set[int] = set()
        self.last = -1
        self.is_ended = False

    def take(self, entry: Entry) -> Verdict:
        """Decide about one entry. After `GAP` nothing has changed: give the missing ones first, then this one again."""
        if entry.seq is None:
            return Verdict.FORWARD if self._is_text_in_place(entry) else Verdict.DROP
        if entry.seq <= self.last or self.is_ended:
            return Verdict.DROP
        if entry.seq > self.last + 1:
            return Verdict.GAP
        self.last = entry.seq
        self.is_ended = entry.type == TERMINAL
        if entry.type in _NOTED:
            self._note(entry)
        return Verdict.FORWARD if entry.seq > self._after and entry.type not in self._hidden else Verdict.DROP

    def _note(self, entry: Entry) -> None:
        match entry.stored_event():
            case StageStarted(index=index):
                self._running.add(index)
            case ExecutionStarted(attempt=attempt) | ExecutionResumed(attempt=attempt):
                self._attempt = attempt
                self._running.clear()
            case _:
                self._running.clear()

    def _is_text_in_place(self, entry: Entry) -> bool:
        if self.is_ended or not self._running:
            return False
        event = entry.event()
        return isinstance(event, StageOutput) and event.index in self._running and event.attempt == self._attempt


@dataclass(frozen=True, slots=True)
class SubscriptionOptions:
    """How long subscriptions wait.

    Attributes:
        silence_seconds: after this long without an event the log is read again.
        retry_seconds: the wait before a read that failed is tried again.
    """

    silence_seconds: float = 15.0
    retry_seconds: float = 1.0


class Subscription:
    """One execution's events for one client: iterate over it; it ends after the terminal event.

    Made by `Subscriptions.open`; `close` it when done, whatever happened.
    """

    def __init__(
        self, relay: Relay, listener: Listener, execution_id: str, merge: Merge, options: SubscriptionOptions
    ) -> None:
        self._relay = relay
        self._listener = listener
        self._execution_id = execution_id
        self._merge = merge
        self._ready: deque[Entry] = deque()
        self._options = options

    def take_history(self, history: Iterable[Entry]) -> None:
        """Merge what was read from the log; live text is taken from here on."""
        self._ready += [entry for entry in history if self._merge.take(entry) is Verdict.FORWARD]
        self._listener.finish_reading()

    def repeat_end(self, history: Sequence[Entry]) -> None:
        """Give the terminal event once more if it is in the history and nothing else is left to give."""
        if self._merge.is_ended and not self._ready:
            self._ready += [entry for entry in history if entry.type == TERMINAL][:1]

    def __aiter__(self) -> Self:
        """Return itself: it can be iterated over once."""
        return self

    async def __anext__(self) -> Entry:
        """Wait for the next entry. Rides out a broker that is away."""
        while not self._ready:
            if self._merge.is_ended:
                self.close()
                raise StopAsyncIteration
            await self._hear()
        return self._ready.popleft()

    def close(self) -> None:
        """Leave the live feed. Calling it again does nothing."""
        self._listener.close()

    async def _hear(self) -> None:
        try:
            async with asyncio.timeout(self._options.silence_seconds):
                entry = await self._listener.next()
        except TimeoutError:
            entry = None  # it may have been the last event that got lost, and nothing after it will tell
        if entry is None:
            await self._catch_up(self._merge.last)
            return
        verdict = self._merge.take(entry)
        if verdict is Verdict.FORWARD:
            self._ready.append(entry)
        elif verdict is Verdict.GAP and entry.seq is not None:
            await self._catch_up(entry.seq)

    async def _catch_up(self, up_to: int) -> None:
        """Read what the live feed did not bring; the event `up_to` that told of the gap is in the log, too."""
        self._listener.begin_reading()
        try:
            self.take_history(await self._relay.read_again(self._execution_id, after=self._merge.last))
        except LogUnavailable:
            await asyncio.sleep(self._options.retry_seconds)
            self._listener.mark_lost()
        if self._merge.last < up_to:  # a read that began before it was stored, or from a replica that lags
            self._listener.mark_lost()


class Subscriptions:
    """Opens subscriptions: the one hub behind every transport.

    Args:
        log: where history is read.
        relay: where live events come from.
        options: how long subscriptions wait.
    """

    def __init__(self, log: ExecutionLog, relay: Relay, options: SubscriptionOptions | None = None) -> None:
        self._log = log
        self._relay = relay
        self._options = options or SubscriptionOptions()

    async def open(self, execution_id: str, *, after: int = FROM_START, with_journal: bool = False) -> Subscription:
        """Begin to hear an execution, from the event after number `after`; the journal only `with_journal`.

        An execution that has ended gives its history and ends; when `after` leaves nothing of it, the terminal event
        comes again, so that whoever resumes behind the end is told of it. An `after` beyond the last event of one that
        has not ended stands for that event.

        Raises:
            ExecutionNotFound: the log does not have it.
            LogUnavailable: the broker does not answer.
        """
        listener = await self._relay.join(execution_id)
        try:
            # From event 0 even when the client has seen some: which stages run now is told there.
            history = await self._log.read(execution_id)
            if not history:
                raise ExecutionNotFound
            merge = Merge(min(after, len(history) - 1), with_journal=with_journal)
            subscription = Subscription(self._relay, listener, execution_id, merge, self._options)
            subscription.take_history(history)
            subscription.repeat_end(history)
        except BaseException:  # cancellation too: nobody else would leave the feed
            listener.close()
            raise
        return subscription
