"""The execution log: what services may do with it, and what it promises. Not how it is kept.

Two implementations stand behind it, and the same contract tests run on both: `stagecast.jetstream_log` and
`stagecast.memory_log`.

Promises:
1. Slot `n` of an execution's log is written once. Whoever comes second gets `Fenced` and nobody ever sees their event.
2. An event is heard live only after it is stored.
3. `append` returns only when the event is stored; an append whose answer was lost is recognised as done.
4. A submission (event 0) is delivered to a runner until one acknowledges it; a delivery that is not renewed for
   `ack_wait` is delivered again.
5. An event too large for one broker message is stored by reference; readers get it whole.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.events import (
    Event,
    ExecutionCancelRequested,
    ExecutionFinishRequested,
    LogEvent,
    StageOutput,
    decode,
    decode_stored,
)
from contracts.requests import ExecutionListing
from stagecast.selection import EVERYTHING, Selection

Wish = type[ExecutionCancelRequested] | type[ExecutionFinishRequested]
"""What somebody may ask of a running execution."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it travels: the bytes that were stored, with a payload kept elsewhere already put back.

    Attributes:
        seq: number in the execution's log; None for live text, which is not stored.
        data: the event as UTF-8 JSON; the same bytes go to every subscriber.
    """

    execution_id: str
    type: str
    seq: int | None
    data: bytes

    def event(self) -> Event:
        """Decode the event, live text included."""
        return decode(self.data)

    def stored_event(self) -> LogEvent:
        """Decode an event that was read from the log."""
        return decode_stored(self.data)


@dataclass(frozen=True, slots=True)
class ExecutionPage:
    """One page of executions, newest first.

    Attributes:
        next_before: what to give as `before` for the next page; None on the last one.
    """

    executions: Sequence[ExecutionListing]
    next_before: str | None


class Delivery(Protocol):
    """The right to try to claim one execution, held by this process until it is acked, released or not renewed."""

    @property
    def execution_id(self) -> str:
        """Which execution."""
        ...

    @property
    def queued(self) -> Entry | None:
        """Its event 0, where this is the first delivery: most likely the log has nothing else; else None."""
        ...

    async def renew(self) -> None:
        """Hold it for another `ack_wait`."""
        ...

    async def ack(self) -> None:
        """Done with it for good: call only after the terminal event is stored.

        It is not waited for the broker: if this gets lost, it is delivered again, and found to have ended.
        """
        ...

    async def release(self, delay_seconds: float = 0.0) -> None:
        """Give it back; another runner gets it after the delay."""
        ...


class Watch(Protocol):
    """A live subscription; `close` ends it. Nothing is delivered after `close` has returned."""

    async def close(self) -> None:
        """End the subscription. Calling it again does nothing."""
        ...


class ExecutionLog(Protocol):
    """All that services do with logs. Every method raises `LogUnavailable` when the broker does not answer."""

    async def append(self, event: LogEvent) -> int:
        """Store an event in slot `event.seq`, and return its size in bytes.

        Raises:
            Fenced: the slot holds an event of another writer. Read the log before going on.
            LogUnavailable: it is not known to be stored; appending the same object again is safe.
        """
        ...

    async def read(self, execution_id: str, *, after: int = -1, limit: int | None = None) -> list[Entry]:
        """Return the events numbered above `after`, in order, without holes; empty for an unknown execution.

        With a `limit` no more than so many, the first ones: fewer than that mean that there were no more.
        """
        ...

    async def list_executions(
        self, *, limit: int, before: str | None = None, selection: Selection = EVERYTHING
    ) -> ExecutionPage:
        """Return up to `limit` executions, newest first; costs the same however many there are.

        Where not everything is selected, no more are looked at than some tenths of a second allow: a page may then have
        fewer rows than the limit, even none, and another one after it all the same.

        Raises:
            InvalidInput: `before` did not come from an earlier page.
        """
        ...

    async def publish_text(self, event: StageOutput) -> None:
        """Publish live text to whoever listens right now; it is not stored and may be lost."""
        ...

    async def watch(self, execution_id: str, deliver: Callable[[Entry], Awaitable[None]]) -> Watch:
        """Hear one execution's events from now on, stored ones and live text, in the order the broker sends them.

        When this has returned, every event stored later is heard, unless the connection breaks; a hole in the numbers
        tells. `deliver` is awaited for each entry before the next one.
        """
        ...

    async def watch_lifecycle(self, deliver: Callable[[Entry | None], None]) -> Watch:
        """Hear how all executions begin, move between runners and end, from now on, in the order they were stored.

        Their types are `contracts.events.LIFECYCLE_TYPES`. None is delivered where one may be missing; when the
        connection breaks, that is not told.
        """
        ...

    async def watch_requests(self, wish: Wish, deliver: Callable[[str], Awaitable[None]]) -> Watch:
        """Hear the ids of all executions that somebody asks to cancel, or to finish, from now on."""
        ...

    async def queue_depth(self) -> int:
        """Return how many submissions were not yet delivered to any runner."""
        ...

    async def recall(self, key: str) -> bytes | None:
        """Return what is kept under `key`, None when nothing is."""
        ...

    async def remember_first(self, key: str, value: bytes) -> bytes:
        """Keep `value` under `key` unless something is kept there, and return what is kept.

        Of any number of callers at once all get the same; a call whose answer was lost may be repeated. What is kept is
        forgotten after a settable time.
        """
        ...

    async def purge(self, execution_id: str) -> None:
        """Forget an execution: nobody can read it afterwards. Purging one that is not there does nothing."""
        ...

    async def next_delivery(self, *, timeout_seconds: float) -> Delivery | None:
        """Wait for a submission to claim; None when none came in time. Survives reconnects of the broker."""
        ...

    async def ping(self) -> None:
        """Return when the broker answered; raise `LogUnavailable` when it did not within its time limit."""
        ...
