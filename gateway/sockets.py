"""All WebSockets of this gateway: which are closed for idling, and how all are closed.

What happens on one of them is `gateway.websocket`; how many a client may have, `gateway.places`.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from contracts.messages import CloseCode
from gateway.admission import Admission
from gateway.places import Places
from gateway.websocket import Socket

_SWEEP_SECONDS = 1.0
_CLOSES_PER_SECOND = 500  # at the end, so that those who come back do not come all at once
_MOST_CLOSING_SECONDS = 3.0  # more sockets are closed faster

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SocketsLimits:
    """What sockets may do.

    Attributes:
        idle_seconds: for how long a client may watch nothing.
        identify_seconds: how long a client may take to say who it is.
    """

    idle_seconds: float = 600.0
    identify_seconds: float = 10.0


class Sockets:
    """The open sockets of this gateway.

    Args:
        limits: what they may do.
        places: how many a client may have.
        admission: knows whose token is still good.
    """

    def __init__(self, limits: SocketsLimits, places: Places, admission: Admission) -> None:
        self._limits = limits
        self._admission = admission
        self._places = places
        self._clients: dict[Socket, str] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._clients)

    def add(self, socket: Socket, client: str) -> None:
        """Take a socket in; `remove` it when it is over.

        Raises:
            TooManyConnections: its client has as many as it may.
        """
        self._places.take(client)
        self._clients[socket] = client

    def rename(self, socket: Socket, client: str) -> None:
        """Count a socket for another client, because it has said who it is; raises like `add`."""
        self.remove(socket)
        self.add(socket, client)

    def remove(self, socket: Socket) -> None:
        """Forget a socket; one that is not known does no harm."""
        client = self._clients.pop(socket, None)
        if client is not None:
            self._places.free(client)

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
            await self._admission.look()
            now = time.monotonic()
            for socket in list(self._clients):
                if socket.principal is not None and not self._admission.holds(socket.principal):
                    socket.close(CloseCode.UNAUTHENTICATED, "the token has expired or was revoked")
                elif not socket.session.is_identified:
                    if now - socket.opened_at > self._limits.identify_seconds:
                        socket.close(CloseCode.UNAUTHENTICATED, "no token came in time")
                elif socket.idle_since is not None and now - socket.idle_since > self._limits.idle_seconds:
                    socket.close(CloseCode.IDLE, "nothing was watched for long")
