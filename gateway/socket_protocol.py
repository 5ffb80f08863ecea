"""uvicorn's WebSocket protocol, which also takes messages that are framed already, at once, and gives up on dead peers.

Through ASGI a message is copied, framed and checked again for every socket, and each send is a task switch. What a
message says, and who gets it, is `gateway.websocket`.
"""

import asyncio
from contextlib import suppress

from websockets.exceptions import InvalidState
from websockets.http11 import Request

from gateway.mended_protocol import MendedProtocol

SCOPE_KEY = "stagecast.socket"
"""Where the ASGI scope's extensions carry this protocol."""

_GIVE_UP_SECONDS = 5.0  # for a peer to take the close frame and answer it; then the connection is cut


class SocketProtocol(MendedProtocol):
    """One WebSocket connection."""

    @property
    def is_writable(self) -> bool:
        """Whether a message may be written now: the connection is open, and the peer takes what it is sent."""
        return self.writable.is_set() and not (self.close_sent or self.disconnected or self.transport.is_closing())

    @property
    def waiting_bytes(self) -> int:
        """How many bytes the peer has not taken yet."""
        return self.transport.get_write_buffer_size()

    def write_text(self, data: bytes, frame: bytes) -> None:
        """Write a text message; does nothing on a connection that is closing.

        Args:
            data: the text as UTF-8.
            frame: its frame without compression.
        """
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        if not self.conn.extensions:
            self.transport.write(frame)
            return
        with suppress(InvalidState):  # the peer has begun to close
            self.conn.send_text(data)
            self.transport.write(b"".join(self.conn.data_to_send()))

    def close(self, code: int, reason: str) -> None:
        """Close the connection, also one whose peer takes nothing; calling it again does nothing."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:  # the peer's answer shall be read
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_GIVE_UP_SECONDS, self.transport.abort)

    def handle_connect(self, event: Request) -> None:
        """Begin; the application finds this object in its scope."""
        super().handle_connect(event)
        if not self.close_sent and (extensions := self.scope.get("extensions")) is not None:  # else it was refused
            extensions[SCOPE_KEY] = {"protocol": self}

    def keepalive_timeout(self) -> None:
        """Close a connection whose peer did not answer a ping. What it never took must not hold the connection open."""
        super().keepalive_timeout()
        self._cut_later()

    def shutdown(self) -> None:
        """Close when the server stops."""
        super().shutdown()
        self._cut_later()

    def _cut_later(self) -> None:
        loop: asyncio.AbstractEventLoop = self.loop
        loop.call_later(_GIVE_UP_SECONDS, self.transport.abort)
