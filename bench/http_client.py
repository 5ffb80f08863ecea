"""A bare HTTP/1.1 client over one kept connection, so that the client's own work stays out of what is measured."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, cast


class HttpClient:
    """One connection, opened when it is needed; one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send JSON and return the answer's JSON.

        Raises:
            RuntimeError: the answer is an error.
        """
        return cast("dict[str, Any]", json.loads(await self._exchange("POST", path, json.dumps(body).encode())))

    async def get(self, path: str) -> dict[str, Any]:
        """Return the JSON at a path; raises like `post`."""
        return cast("dict[str, Any]", json.loads(await self._exchange("GET", path, b"")))

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()

    async def _exchange(self, method: str, path: str, data: bytes) -> bytes:
        if self._streams is None or self._streams[0].at_eof():  # the gateway closes one that was idle for a while
            self.close()
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        answer = await reader.readuntil(b"\r\n\r\n")
        content = await reader.readexactly(_content_length(answer))
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{method} {path} was answered with {answer[9:12].decode()}: {content.decode()[:500]}")
        return content


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError("the answer does not say how long it is")
