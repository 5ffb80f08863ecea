"""The execution log on NATS JetStream. The promises are in `stagecast.log`, the reasons in `docs/architecture.md`.

Here the parts are put together and messages become entries; each part has a file of its own: `slots` (the fence),
`history` (reads), `payloads` (large events), `listing`, `work_queue`, `remembered`, `removal`, `room`, `topology`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import nats.errors
import structlog
from nats.aio.msg import Msg

from contracts.errors import CorruptLog, LogUnavailable
from contracts.events import ExecutionQueued, LogEvent, StageOutput, encode, wire_name
from contracts.ids import check_execution_id
from contracts.subjects import (
    LIFECYCLE_SUBJECTS,
    STORED_SUBJECT_HEADER,
    live_of,
    live_of_all,
    live_subject,
    parse_live_subject,
    parse_log_subject,
)
from stagecast.broker import Broker
from stagecast.history import HistoryReader
from stagecast.jetstream_lifecycle import JetStreamLifecycle
from stagecast.jetstream_watch import JetStreamWatch
from stagecast.listing import ListingReader
from stagecast.log import Delivery, Entry, ExecutionPage, Watch, Wish
from stagecast.payloads import PayloadStore, make_stub, stub_headers
from stagecast.remembered import RememberedStore
from stagecast.removal import Removal
from stagecast.retention import Ended
from stagecast.room import Room
from stagecast.selection import EVERYTHING, Selection
from stagecast.slots import LogFull, SlotWriter
from stagecast.stored import StreamReader
from stagecast.topology import EXECUTIONS, LogSettings, describe, ensure
from stagecast.work_queue import WorkQueue

__all__ = ["JetStreamLog", "LogSettings"]

# What waits for one watcher; beyond it the broker's messages are dropped, and the numbers show the hole.
_WATCH_PENDING_MESSAGES = 65_536
_WATCH_PENDING_BYTES = 32 * 1024 * 1024

_LIVE_TEXT: str = StageOutput.model_fields["type"].default

_log = structlog.get_logger()


class JetStreamLog:
    """An `ExecutionLog` in a JetStream stream. It does not own the broker.

    Until `open` has succeeded once, every call tries it first: a service may start before its broker.
    """

    def __init__(self, broker: Broker, settings: LogSettings) -> None:
        self._broker = broker
        self._pieces = describe(settings)
        self._reader = StreamReader(broker, EXECUTIONS)
        self._slots = SlotWriter(broker, self._reader)
        self._payloads = PayloadStore(broker)
        self._remembered = RememberedStore(broker)
        self._history = HistoryReader(self._reader, self._payloads)
        self._removal = Removal(self._reader, self._history, self._payloads)
        self._room = Room(self._reader)
        self._listing = ListingReader(self._reader, self._payloads)
        self._queue = WorkQueue(broker, self.open)
        self._is_open = False
        self._opening = asyncio.Lock()
        broker.on_connected(self._look_again)

    async def open(self) -> None:
        """Make sure that streams and consumer are there; every service does, in any order.

        Raises:
            LogUnavailable: the broker does not answer or does not accept.
            TopologyDiffers: the broker holds something of our name that cannot be used.
        """
        made = await ensure(self._broker, self._pieces)
        self._history.is_replicated = made[EXECUTIONS]["num_replicas"] > 1
        self._is_open = True

    async def close(self) -> None:
        """Stop pulling from the queue; to be called before the broker is closed."""
        await self._queue.close()

    async def append(self, event: LogEvent) -> int:
        """See `ExecutionLog.append`. Fails at once while the broker is not connected."""
        if event.seq < 0:
            raise ValueError("an event needs its number before it is appended")
        await self._ensure_open()
        data = encode(event)
        if isinstance(event, ExecutionQueued):
            await self._room.take(min(len(data), self._broker.client.max_payload))
        if not self._payloads.is_too_large(data):
            await self._slots.write(event, data, {})
            return len(data)
        stub, payload = make_stub(data)
        try:
            # The whole first: a stub whose payload is missing would be an event that nobody can read.
            await self._payloads.put(event.execution_id, data, payload)
            await self._slots.write(event, stub, stub_headers(payload))
        except LogFull:
            await self._payloads.discard(event.execution_id, payload)
            raise
        return len(data)

    async def read(self, execution_id: str, *, after: int = -1, limit: int | None = None) -> list[Entry]:
        """See `ExecutionLog.read`.

        Raises:
            CorruptLog: an event is missing, and stays missing.
        """
        check_execution_id(execution_id)
        await self._ensure_open()
        return await self._history.read(execution_id, after, limit)

    async def list_executions(
        self, *, limit: int, before: str | None = None, selection: Selection = EVERYTHING
    ) -> ExecutionPage:
        """See `ExecutionLog.list_executions`."""
        await self._ensure_open()
        return await self._listing.page(limit, before, selection)

    async def publish_text(self, event: StageOutput) -> None:
        """See `ExecutionLog.publish_text`."""
        if not self._broker.is_connected:
            raise LogUnavailable("The broker is not connected.")
        try:
            await self._broker.client.publish(live_subject(event.execution_id, event.type), encode(event))
        except (nats.errors.Error, OSError) as error:
            raise LogUnavailable(f"The broker does not take live text: {error}") from error

    async def watch(self, execution_id: str, deliver: Callable[[Entry], Awaitable[None]]) -> Watch:
        """See `ExecutionLog.watch`."""
        watch = JetStreamWatch()

        async def take(message: Msg) -> None:
            entry = await self._live_entry(message)
            if entry is not None and not watch.is_closed:
                await deliver(entry)

        await self._subscribe(watch, live_of(execution_id), take)
        return watch

    async def watch_lifecycle(self, deliver: Callable[[Entry | None], None]) -> Watch:
        """See `ExecutionLog.watch_lifecycle`."""
        lifecycle = JetStreamLifecycle(self._live_entry, deliver)
        try:
            for subject in LIFECYCLE_SUBJECTS:
                part = JetStreamWatch()
                lifecycle.parts.append(part)
                await self._subscribe(part, subject, lifecycle.take)
        except BaseException:
            await lifecycle.close()
            raise
        return lifecycle

    async def watch_requests(self, wish: Wish, deliver: Callable[[str], Awaitable[None]]) -> Watch:
        """See `ExecutionLog.watch_requests`."""
        watch = JetStreamWatch()

        async def take(message: Msg) -> None:
            if not watch.is_closed:
                await deliver(parse_live_subject(message.subject)[0])

        await self._subscribe(watch, live_of_all(wire_name(wish)), take)
        return watch

    async def queue_depth(self) -> int:
        """See `ExecutionLog.queue_depth`."""
        await self._ensure_open()
        return await self._queue.depth()

    async def recall(self, key: str) -> bytes | None:
        """See `ExecutionLog.recall`."""
        await self._ensure_open()
        return await self._remembered.recall(key)

    async def remember_first(self, key: str, value: bytes) -> bytes:
        """See `ExecutionLog.remember_first`."""
        await self._ensure_open()
        return await self._remembered.first(key, value)

    async def purge(self, execution_id: str) -> None:
        """See `ExecutionLog.purge`."""
        await self._ensure_open()
        await self._removal.purge(execution_id)

    async def next_end(self, after: int) -> Ended | None:
        """See `RetainedLog.next_end`."""
        await self._ensure_open()
        return await self._removal.next_end(after)

    async def purge_left_over(self, before: datetime) -> int:
        """See `RetainedLog.purge_left_over`."""
        await self._ensure_open()
        return await self._removal.purge_left_over(before)

    async def next_delivery(self, *, timeout_seconds: float) -> Delivery | None:
        """See `ExecutionLog.next_delivery`. Any number of tasks may wait; cancelling a wait strands nothing."""
        return await self._queue.next(timeout_seconds)

    async def ping(self) -> None:
        """See `ExecutionLog.ping`. Asks the stream itself, so it also tells that JetStream is ready."""
        await self._ensure_open()
        await self._reader.bounds()

    def _look_again(self) -> None:
        self._is_open = False  # the broker may have come back without its data

    async def _ensure_open(self) -> None:
        if self._is_open:
            return
        async with self._opening:
            if not self._is_open:
                await self.open()

    async def _live_entry(self, message: Msg) -> Entry | None:
        headers = message.headers or {}
        stored_subject = headers.get(STORED_SUBJECT_HEADER)
        try:
            heard_as = execution_id, event_type = parse_live_subject(message.subject)
            if stored_subject is None and event_type == _LIVE_TEXT:
                return Entry(execution_id, event_type, None, message.data)
            # A client may have the broker's answer to a request sent to any subject, so also here; what is an answer
            # shows by what it says to have been stored as. `deploy/nats-roles.conf` has more on this.
            *stored_as, seq = parse_log_subject(stored_subject or "")
            if tuple(stored_as) != heard_as:
                raise ValueError(f"stored as {stored_subject}")
            data = await self._payloads.restore(execution_id, headers, message.data)
        except (ValueError, LogUnavailable, CorruptLog) as error:
            # The watcher sees a hole in the numbers, and reads the log.
            _log.warning("a live event is left out", subject=message.subject, reason=str(error))
            return None
        return Entry(execution_id, event_type, seq, data)

    async def _subscribe(self, watch: JetStreamWatch, subject: str, take: Callable[[Msg], Awaitable[None]]) -> None:
        if not self._broker.is_connected:
            raise LogUnavailable("The broker is not connected.")
        try:
            # nats-py's signature has an untyped parameter that is not used here.
            watch.subscription = await self._broker.client.subscribe(  # pyright: ignore[reportUnknownMemberType]
                subject,
                cb=take,
                pending_msgs_limit=_WATCH_PENDING_MESSAGES,
                pending_bytes_limit=_WATCH_PENDING_BYTES,
            )
        except (nats.errors.Error, OSError) as error:
            raise LogUnavailable(f"The broker cannot be reached: {error}") from error
        try:
            await self._broker.flush()  # the broker knows of it from here on
        except BaseException:
            await watch.close()
            raise
