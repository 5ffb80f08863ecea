"""The log in memory, with the faults of a broker: events not heard, reads refused or held up, watches counted."""

import asyncio
from collections.abc import Awaitable, Callable

from contracts.errors import LogUnavailable, StagecastError
from stagecast.log import Entry, Watch
from stagecast.memory_log import MemoryLog

WAIT_SECONDS = 30.0  # for what must happen; a failure, not a delay


class _CountedWatch:
    def __init__(self, watch: Watch, log: "FaultyLog") -> None:
        self._watch = watch
        self._log = log

    async def close(self) -> None:
        await self._watch.close()
        self._log.open_watches -= 1


class FaultyLog(MemoryLog):
    """A `MemoryLog` that counts, and fails where it is told to.

    Attributes:
        open_watches: watches that were opened and not closed.
        reads: reads that were begun.
        refused_reads: how many of the next reads fail, with `refusal`.
        refused_watches: how many of the next watches fail.
        lost: numbers of the events that watches do not hear.
        reading: set while reads may go on.
        watching: set while watches may open.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open_watches = 0
        self.reads = 0
        self.refused_reads = 0
        self.refusal: StagecastError = LogUnavailable("The test refuses reads.")
        self.refused_watches = 0
        self.lost: set[int] = set()
        self.reading = asyncio.Event()
        self.reading.set()
        self.watching = asyncio.Event()
        self.watching.set()

    async def read(self, execution_id: str, *, after: int = -1, limit: int | None = None) -> list[Entry]:
        self.reads += 1
        await self.reading.wait()
        if self.refused_reads > 0:
            self.refused_reads -= 1
            raise self.refusal
        return await super().read(execution_id, after=after, limit=limit)

    async def watch(self, execution_id: str, deliver: Callable[[Entry], Awaitable[None]]) -> Watch:
        await self.watching.wait()
        if self.refused_watches > 0:
            self.refused_watches -= 1
            raise LogUnavailable("The test refuses watches.")

        async def deliver_some(entry: Entry) -> None:
            if entry.seq not in self.lost:
                await deliver(entry)

        self.open_watches += 1
        return _CountedWatch(await super().watch(execution_id, deliver_some), self)


async def until(is_so: Callable[[], bool]) -> None:
    """Let other tasks run until something is so."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not is_so():  # noqa: ASYNC110 - what is waited for is any state, nothing that could set an event
            await asyncio.sleep(0)


async def settle() -> None:
    """Let other tasks go as far as they get without waiting for anything outside."""
    for _ in range(20):
        await asyncio.sleep(0)
