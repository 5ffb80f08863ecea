"""A real server on a loopback port whose every answer a test decides: `/ws`, and HTTP for submissions."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

WAIT_SECONDS = 60.0
EXECUTION_ID = "exec_1703187600000_abcdefghijklmnop"

Json = dict[str, Any]


def event(seq: int | None, kind: str = "stage:started", **more: Any) -> Json:
    """Make an event; `seq` None is live text, unless another kind is given."""
    kind = "stage:output" if seq is None and kind == "stage:started" else kind
    numbered = {} if seq is None else {"seq": seq}
    return {"type": kind, "executionId": EXECUTION_ID, **numbered, **more}


def subscribed(first: int, last: int, **more: Any) -> Json:
    """Make the answer to `subscribe`."""
    answer = {"success": True, "status": "running", "from": first, "to": last, "recovered": True}
    return {"type": "subscribed", "executionId": EXECUTION_ID, **answer, **more}


class Line:
    """One WebSocket connection, from the gateway's side."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection

    async def receive(self) -> Json:
        """Wait for the client's next message."""
        async with asyncio.timeout(WAIT_SECONDS):
            message: Json = json.loads(await self._connection.recv())
        return message

    async def subscription(self, **more: Any) -> Json:
        """Wait for the client's next message, a `subscribe`, and answer it; `more` goes into the answer."""
        message = await self.receive()
        assert message["type"] == "subscribe", message
        await self.send(subscribed(message.get("after", -1) + 1, -1, **more))
        return message

    async def send(self, *messages: Json | str) -> None:
        """Send messages as JSON, and texts as they are."""
        for message in messages:
            await self._connection.send(message if isinstance(message, str) else json.dumps(message))

    async def answer_each(self, answers: Mapping[str, Json]) -> None:
        """Answer each message by its type until the client is gone."""
        with suppress(ConnectionClosed):
            while True:
                await self.send(answers[(await self.receive())["type"]])

    async def close(self, code: int) -> None:
        """Close it with a code."""
        await self._connection.close(code)

    async def closed(self) -> int:
        """Wait until the client is gone, past what it sends; return the close code."""
        async with asyncio.timeout(WAIT_SECONDS):
            try:
                while True:
                    await self._connection.recv()
            except ConnectionClosed:
                return self._connection.close_code or 0

    def cut(self) -> None:
        """End it without a close frame, as a crash does."""
        self._connection.transport.abort()


class ScriptedSockets:
    """`/ws` of a gateway."""

    def __init__(self, url: str, lines: "asyncio.Queue[Line]") -> None:
        self.url = url
        self._lines = lines

    async def accept(self) -> Line:
        """Wait for the client's next connection."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._lines.get()


@asynccontextmanager
async def scripted_sockets() -> AsyncGenerator[ScriptedSockets]:
    """Listen for WebSockets, for as long as the context lasts."""
    lines: asyncio.Queue[Line] = asyncio.Queue()

    async def take(connection: ServerConnection) -> None:
        assert connection.request is not None
        assert connection.request.path == "/ws"  # a token in the address would be seen here
        lines.put_nowait(Line(connection))
        await connection.wait_closed()

    async with serve(take, "127.0.0.1", 0, ping_interval=None, close_timeout=1) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield ScriptedSockets(f"http://127.0.0.1:{port}", lines)


class HttpRequest:
    """One request, which the test answers, or not."""

    def __init__(self, head: str, body: str, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.split("\r\n")
        self.line = first
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}
        self.body = body
        self._writer = writer

    async def answer(self, status: int, content: object, **headers: str) -> None:
        """Answer with JSON."""
        body = json.dumps(content).encode()
        fields = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
        lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in {**fields, **headers}.items()]
        self._writer.write(f"HTTP/1.1 {status} Said so\r\n{''.join(lines)}\r\n".encode() + body)
        await self._writer.drain()
        self._writer.close()

    def cut(self) -> None:
        """End the connection without any answer, after the request was read: it may have been obeyed."""
        self._writer.transport.abort()


class ScriptedHttp:
    """HTTP of a gateway."""

    def __init__(self, url: str, requests: "asyncio.Queue[HttpRequest]") -> None:
        self.url = url
        self._requests = requests

    async def accept(self) -> HttpRequest:
        """Wait for the client's next request."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._requests.get()


@asynccontextmanager
async def scripted_http() -> AsyncGenerator[ScriptedHttp]:
    """Listen for HTTP requests, for as long as the context lasts."""
    requests: asyncio.Queue[HttpRequest] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().removesuffix("\r\n\r\n")
        request = HttpRequest(head, "", writer)
        request.body = (await reader.readexactly(int(request.headers.get("content-length", "0")))).decode()
        requests.put_nowait(request)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield ScriptedHttp(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests)
