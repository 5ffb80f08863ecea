"""How many executions may wait for a runner. The broker is not asked for each submission: see `QueueLimit`."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from contracts.errors import QueueFull, StagecastError
from stagecast.log import ExecutionLog

_READING_SECONDS = 1.0  # for which a reading of the queue holds


class QueueLimit:
    """Refuses submissions while the queue is full.

    It goes by the last reading of the queue and what this gateway has let in since. So a few more than the limit may
    get in where several gateways let in at once; nobody is refused before the queue was read anew.

    Args:
        log: whose queue it is.
        max_queued: executions that may wait; 0 for any number.
        clock: seconds, going up.
    """

    def __init__(self, log: ExecutionLog, max_queued: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._max_queued = max_queued
        self._clock = clock
        self._depth = 0
        self._let_in = 0  # since the last reading began
        self._under_way = 0
        self._holds_until = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Hold a place in the queue while a submission is stored.

        A broker that does not answer refuses nobody here: storing the submission will tell.

        Raises:
            QueueFull: as many wait as may.
        """
        if self._max_queued == 0:
            yield
            return
        if self._clock() >= self._holds_until or self._is_full():
            await self._read()
            if self._is_full():
                raise QueueFull(f"{self._max_queued} executions wait already, which is the limit; try again later.")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._let_in += 1  # also what was not stored for certain; the next reading knows

    def _is_full(self) -> bool:
        return self._depth + self._let_in + self._under_way >= self._max_queued

    async def _read(self) -> None:
        # One reading for all that ask at the same time; it must outlive the one whose client has gone.
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_depth())
            self._reading.add_done_callback(self._forget_reading)
        await asyncio.shield(self._reading)

    async def _read_depth(self) -> None:
        let_in_before = self._let_in
        try:
            self._depth = await self._log.queue_depth()
        except StagecastError:
            self._depth = 0
        self._let_in -= let_in_before
        self._holds_until = self._clock() + _READING_SECONDS

    def _forget_reading(self, _: asyncio.Task[None]) -> None:
        self._reading = None
