"""A watcher of the log in memory, with its own queue, so that a slow one holds up nobody."""

import asyncio
from collections.abc import Awaitable, Callable

from stagecast.log import Entry


class MemoryWatch:
    """Delivers what is put, one entry at a time."""

    def __init__(self, deliver: Callable[[Entry], Awaitable[None]], forget: Callable[["MemoryWatch"], None]) -> None:
        self._deliver = deliver
        self._forget = forget
        self._queue: asyncio.Queue[Entry] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = asyncio.create_task(self._run())

    def put(self, entry: Entry) -> None:
        """Let the watcher hear an entry."""
        self._queue.put_nowait(entry)

    async def close(self) -> None:
        """End it. Calling it again does nothing."""
        self._forget(self)
        task, self._task = self._task, None
        if task is None or task is asyncio.current_task():
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while self._task is not None:
            await self._deliver(await self._queue.get())


class MemoryLifecycle:
    """A watcher of all executions' life cycles."""

    def __init__(self, deliver: Callable[[Entry | None], None], watches: "list[MemoryLifecycle]") -> None:
        self.put: Callable[[Entry], None] = deliver
        self._watches = watches
        watches.append(self)

    async def close(self) -> None:
        """End it. Calling it again does nothing."""
        if self in self._watches:
            self._watches.remove(self)
