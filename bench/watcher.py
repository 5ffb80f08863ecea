"""A client of `/ws` as the benches need it: subscribes, and tells events apart without reading more than it must.

It relies on the protocol alone, on nothing of today's gateway: `docs/protocol.md`.
"""

import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

TERMINAL = b'"type":"execution:completed"'
CAUGHT_UP = b'"type":"caught_up"'
_REFUSED = (b'"type":"error"', b'"success":false')


class Watcher:
    """One WebSocket to a gateway."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def connect(cls, url: str) -> "Watcher":
        """Connect, without compression and without pings of ours: the gateway sends some."""
        return cls(await connect(url, compression=None, proxy=None, ping_interval=None, max_size=None))

    async def subscribe(self, execution_id: str, **more: object) -> None:
        """Ask for an execution's events; the answer comes like all messages."""
        await self._socket.send(json.dumps({"type": "subscribe", "executionId": execution_id, **more}))

    async def receive(self) -> bytes:
        """Return the next message.

        Raises:
            RuntimeError: it says that something cannot be served.
        """
        message = await self._socket.recv(decode=False)
        if any(mark in message for mark in _REFUSED):
            raise RuntimeError(f"the gateway does not serve this: {message.decode()[:500]}")
        return message

    async def receive_json(self) -> dict[str, Any]:
        """Return the next message, read."""
        message: dict[str, Any] = json.loads(await self.receive())
        return message

    async def receive_until(self, mark: bytes) -> int:
        """Read up to the message that has `mark`; return how many there were."""
        count = 1
        while mark not in await self.receive():
            count += 1
        return count

    async def close(self) -> None:
        """Close the connection."""
        await self._socket.close()
