"""A WebSocket client that does next to nothing: it reads frames up to a mark, and from there on counts bytes.

So the client is not what is measured when a server sends to a thousand sockets. A server's frames are not masked and
have no extensions here, so the messages come to a known number of bytes; the last one is compared.
"""

import asyncio
import base64
import os
from collections import deque
from typing import cast

_SHORT, _LONG = 125, 65_535  # the longest payloads with a header of two and of four bytes
_UPGRADED = b"HTTP/1.1 101"


def frame_size(message: bytes) -> int:
    """Return the bytes of the frame that a server sends this message in."""
    return len(message) + (2 if len(message) <= _SHORT else 4 if len(message) <= _LONG else 10)


class CountingSocket(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self.received = 0
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()  # sizes that go up
        self._buffer = b""
        self._last = (b"", b"")
        self._mark: bytes | None = None
        self._found: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost: RuntimeError | None = None
        self._is_counting = False
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int, path: str) -> "CountingSocket":
        """Connect to a server on this machine."""
        _, self = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._write(f"{head}Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        await self.read_to(_UPGRADED)
        return self

    def send(self, text: str) -> None:
        """Send a text message."""
        data = text.encode()
        size = len(data)
        length = bytes([0x80 | size]) if size <= _SHORT else bytes([0x80 | 127]) + size.to_bytes(8, "big")
        self._write(b"\x81" + length + bytes(4) + data)  # a mask of zeros changes nothing

    async def read_to(self, mark: bytes) -> None:
        """Return when a message that has `mark` in it was read."""
        self._mark, self._found = mark, asyncio.get_running_loop().create_future()
        self._look()
        await self._found

    def start_counting(self) -> None:
        """Count what comes after the message that was read last."""
        self._is_counting, rest, self._buffer = True, self._buffer, b""
        self.data_received(rest)

    async def reach(self, size: int) -> None:
        """Return when so many bytes have come since counting began.

        Raises:
            RuntimeError: the server closed the connection.
        """
        if self._lost is not None:
            raise self._lost
        if self.received < size:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append((size, waiter))
            await waiter

    def check_end(self, size: int, last: bytes) -> None:
        """Make sure that exactly so many bytes have come, and that they end with `last`.

        Raises:
            RuntimeError: it is not so.
        """
        if self.received != size or not b"".join(self._last).endswith(last):
            raise RuntimeError(f"{self.received} bytes came instead of {size}, or others")

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Count, or look for the mark."""
        if not self._is_counting:
            self._buffer += data
            self._look()
            return
        self.received += len(data)
        self._last = (self._last[1], data)
        while self._waiters and self._waiters[0][0] <= self.received:
            self._waiters.popleft()[1].set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let whoever waits know."""
        self._lost = RuntimeError(f"the server closed the connection: {exc}")
        for _, waiter in [*self._waiters, (0, self._found)]:
            if not waiter.done():
                waiter.set_exception(self._lost)

    def _write(self, data: bytes) -> None:
        if self._transport is None:
            raise RuntimeError("not connected")
        self._transport.write(data)

    def _look(self) -> None:
        while self._mark is not None and (end := self._end()) > 0:
            message, self._buffer = self._buffer[:end], self._buffer[end:]
            if self._mark in message:
                self._mark = None
                self._found.set_result(None)

    def _end(self) -> int:
        """Return where the first message in the buffer ends; 0 when it is not whole yet."""
        if self._mark == _UPGRADED:
            found = self._buffer.find(b"\r\n\r\n")
            return 0 if found < 0 else found + 4
        if len(self._buffer) < 2:
            return 0
        size = self._buffer[1]
        extra = 2 if size == 126 else 8 if size == 127 else 0
        if len(self._buffer) < 2 + extra:
            return 0
        length = int.from_bytes(self._buffer[2 : 2 + extra], "big") if extra else size
        end = 2 + extra + length
        return end if len(self._buffer) >= end else 0
