"""The execution log on NATS JetStream. The promises are in `stagecast.log`, the reasons in `docs/architecture.md`.

Here the parts are put together and messages become entries; each part has a file of its own: `slots` (the fence),
`stored` (reads), `payloads` (large events), `listing`, `work_queue`, `topology`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from contracts.errors import CorruptLog, LogUnavailable
from contracts.events import LogEvent, StageOutput, encode
from contracts.ids import check_execution_id
from contracts.subjects import (
    ALL_CANCEL_REQUESTS,
    STORED_SUBJECT_HEADER,
    live_of,
    live_subject,
    log_of,
    parse_live_subject,
    parse_log_subject,
    slot_subject,
)
from stagecast.broker import Broker
from stagecast.listing import ListingReader
from stagecast.log import Delivery, Entry, ExecutionPage, Watch
from stagecast.payloads import PayloadStore, make_stub, stub_headers
from stagecast.remembered import RememberedStore
from stagecast.slots import SlotWriter
from stagecast.stored import Stored, StreamReader, TooMany
from stagecast.topology import EXECUTIONS, LogSettings, describe, ensure
from stagecast.work_queue import WorkQueue

__all__ = ["JetStreamLog", "LogSettings"]

_SLOTS_PER_REQUEST = 512  # a longer log is read by naming slots: about 1 ms a request, however full the stream is
_READS_FOR_A_HOLE = 4
_HOLE_PAUSE_SECONDS = 0.05
# What waits for one watcher; beyond it the broker's messages are dropped, and the numbers show the hole.
_WATCH_PENDING_MESSAGES = 65_536
_WATCH_PENDING_BYTES = 32 * 1024 * 1024

_log = structlog.get_logger()


class JetStreamWatch:
    """A core subscription; nats-py subscribes again by itself when the connection comes back."""

    def __init__(self) -> None:
        self.subscription: Subscription | None = None
        self.is_closed = False

    async def close(self) -> None:
        """End the subscription. Calling it again does nothing."""
        if self.is_closed:
            return
        self.is_closed = True
        if self.subscription is None:
            return
        try:
            await self.subscription.unsubscribe()
        except nats.errors.Error:
            return  # the connection is gone, and the subscription with it


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
        await ensure(self._broker, self._pieces)
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
        if not self._payloads.is_too_large(data):
            await self._slots.write(event, data, {})
            return len(data)
        stub, payload = make_stub(data)
        # The whole first: a stub whose payload is missing would be an event that nobody can read.
        await self._payloads.put(event.execution_id, data, payload)
        await self._slots.write(event, stub, stub_headers(payload))
        return len(data)

    async def read(self, execution_id: str, *, after: int = -1) -> list[Entry]:
        """See `ExecutionLog.read`.

        Raises:
            CorruptLog: an event is missing, and stays missing.
        """
        check_execution_id(execution_id)
        await self._ensure_open()
        numbers: list[int] = []
        for attempt in range(_READS_FOR_A_HOLE):
            if attempt:
                await asyncio.sleep(_HOLE_PAUSE_SECONDS * attempt)
            stored = await self._read_stored(execution_id, after)
            numbers = [parse_log_subject(message.subject)[2] for message in stored]
            if numbers == list(range(after + 1, after + 1 + len(numbers))):
                return [await self._entry(message) for message in stored]
        if after < 0 and numbers[0] > 0:
            return []  # its beginning has left the log already; the rest follows
        raise CorruptLog(f"The log of {execution_id} has a hole after event {after}: it holds {numbers[:20]}.")

    async def list_executions(self, *, limit: int, before: str | None = None) -> ExecutionPage:
        """See `ExecutionLog.list_executions`."""
        await self._ensure_open()
        return await self._listing.page(limit, before)

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

    async def watch_cancel_requests(self, deliver: Callable[[str], Awaitable[None]]) -> Watch:
        """See `ExecutionLog.watch_cancel_requests`."""
        watch = JetStreamWatch()

        async def take(message: Msg) -> None:
            if not watch.is_closed:
                await deliver(parse_live_subject(message.subject)[0])

        await self._subscribe(watch, ALL_CANCEL_REQUESTS, take)
        return watch

    async def queue_depth(self) -> int:
        """See `ExecutionLog.queue_depth`."""
        await self._ensure_open()
        return await self._queue.depth()

    async def remember_first(self, key: str, value: bytes) -> bytes:
        """See `ExecutionLog.remember_first`."""
        await self._ensure_open()
        return await self._remembered.first(key, value)

    async def purge(self, execution_id: str) -> None:
        """See `ExecutionLog.purge`. The events go first: a reader never meets an event without its payload."""
        await self._ensure_open()
        await self._reader.purge(log_of(execution_id))
        await self._payloads.purge(execution_id)

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

    async def _read_stored(self, execution_id: str, after: int) -> list[Stored]:
        if after < 0:
            try:
                return _in_order(await self._reader.last_of([log_of(execution_id)]))
            except TooMany:
                pass
        found: list[Stored] = []
        start, count = after + 1, 32 if after >= 0 else _SLOTS_PER_REQUEST
        while True:
            slots = [slot_subject(execution_id, seq) for seq in range(start, start + count)]
            part = await self._reader.last_of(slots)
            found += part
            if len(part) < count:
                return _in_order(found)
            start, count = start + count, _SLOTS_PER_REQUEST

    async def _entry(self, message: Stored) -> Entry:
        execution_id, event_type, seq = parse_log_subject(message.subject)
        data = await self._payloads.restore(execution_id, message.headers, message.data)
        return Entry(execution_id, event_type, seq, data)

    async def _live_entry(self, message: Msg) -> Entry | None:
        headers = message.headers or {}
        stored_subject = headers.get(STORED_SUBJECT_HEADER)
        try:
            if stored_subject is None:
                execution_id, event_type = parse_live_subject(message.subject)
                return Entry(execution_id, event_type, None, message.data)
            execution_id, event_type, seq = parse_log_subject(stored_subject)
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


def _in_order(messages: Sequence[Stored]) -> list[Stored]:
    return sorted(messages, key=lambda message: parse_log_subject(message.subject)[2])
