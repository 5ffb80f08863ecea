"""Writes to one WebSocket: at once where its client takes what it is sent, else waiting for it, up to a limit.

What is written, and in which order, is decided in `gateway.websocket`.
"""

import asyncio

from contracts.messages import CloseCode, encode_message
from contracts.wire import WireModel
from gateway.frames import Frames, text_frame
from gateway.socket_protocol import SocketProtocol
from stagecast.log import Entry


class TooSlow(Exception):
    """The client took nothing for too long."""


class Outlet:
    """What one client is sent.

    Args:
        protocol: its connection.
        frames: shared by all connections.
        patience_seconds: how long the client may take nothing at all while something waits for it.
    """

    def __init__(self, protocol: SocketProtocol, frames: Frames, *, patience_seconds: float) -> None:
        self._protocol = protocol
        self._frames = frames
        self._patience_seconds = patience_seconds

    @property
    def is_free(self) -> bool:
        """Whether something may be written now: the client is there, and takes what it is sent."""
        return self._protocol.is_writable

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will be written."""
        protocol = self._protocol
        return protocol.close_sent or protocol.disconnected or protocol.transport.is_closing()

    def write(self, entry: Entry) -> None:
        """Write an event."""
        self._protocol.write_text(entry.data, self._frames.of(entry))

    def tell(self, message: WireModel) -> None:
        """Write a message of the protocol."""
        data = encode_message(message)
        self._protocol.write_text(data, text_frame(data))

    def close(self, code: CloseCode | int, reason: str) -> None:
        """Close the connection."""
        self._protocol.close(code, reason)

    async def wait_free(self) -> None:
        """Return when something may be written, or never will.

        Raises:
            TooSlow: the client has taken nothing for as long as it may.
        """
        while not self._protocol.writable.is_set():
            waiting = self._protocol.waiting_bytes
            try:
                async with asyncio.timeout(self._patience_seconds):
                    await self._protocol.writable.wait()
            except TimeoutError:
                if not self.is_closed and self._protocol.waiting_bytes >= waiting:
                    raise TooSlow from None
