"""HTTP on one connection: uvicorn's, with the limits that it lacks. What requests mean is not here.

A request must have come whole in time, its head may not grow for ever, and its answer must be taken. Without that a
peer that sends a byte now and then, or that stopped reading, would hold its connection until it likes to leave.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from contracts.requests import ErrorReply
from gateway.timed_transport import TimedTransport

MAX_HEAD_BYTES = 64 * 1024
"""Longest request line with its headers; also longest trailers, and what announces one chunk."""


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    Attributes:
        timeout_seconds: how long a request may take from its first byte to its last, and how long a client may take
            nothing of an answer.
    """

    timeout_seconds: float = 30.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._has_advanced = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the first request must come in time, too."""
        super().connection_made(TimedTransport(transport, self.loop))
        self._begin_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; nothing waits any longer."""
        self._end_request()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came: perhaps part of a request, perhaps several."""
        if self._deadline is None and (not self.cycle or self.cycle.response_complete):
            self._begin_request()
        self._has_advanced = False
        super().data_received(data)
        self._head_bytes = 0 if self._has_advanced else self._head_bytes + len(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, "The request's head is too long.", "head_too_large")

    def on_message_begin(self) -> None:
        """Take note of a request's first byte."""
        super().on_message_begin()
        if self._deadline is None:
            self._begin_request()

    def on_headers_complete(self) -> None:
        """Take note of the end of a request's head."""
        self._has_advanced = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a request's body."""
        self._has_advanced = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take note of a request's last byte."""
        self._has_advanced = True
        self._end_request()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over."""
        self._end_request()
        super().handle_websocket_upgrade()
        # Else this object and its parser, which know each other, would wait for the garbage collector.
        self.parser = None  # pyright: ignore[reportAttributeAccessIssue] - as uvicorn does when a connection is lost

    def shutdown(self) -> None:
        """End when the server stops; a request that has not come whole would hold it up for nothing."""
        if self._deadline is not None:
            self._end_request()
            self._expire()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Wait until the client takes what it was sent, for a while."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(self.timeout_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client took what it was sent."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP as every error is answered."""
        self._refuse(400, msg, "invalid_request")

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: who offers `h2c` gets its answer over HTTP/1.1, as RFC 9110 has it."""

    def _begin_request(self) -> None:
        self._deadline = self.loop.call_later(self.timeout_seconds, self._expire)

    def _end_request(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        # A request behind another one is not read while that one is answered, so it is not to blame.
        if self.pipeline or (self.cycle and not self.cycle.response_complete and not self.cycle.more_body):
            self._begin_request()
        elif not self.scope:
            self.transport.close()  # not a byte came: nobody waits for an answer
        else:
            self._refuse(408, "The request took too long to arrive.", "request_timeout")

    def _refuse(self, status: int, message: str, code: str) -> None:
        """Answer with an error, unless an answer has begun already, and close."""
        if not self.cycle or not self.cycle.response_started or self.cycle.response_complete:
            body = ErrorReply(error=message, code=code).model_dump_json().encode()
            head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()


def http_protocol(timeout_seconds: float) -> type[HttpProtocol]:
    """Make the class of connections with this time limit."""
    return type("LimitedHttpProtocol", (HttpProtocol,), {"timeout_seconds": timeout_seconds})
