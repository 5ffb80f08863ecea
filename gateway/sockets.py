"""All WebSockets of this gateway: how many one client may have, which are closed for idling, and how all are closed.

What happens on one of them is `gateway.websocket`.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from contracts.errors import StagecastError
from contracts.messages import CloseCode
from gateway.websocket import Socket

_SWEEP_SECONDS = 1.0
_CLOSES_PER_SECOND = 500  # at the end, so that those who come back do not come all at once
_MOST_CLOSING_SECONDS = 3.0  # more sockets are closed faster

_log = structlog.get_logger()


class TooManySockets(StagecastError):
    """A client has as many connections as it may."""

    code = "too_many_connections"


@dataclass(frozen=True, slots=True)
class SocketsLimits:
    """What sockets may do.

    Attributes:
        max_per_client: connections of one token, or of one address where nobody has to say who they are.
        idle_seconds: for how long a client may watch nothing.
        identify_seconds: how long a client may take to say who it is.
    """

    max_per_client: int = 1000
    idle_seconds: float = 600.0
    identify_seconds: float = 10.0


class Sockets:
    """The open sockets of this gateway."""

    def __init__(self, limits: SocketsLimits) -> None:
        self._limits = limits
        self._clients: dict[Socket, str] = {}
        self._counts: Counter[str] = Counter()
        self._sweeping: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._clients)

    def add(self, socket: Socket, client: str) -> None:
        """Take a socket in; `remove` it when it is over.

        Raises:
            TooManySockets: its client has as many as it may.
        """
        if self._counts[client] >= self._limits.max_per_client:
            raise TooManySockets(f"One client may have {self._limits.max_per_client} connections.")
        self._clients[socket] = client
        self._counts[client] += 1

    def rename(self, socket: Socket, client: str) -> None:
        """Count a socket for another client, because it has said who it is; raises like `add`."""
        self.remove(socket)
        self.add(socket, client)

    def remove(self, socket: Socket) -> None:
        """Forget a socket; one that is not known does no harm."""
        client = self._clients.pop(socket, None)
        if client is not None:
            self._counts[client] -= 1
            if not self._counts[client]:
                del self._counts[client]

    @asynccontextmanager
    async def swept(self) -> AsyncGenerator[None]:
        """Close sockets that idle for too long, as long as the context lasts."""
        sweeping = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)

    async def close_all(self) -> None:
        """Close every socket with a hint to come back, one after the other."""
        sockets = list(self._clients)
        random.shuffle(sockets)
        if sockets:
            _log.info("closing sockets", count=len(sockets))
        pause = min(1 / _CLOSES_PER_SECOND, _MOST_CLOSING_SECONDS / max(len(sockets), 1))
        begun = time.monotonic()
        for number, socket in enumerate(sockets):
            socket.close(CloseCode.GOING_AWAY, "the gateway goes down; connect again and resume after your last seq")
            await asyncio.sleep(max(0.0, begun + number * pause - time.monotonic()))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = time.monotonic()
            for socket in list(self._clients):
                if not socket.session.is_identified:
                    if now - socket.opened_at > self._limits.identify_seconds:
                        socket.close(CloseCode.UNAUTHENTICATED, "no token came in time")
                elif socket.idle_since is not None and now - socket.idle_since > self._limits.idle_seconds:
                    socket.close(CloseCode.IDLE, "nothing was watched for long")
