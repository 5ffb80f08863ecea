"""A real WebSocket server whose every message a test sends by hand: for what a gateway does seldom, or must not do."""

import asyncio
import http
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

WAIT_SECONDS = 20.0
Json = dict[str, Any]


class Side:
    """The server's side of one connection."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection

    async def next(self) -> Json:
        """Wait for the client's next message."""
        async with asyncio.timeout(WAIT_SECONDS):
            return json.loads(await self.connection.recv())

    async def send(self, *messages: Json | str) -> None:
        """Send messages as JSON, or texts as they are."""
        async with asyncio.timeout(WAIT_SECONDS):
            for message in messages:
                await self.connection.send(message if isinstance(message, str) else json.dumps(message))

    async def accept(self, **more: object) -> Json:
        """Answer the next message, which asks for a subscription, with `subscribed`; return it."""
        request = await self.next()
        assert request["type"] == "subscribe"
        subject = {name: request[name] for name in ("executionId", "pipelineId") if name in request}
        await self.send({"type": "subscribed", **subject, "success": True, **more})
        return request

    async def close(self, code: int) -> None:
        """Close the connection."""
        await self.connection.close(code)

    async def until_closed(self) -> None:
        """Wait until the client has closed it."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self.connection.wait_closed()


@dataclass
class ConductedServer:
    """What the server was asked.

    Attributes:
        refusals: status and body of the handshakes that are refused, in turn, before one is accepted.
        headers: those of each handshake.
    """

    url: str = ""
    refusals: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    _accepted: asyncio.Queue[Side] = field(default_factory=asyncio.Queue[Side])

    async def connected(self) -> Side:
        """Wait for the next connection."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._accepted.get()

    @property
    def is_quiet(self) -> bool:
        """Whether there is no connection that the test has not taken."""
        return self._accepted.empty()

    def take_handshake(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a handshake."""
        self.headers.append({name.lower(): value for name, value in request.headers.raw_items()})
        if not self.refusals:
            return None
        status, body = self.refusals.pop(0)
        return connection.respond(http.HTTPStatus(status), body)

    async def serve(self, connection: ServerConnection) -> None:
        """Hand a connection to the test, and keep it until it is closed."""
        await self._accepted.put(Side(connection))
        try:
            await connection.wait_closed()
        except ConnectionClosed:
            return


@asynccontextmanager
async def conducted_server() -> AsyncGenerator[ConductedServer]:
    """Listen on a free loopback port for as long as the context lasts."""
    conducted = ConductedServer()
    async with serve(
        conducted.serve, "127.0.0.1", 0, process_request=conducted.take_handshake, close_timeout=0.5, ping_interval=None
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        conducted.url = f"http://127.0.0.1:{port}"
        yield conducted
