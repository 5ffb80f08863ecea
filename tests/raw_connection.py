"""A bare TCP connection for tests of what no well-behaved client does."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

WAIT_SECONDS = 30.0
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class RawConnection:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send, as far as the other side takes it."""
        self.writer.write(data)
        await self.writer.drain()

    async def upgrade(self) -> None:
        """Do the WebSocket handshake."""
        await self.send(UPGRADE)
        async with asyncio.timeout(WAIT_SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head

    def reset(self) -> None:
        """Go without a word: the other side gets a reset."""
        plain: socket.socket = self.writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def read_to_end(self) -> bytes:
        """Return all that comes until the other side closes; a reset is an end, too."""
        received = bytearray()
        async with asyncio.timeout(WAIT_SECONDS):
            with suppress(ConnectionError):
                while piece := await self.reader.read(1 << 16):
                    received += piece
        return bytes(received)


@asynccontextmanager
async def raw_connection(url: str, *, receive_buffer: int = 0) -> AsyncGenerator[RawConnection]:
    """Connect as long as the context lasts.

    Args:
        url: of the gateway.
        receive_buffer: how many bytes the system takes for a client that does not read; its own choice where it is 0.
    """
    parts = urlsplit(url)
    plain = socket.socket()
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (parts.hostname, parts.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=receive_buffer or 1 << 16)
    try:
        yield RawConnection(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
