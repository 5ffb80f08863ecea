"""The life cycles of all executions as this gateway hears them: one watch at the broker while anybody listens.

It has no history: whoever joins hears what happens from then on, and is told where something may be missing.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic_core import from_json

from contracts.errors import StagecastError
from contracts.events import ExecutionCompleted, ExecutionQueued, wire_name
from contracts.messages import Gap, Subscribed
from gateway.subscription import MAILBOX, Push
from stagecast.log import Entry, ExecutionLog, Watch

_KNOWN = 10_000  # executions whose pipeline and owner are remembered
_QUEUED = wire_name(ExecutionQueued)
_COMPLETED = wire_name(ExecutionCompleted)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Origin:
    """What an execution's first event says of it."""

    pipeline_id: str | None
    owner: str | None


Wants = Callable[[Origin], bool]
"""Tells by its origin whether an execution concerns a subscriber."""


class LifecycleSubscription:
    """One subscriber's view; made by `Lifecycle.join`, to be closed when done.

    What waits for it is bounded: beyond that it is told of a gap. It is used like a `Subscription`, and never over.

    Attributes:
        welcome: what to tell the subscriber first.
        wants: which executions it hears of.
    """

    def __init__(self, welcome: Subscribed, wants: Wants, leave: Callable[["LifecycleSubscription"], None]) -> None:
        self.welcome = welcome
        self.wants = wants
        self.push: Push | None = None
        self.on_waiting: Callable[[], None] | None = None
        self.dropped = 0
        self.is_over = False
        self._leave = leave
        self._gap = Gap(execution_id=welcome.execution_id, pipeline_id=welcome.pipeline_id)
        self._waiting: deque[Entry | Gap] = deque()

    def hear(self, entry: Entry | None) -> None:
        """Take an event, or None where some may be missing. Never waits."""
        if entry is not None and not self._waiting and self.push is not None and self.push(entry):
            return
        if entry is not None and len(self._waiting) < MAILBOX:
            self._waiting.append(entry)
        elif not self._waiting or self._waiting[-1] is not self._gap:
            self._waiting.append(self._gap)
        if self.on_waiting is not None:
            self.on_waiting()

    async def next_ready(self) -> Entry | Gap | None:
        """Return what comes next; None when there is nothing more at the moment."""
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Leave. Calling it again does nothing."""
        self._leave(self)


class Lifecycle:
    """The feed of all executions' life cycles."""

    def __init__(self, log: ExecutionLog) -> None:
        self._log = log
        self._listeners: dict[LifecycleSubscription, None] = {}
        self._watch: Watch | None = None
        self._changing = asyncio.Lock()
        self._origins: OrderedDict[str, Origin] = OrderedDict()
        self._arrived: asyncio.Queue[Entry | None] = asyncio.Queue()
        self._telling: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def is_watched(self) -> bool:
        """Whether the broker is listened to."""
        return self._watch is not None

    async def join(self, welcome: Subscribed, wants: Wants) -> LifecycleSubscription:
        """Return a subscription that hears what happens from now on.

        Raises:
            LogUnavailable: the broker does not answer.
        """
        subscription = LifecycleSubscription(welcome, wants, self._leave)
        async with self._changing:
            if self._watch is None:
                self._watch = await self._log.watch_lifecycle(self._arrived.put_nowait)
                self._telling = asyncio.create_task(self._tell())
            self._listeners[subscription] = None
        return subscription

    def mark_lost(self) -> None:
        """Say that the connection to the broker was interrupted."""
        if self._watch is not None:  # else nobody hears it, and whoever comes next has missed nothing
            self._arrived.put_nowait(None)

    async def close(self) -> None:
        """Return when what was given up is closed at the broker."""
        while self._closing:
            await asyncio.wait(self._closing)

    def _leave(self, subscription: LifecycleSubscription) -> None:
        if self._listeners.pop(subscription, self) is None and not self._listeners:
            task = asyncio.create_task(self._close_unused())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _close_unused(self) -> None:
        async with self._changing:
            if not self._listeners and self._watch is not None and self._telling is not None:
                watch, self._watch = self._watch, None
                self._telling.cancel()
                self._arrived = asyncio.Queue()
                await watch.close()

    async def _tell(self) -> None:
        while True:
            entry = await self._arrived.get()
            if entry is None:
                for each in tuple(self._listeners):
                    each.hear(None)
                continue
            origin = await self._origin_of(entry)
            if origin is None:
                self.mark_lost()
                continue
            for each in tuple(self._listeners):
                if each.wants(origin):
                    each.hear(entry)

    async def _origin_of(self, entry: Entry) -> Origin | None:
        known = self._origins.get(entry.execution_id) or await self._look_up(entry)
        if known is not None:
            self._origins[entry.execution_id] = known
            if len(self._origins) > _KNOWN:
                self._origins.popitem(last=False)
        if entry.type == _COMPLETED:
            self._origins.pop(entry.execution_id, None)
        return known

    async def _look_up(self, entry: Entry) -> Origin | None:
        try:
            if entry.type == _QUEUED:
                return _origin(entry)
            first = await self._log.read(entry.execution_id, limit=1)
            return _origin(first[0]) if first else None
        except (StagecastError, ValueError) as error:  # away, or damaged: that must not end the feed of all others
            _log.warning("a life-cycle event is left out", execution_id=entry.execution_id, reason=str(error))
            return None


def _origin(queued: Entry) -> Origin:
    fields: dict[str, Any] = from_json(queued.data)  # Any: JSON that a gateway wrote from our models
    return Origin(fields.get("pipelineId"), fields.get("owner"))
