"""What a process holds of the log: its own handle, over its own line. The rest that it needs is in `outside`.

Each request travels as the plan says: it may be late, get lost, or lose its answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from contracts.errors import Fenced, LogUnavailable
from contracts.events import LogEvent, StageOutput, encode
from stagecast.log import Delivery, Entry, ExecutionPage, Watch, Wish
from stagecast.selection import EVERYTHING, Selection
from tests.interleaving.schedule import Fate
from tests.interleaving.virtual_time import Process
from tests.interleaving.world import T, World


class Line:
    """A process's connection to the world.

    Attributes:
        on_work: called when the process gets something to do.
    """

    def __init__(self, world: World, process: Process, place: int, on_work: Callable[[], None]) -> None:
        self.world = world
        self.process = process
        self.on_work = on_work
        self._place = place

    def fate(self) -> Fate:
        """Return what becomes of the next request."""
        return self.world.fate_of_next(self.process, self._place)

    async def request(self, effect: Callable[[], Awaitable[T]], limit: float | None = 5.0) -> T:
        """Ask for something; raises `LogUnavailable` when no answer comes."""
        return await self.world.request(self.fate(), effect, limit)


class LineWatch:
    """A watch at the log whose entries come over a line, in order, not all of them."""

    def __init__(self, line: Line, deliver: Callable[[Entry], Awaitable[None]]) -> None:
        self.server_side: Watch | None = None
        self._line = line
        self._deliver = deliver
        self._arrived: asyncio.Queue[Entry] = asyncio.Queue()
        self._pump = asyncio.create_task(self._run())

    async def carry(self, entry: Entry) -> None:
        """Bring an entry from the log to the process, or lose it."""
        fate = self._line.fate()
        if fate.is_refused or fate.there is None or self._line.world.is_over:
            return
        if fate.there:
            await asyncio.sleep(fate.there)
        self._arrived.put_nowait(entry)

    async def close(self) -> None:
        """End it."""
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        if self.server_side is not None:
            self._line.world.go(self.server_side.close())

    async def _run(self) -> None:
        while True:
            await self._deliver(await self._arrived.get())


class LineDelivery:
    """A delivery whose owner speaks to the queue over a line."""

    def __init__(self, line: Line, delivery: Delivery) -> None:
        self._line = line
        self._delivery = delivery

    @property
    def execution_id(self) -> str:
        """Which execution."""
        return self._delivery.execution_id

    @property
    def queued(self) -> Entry | None:
        """Its event 0, where this is the first delivery."""
        return self._delivery.queued

    async def renew(self) -> None:
        """Hold it longer."""
        await self._line.request(self._delivery.renew)

    async def ack(self) -> None:
        """Take it off the queue."""
        await self._line.request(self._delivery.ack)

    async def release(self, delay_seconds: float = 0.0) -> None:
        """Give it back."""
        await self._line.request(partial(self._delivery.release, delay_seconds))


class LineLog:
    """An `ExecutionLog` over a line. Like the one on JetStream it knows its own unanswered appends by their bytes."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._log = line.world.log
        self._unsettled: dict[bytes, LogEvent] = {}

    async def append(self, event: LogEvent) -> int:
        """Store an event."""
        data = encode(event)
        known = self._unsettled.get(data, event)

        async def store() -> int:
            size = await self._log.append(known)
            self._line.world.note_stored(self._line.process, known)
            return size

        try:
            size = await self._line.request(store)
        except (LogUnavailable, asyncio.CancelledError):
            self._unsettled[data] = known
            raise
        except Fenced:
            self._unsettled.pop(data, None)
            raise
        self._unsettled.pop(data, None)
        return size

    async def read(self, execution_id: str, *, after: int = -1, limit: int | None = None) -> list[Entry]:
        """Read the log."""
        return await self._line.request(partial(self._log.read, execution_id, after=after, limit=limit))

    async def list_executions(
        self, *, limit: int, before: str | None = None, selection: Selection = EVERYTHING
    ) -> ExecutionPage:
        """List executions."""
        ask = partial(self._log.list_executions, limit=limit, before=before, selection=selection)
        return await self._line.request(ask)

    async def publish_text(self, event: StageOutput) -> None:
        """Publish live text."""
        fate = self._line.fate()
        if fate.is_refused:
            raise LogUnavailable("There is no connection.")
        self._line.world.go(self._publish_later(fate, event))

    async def _publish_later(self, fate: Fate, event: StageOutput) -> None:
        if fate.there is not None:
            await asyncio.sleep(fate.there)
            await self._log.publish_text(event)

    async def watch(self, execution_id: str, deliver: Callable[[Entry], Awaitable[None]]) -> Watch:
        """Hear an execution."""
        watch = LineWatch(self._line, deliver)
        watch.server_side = await self._line.request(partial(self._log.watch, execution_id, watch.carry))
        return watch

    async def watch_lifecycle(self, deliver: Callable[[Entry | None], None]) -> Watch:
        """Hear of all executions; nobody in the interleavings does."""
        return await self._line.request(partial(self._log.watch_lifecycle, deliver))

    async def watch_requests(self, wish: Wish, deliver: Callable[[str], Awaitable[None]]) -> Watch:
        """Hear what is to be cancelled, or to finish."""

        async def deliver_id(entry: Entry) -> None:
            await deliver(entry.execution_id)

        watch = LineWatch(self._line, deliver_id)

        async def carry(execution_id: str) -> None:
            await watch.carry(Entry(execution_id, "", None, b""))

        # Not over the line: a runner that cannot begin to listen does not begin at all.
        watch.server_side = await self._line.world.request(Fate(), partial(self._log.watch_requests, wish, carry))
        return watch

    async def next_delivery(self, *, timeout_seconds: float) -> Delivery | None:
        """Wait for work."""
        wait = partial(self._log.next_delivery, timeout_seconds=timeout_seconds)
        delivery = await self._line.request(wait, limit=timeout_seconds + 5.0)
        if delivery is None:
            return None
        self._line.on_work()
        return LineDelivery(self._line, delivery)

    async def queue_depth(self) -> int:
        """Count what waits."""
        return await self._line.request(self._log.queue_depth)

    async def recall(self, key: str) -> bytes | None:
        """Learn which value is kept."""
        return await self._line.request(partial(self._log.recall, key))

    async def remember_first(self, key: str, value: bytes) -> bytes:
        """Keep a value, or learn which one is kept."""
        return await self._line.request(partial(self._log.remember_first, key, value))

    async def purge(self, execution_id: str) -> None:
        """Forget an execution."""
        await self._line.request(partial(self._log.purge, execution_id))

    async def ping(self) -> None:
        """Ask for nothing."""
        await self._line.request(self._log.ping)
