"""A server that speaks OpenAI's chat completions and answers each call after the same time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Self

from tests.provider_server import openai_answer


@dataclass(slots=True)
class SlowModel:
    """What it has to do, and has done.

    Attributes:
        waiting: calls that wait for their answer now.
        most: the most that ever waited at once.
    """

    seconds: float
    url: str = ""
    waiting: int = 0
    most: int = 0

    @classmethod
    @asynccontextmanager
    async def start(cls, seconds: float) -> AsyncGenerator[Self]:
        """Listen on a free port until the block ends."""
        self = cls(seconds)
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0, backlog=2048)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
                self.waiting += 1
                self.most = max(self.most, self.waiting)
                await asyncio.sleep(self.seconds)
                self.waiting -= 1
                writer.write(_REPLY)
        writer.close()


def _reply() -> bytes:
    body = b"".join(openai_answer("fine").pieces)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


_REPLY = _reply()
