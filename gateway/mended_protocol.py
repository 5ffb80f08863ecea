"""WebSocket on one connection: uvicorn's, mended where conformance and fuzzing found it wanting.

`make conformance` and `make fuzz` show what each part is for. What messages mean is in `gateway.session`.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Literal

from uvicorn._types import ASGISendEvent  # what the method that is overridden takes; there is no public name
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

_VERSION = "13"


class _Connection(ServerProtocol):
    """What `websockets` makes of the bytes, in two points nearer to RFC 6455."""

    def accept(self, request: Request) -> Response:
        """Answer a handshake; who speaks another version is told which one is spoken here (4.4)."""
        response = super().accept(request)
        is_refused = response.status_code != HTTPStatus.SWITCHING_PROTOCOLS
        if is_refused and request.headers.get_all("Sec-WebSocket-Version") != [_VERSION]:
            response.headers["Sec-WebSocket-Version"] = _VERSION
        return response

    def recv_frame(self, frame: Frame) -> None:
        """Take a frame; a close between the fragments of a message is one, and no protocol error (5.4)."""
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)


class MendedProtocol(WebSocketsSansIOProtocol):
    """One connection, from its handshake on."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = _Connection(
            extensions=self.conn.available_extensions, max_size=config.ws_max_size, logger=self.conn.logger
        )
        self._late_pongs = b""
        self._is_connected = True
        self._is_served = False

    def handle_connect(self, event: Request) -> None:
        """Begin: the application serves this connection, unless the handshake was refused."""
        super().handle_connect(event)
        self._is_served = not self.close_sent

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Take note that the application is done with this connection."""
        super().on_task_complete(task)
        self._is_served = False
        self._let_go()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that the connection is gone."""
        super().connection_lost(exc)
        self._is_connected = False
        self._let_go()

    def data_received(self, data: bytes) -> None:
        """Take what came; a handshake that cannot be read is refused, and not left hanging."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    async def send(self, message: ASGISendEvent) -> None:
        """Take what the application sends; to a peer that left before its handshake was answered, nothing can be."""
        if not self.handshake_complete and self.transport.is_closing():
            raise ClientDisconnected
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True  # a refusal is an answer, too; else it would be logged as a fault

    def handle_text(self, event: Frame) -> None:
        """Take a text message or its first fragment."""
        self._begin_message("text", event)

    def handle_bytes(self, event: Frame) -> None:
        """Take a binary message or its first fragment."""
        self._begin_message("bytes", event)

    def handle_cont(self, event: Frame) -> None:
        """Add a fragment; they are kept joined, so that a million empty ones cost nothing."""
        joined = self.frames[0]
        if not isinstance(joined, bytearray):
            joined = bytearray(joined)
            self.frames = [joined]  # pyright: ignore[reportAttributeAccessIssue] - what is joined is not changed again
        joined += event.data
        if event.fin:
            self.frames = [bytes(joined)]
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        """Hand a message on; text that is no UTF-8 is the client's fault, not one to be logged with its trace."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.conn.fail(CloseCode.INVALID_DATA, "text that is not UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Close because of what the client sent, which it may also do before its handshake was answered."""
        if self.conn.close_sent is not None:
            super().handle_parser_exception()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE})
        self.disconnected = self.close_sent = True
        self.transport.close()

    def handle_ping(self) -> None:
        """Answer a ping. While the client takes nothing, only the last ones are answered (RFC 6455, 5.5.3)."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self._late_pongs = b"".join(self.conn.data_to_send()) or self._late_pongs

    def resume_writing(self) -> None:
        """Go on: the client took what it was sent."""
        super().resume_writing()
        pongs, self._late_pongs = self._late_pongs, b""
        if pongs and not self.transport.is_closing():
            self.transport.write(pongs)

    def _let_go(self) -> None:
        """Cut what leads back here, once nobody needs it: else a dead connection waits for the garbage collector."""
        if self._is_connected or self._is_served:
            return
        self.conn.parser.close()
        fault: BaseException | None = self.conn.handshake_exc or self.conn.parser_exc
        while fault is not None:
            fault.__traceback__, fault = None, fault.__context__
        self.conn.parser_exc = self.conn.handshake_exc = None
        for name in ("scope", "request", "response"):
            vars(self).pop(name, None)

    def _begin_message(self, kind: Literal["text", "bytes"], event: Frame) -> None:
        self.curr_msg_data_type = kind
        self.frames = [bytes(event.data)]
        if event.fin:
            self.send_receive_event_to_app()
