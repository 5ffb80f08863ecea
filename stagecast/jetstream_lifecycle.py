"""Hears how all executions begin, move and end: a subscription for each kind of event, put into one order again.

One subscription over all of `exec.>` would bring every stage's event and all live text, too. What a large event says
is fetched through `restore`.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.msg import Msg

from contracts.subjects import STREAM_SEQUENCE_HEADER
from stagecast.jetstream_watch import JetStreamWatch
from stagecast.log import Entry

# The client hands messages of one read of the connection to one task a subscription; when this long has passed all
# of these tasks have run, and what is there can be put into order.
_SETTLE_SECONDS = 0.005

_log = structlog.get_logger()


class JetStreamLifecycle:
    """A watch made of several.

    Args:
        restore: makes an entry of a message; None where that is not possible.
        deliver: hears the entries in order; None where one may be missing.
    """

    def __init__(
        self, restore: Callable[[Msg], Awaitable[Entry | None]], deliver: Callable[[Entry | None], None]
    ) -> None:
        self.parts: list[JetStreamWatch] = []
        self._restore = restore
        self._deliver = deliver
        self._arrived: list[tuple[int, Msg]] = []
        self._has_arrived = asyncio.Event()
        self._sorting = asyncio.create_task(self._sort())

    async def take(self, message: Msg) -> None:
        """Hear a message of one of the subscriptions."""
        number = (message.headers or {}).get(STREAM_SEQUENCE_HEADER, "")
        if not number.isdecimal():
            _log.warning("a live event without its place is left out", subject=message.subject)
            return
        self._arrived.append((int(number), message))
        self._has_arrived.set()

    async def close(self) -> None:
        """End all of it. Calling it again does nothing."""
        self._sorting.cancel()
        for part in self.parts:
            await part.close()

    async def _sort(self) -> None:
        while True:
            await self._has_arrived.wait()
            await asyncio.sleep(_SETTLE_SECONDS)
            self._has_arrived.clear()
            arrived, self._arrived = sorted(self._arrived, key=lambda each: each[0]), []
            for _, message in arrived:
                self._deliver(await self._restore(message))
