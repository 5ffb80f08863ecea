"""A plain WebSocket client of `/ws` for tests: it sends the protocol's JSON by hand and keeps what comes, in order."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

Message = dict[str, Any]
WAIT_SECONDS = 30.0


class Socket:
    """One connection.

    Attributes:
        received: all that came.
        marks: the `caught_up` markers that `next` has passed over.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.received: list[Message] = []
        self.marks: list[Message] = []

    async def send(self, message: object) -> None:
        """Send a message as JSON, or a text as it is."""
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def next(self) -> Message:
        """Wait for the next message that is no marker."""
        while (message := await self.next_of_all())["type"] == "caught_up":
            self.marks.append(message)
        return message

    async def next_of_all(self) -> Message:
        """Wait for the next message."""
        async with asyncio.timeout(WAIT_SECONDS):
            message: Message = json.loads(await self.connection.recv())
        self.received.append(message)
        return message

    async def until(self, accept: Callable[[Message], bool]) -> list[Message]:
        """Wait until a message is accepted; return all that came on the way, it included."""
        seen: list[Message] = []
        while True:
            seen.append(await self.next())
            if accept(seen[-1]):
                return seen

    async def subscribe(self, execution_id: str, **more: object) -> Message:
        """Subscribe and return the first answer."""
        await self.send({"type": "subscribe", "executionId": execution_id, **more})
        return await self.next()

    async def until_end(self, execution_id: str) -> list[Message]:
        """Collect messages until the execution's terminal event."""
        return await self.until(
            lambda message: message["type"] == "execution:completed" and message["executionId"] == execution_id
        )


@asynccontextmanager
async def open_socket(url: str, *, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Socket]:
    """Connect to `/ws`."""
    async with connect(url, max_size=64 * 1024 * 1024, ssl=tls) as connection:
        yield Socket(connection)
