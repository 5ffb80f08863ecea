"""The face of a subscription for whoever has no WebSocket: server-sent events, as the HTML standard writes them.

Events carry their number as `id` and have no name, so that a browser's `EventSource` gives them to `onmessage`; what
the protocol says besides (`subscribed`, `caught_up`, `dropped`) has its type as its name.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from contracts.errors import CorruptLog
from contracts.messages import CaughtUp, Dropped, Subscribed, encode_message
from gateway.standing import TERMINAL
from gateway.subscription import Subscription
from gateway.waiting import interrupted
from stagecast.log import Entry

LAST_ID = "end"
"""The `id` of an end that has no number, because the execution's events are not kept any more."""

HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold events back otherwise
}
_MEDIA_TYPE = "text/event-stream"
_RETRY_MS = 2000  # how long a browser waits before it comes back

_log = structlog.get_logger()


def event_bytes(entry: Entry) -> bytes:
    """Write an event or live text; JSON has no line breaks of its own."""
    if entry.seq is None:
        identity = f"id: {LAST_ID}\n".encode() if entry.type == TERMINAL else b""
    else:
        identity = f"id: {entry.seq}\n".encode()
    return identity + b"data: " + entry.data + b"\n\n"


def message_bytes(message: Subscribed | CaughtUp | Dropped) -> bytes:
    """Write what the protocol says besides events."""
    return b"event: %b\ndata: %b\n\n" % (message.type.encode(), encode_message(message))


class EventStream(Response):
    """An answer that goes on until the execution ends, the client leaves, or the gateway stops.

    Args:
        subscription: what to give; closed at the end.
        stopping: set when the gateway goes down.
        heartbeat_seconds: after so long without an event a comment keeps proxies from closing the connection.
        leave: called at the end, whatever happened.
        may_stay: asked before each event, and in each silence: what proved who is asking may expire or be revoked.
    """

    def __init__(
        self,
        subscription: Subscription,
        stopping: asyncio.Event,
        *,
        heartbeat_seconds: float,
        leave: Callable[[], None],
        may_stay: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(media_type=_MEDIA_TYPE, headers=HEADERS)
        del self.headers["content-length"]
        self._subscription = subscription
        self._stopping = stopping
        self._heartbeat_seconds = heartbeat_seconds
        self._leave = leave
        self._may_stay = may_stay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events for as long as it lasts."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        giving = asyncio.create_task(self._give(send))
        interruption = asyncio.create_task(interrupted(receive, self._stopping))
        try:
            await asyncio.wait({giving, interruption}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            giving.cancel()
            interruption.cancel()
            await asyncio.gather(giving, interruption, return_exceptions=True)
            self._subscription.close()
            self._leave()
        if not giving.cancelled():
            giving.result()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _give(self, send: Send) -> None:
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:  # a client that takes nothing for long is cut off by the server
                await send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        subscription = self._subscription
        yield f"retry: {_RETRY_MS}\n\n".encode() + message_bytes(subscription.welcome)
        while not subscription.is_over and self._may_stay():
            try:
                item = await subscription.next_ready()
            except CorruptLog as error:
                _log.warning("event stream ends", execution_id=subscription.welcome.execution_id, reason=error.message)
                return
            if subscription.dropped:
                dropped, subscription.dropped = subscription.dropped, 0
                yield message_bytes(Dropped(execution_id=subscription.welcome.execution_id or "", dropped=dropped))
            if item is not None:
                yield event_bytes(item) if isinstance(item, Entry) else message_bytes(item)
                continue
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    await subscription.wait()
            except TimeoutError:
                yield b": nothing new\n\n"
