"""One `/ws` connection that carries many subscriptions. Not how one is made again: that is `stagecast.connections`.

One task reads and sorts what comes, one writes, so that nobody who asks or leaves waits for the network. A subscription
whose messages are not taken is ended alone, and its reader comes back for the rest; where it is the only one, the
reading waits instead, so that the server learns that it is too fast.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from pydantic import TypeAdapter, ValidationError
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from contracts.messages import EVERY_EXECUTION, Subscribe, Unsubscribe
from stagecast.arrivals import Arrivals, Closed, Message, Overflowed

_NO_GATEWAY = 1002  # close code: protocol error
_NO_EVENTS = frozenset({"authenticated", "subscribed", "caught_up", "dropped", "gap", "unsubscribed", "error"})

# What a gateway takes of one connection when nothing is set is a little more: 50 messages a second, 500 at once.
_MESSAGES_PER_SECOND = 40.0
_BURST_SECONDS = 8.0

_MAX_SUBSCRIPTIONS = 100  # as many as a gateway allows a socket when nothing is set

_message: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])


def is_about_all(request: Subscribe) -> bool:
    """Tell whether life-cycle events are asked for.

    They do not say for which subscription they come, so such a subscription needs a connection of its own.
    """
    return request.pipeline_id is not None or request.execution_id == EVERY_EXECUTION


class Connection:
    """An open connection. It ends once, and its subscriptions with it.

    Args:
        socket: the open socket, which is ours from now on.
        on_end: called once, when it is over.

    Attributes:
        was_useful: whether any event came.
    """

    def __init__(self, socket: ClientConnection, on_end: Callable[["Connection", Closed], None]) -> None:
        self._max_subscriptions = _MAX_SUBSCRIPTIONS
        self.was_useful = False
        self._socket = socket
        self._on_end = on_end
        self._open: dict[str, Arrivals] = {}
        self._sole: Arrivals | None = None  # gets everything, where life-cycle events were asked for
        self._leaving: dict[str, int] = {}  # how many `unsubscribed` are still to come
        self._closed: Closed | None = None
        self._free_at = 0.0  # when all messages so far are paid for, at the rate that is taken
        self._outgoing: asyncio.Queue[Subscribe | Unsubscribe | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())
        self._reader = asyncio.create_task(self._read())

    def has_room_for(self, request: Subscribe) -> bool:
        """Tell whether this subscription can be made here."""
        if self._closed is not None or self._sole is not None or self._free_at > time.monotonic() + _BURST_SECONDS:
            return False
        if is_about_all(request):
            return not self._open and not self._leaving
        return request.execution_id not in self._open and len(self._open) < self._max_subscriptions

    def subscribe(self, request: Subscribe) -> Arrivals:
        """Ask for a subscription and return where what comes of it arrives, the server's answer first."""
        arrivals = Arrivals()
        if is_about_all(request):
            self._sole = arrivals
        else:
            self._open[request.execution_id or ""] = arrivals
            for other in self._open.values():
                other.has_room.set()  # nobody is alone here any more
        self._say(request)
        return arrivals

    def leave(self, request: Subscribe, arrivals: Arrivals, *, is_over: bool) -> None:
        """Give a subscription up; unless it is over anyway, the server is told.

        Args:
            request: what was asked for.
            arrivals: what that returned.
            is_over: the server has ended it.
        """
        if arrivals is self._sole:
            # Its events could not be told from those of another one, so nothing else may come here.
            arrivals.end(Closed())
            self._outgoing.put_nowait(None)
            return
        key = request.execution_id or ""
        if self._open.get(key) is not arrivals:
            return
        del self._open[key]
        arrivals.end(Closed())
        if not is_over and self._closed is None:
            self._leaving[key] = self._leaving.get(key, 0) + 1
            self._say(Unsubscribe(execution_id=key))

    def take_no_more(self) -> None:
        """Take note that the server refused one more subscription; where there are no others, that is no reason."""
        if self._open:
            self._max_subscriptions = 0

    async def close(self) -> None:
        """End it; nothing of it is left then."""
        self._writer.cancel()
        self._reader.cancel()
        await asyncio.gather(self._writer, self._reader, return_exceptions=True)
        await self._socket.close()
        self._finish()

    def _say(self, message: Subscribe | Unsubscribe) -> None:
        self._free_at = max(self._free_at, time.monotonic()) + 1 / _MESSAGES_PER_SECOND
        self._outgoing.put_nowait(message)

    async def _write(self) -> None:
        """Write until the connection is over or nothing more is wanted of it, and close it."""
        try:
            with suppress(ConnectionClosed):
                while (message := await self._outgoing.get()) is not None:
                    await self._socket.send(message.model_dump_json(by_alias=True, exclude_none=True))
        finally:
            await self._socket.close()

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                await self._take(Message(text, _message.validate_json(text)))
        except ConnectionClosed:
            pass
        except ValidationError:  # what is no JSON object does not come from a gateway
            await self._socket.close(_NO_GATEWAY)
        finally:
            self._finish()

    def _finish(self) -> None:
        if self._closed is not None:
            return
        self._closed = Closed(self._socket.close_code, self._socket.close_reason or "")
        for arrivals in [*self._open.values(), *([self._sole] if self._sole else [])]:
            arrivals.end(self._closed)
        self._on_end(self, self._closed)
        self._writer.cancel()

    async def _take(self, message: Message) -> None:
        kind, key = message.fields.get("type"), message.fields.get("executionId")
        self.was_useful = self.was_useful or kind not in _NO_EVENTS
        if isinstance(key, str) and key in self._leaving:
            if kind == "unsubscribed":
                self._leaving[key] -= 1
                self._leaving = {name: count for name, count in self._leaving.items() if count}
            return
        for name, arrivals in self._addressees(key):
            while not arrivals.put(message):
                if len(self._open) > 1:
                    arrivals.end(Overflowed())
                    self.leave(Subscribe(execution_id=name), arrivals, is_over=False)
                    break
                await arrivals.has_room.wait()

    def _addressees(self, key: object) -> list[tuple[str, Arrivals]]:
        if self._sole is not None:
            return [("", self._sole)]
        if isinstance(key, str):
            return [(key, self._open[key])] if key in self._open else []
        # It concerns nobody by name: the request of somebody who was not answered yet may have been meant.
        return [(name, arrivals) for name, arrivals in self._open.items() if not arrivals.is_answered]
