"""The `/ws` connections of one client: as few as carry its subscriptions, and when the next one may be tried.

However many subscriptions wait for a connection, one is tried at a time. Who gives up when is `stagecast.resumption`'s
affair.
"""

import asyncio
import time

from contracts.errors import GatewayUnreachable, RequestRefused
from contracts.messages import CloseCode, Subscribe
from stagecast.arrivals import Arrivals, Closed
from stagecast.closing import pause_seconds
from stagecast.connection import Connection
from stagecast.dialer import Dialer

TOO_MANY_REQUESTS = 429


class Connections:
    """Makes connections where they are needed, and keeps them until it is closed.

    Args:
        dialer: opens them.

    Attributes:
        was_open: whether one ever came about.
    """

    def __init__(self, dialer: Dialer) -> None:
        self.was_open = False
        self._dialer = dialer
        self._connections: list[Connection] = []
        self._dialling: asyncio.Task[GatewayUnreachable | RequestRefused | None] | None = None
        self._tries = 0
        self._not_before = 0.0
        self._is_closed = False

    async def subscribe(self, request: Subscribe) -> tuple[Connection, Arrivals]:
        """Ask for a subscription on a connection that has room for it, or on a new one; return where it is.

        A new one is not tried at once where the last one came to a bad end. Cancelling this cancels no connection that
        others wait for.

        Raises:
            GatewayUnreachable: no connection came about this time.
            RequestRefused: the gateway let none in this time.
        """
        while True:
            for connection in self._connections:
                if connection.has_room_for(request):
                    return connection, connection.subscribe(request)
            if self._is_closed:
                raise RuntimeError("the client is closed")
            if self._dialling is None:
                self._dialling = asyncio.create_task(self._dial())
            if (error := await asyncio.shield(self._dialling)) is not None:
                raise error.with_traceback(None)  # one error for all who waited

    def unreachable(self) -> GatewayUnreachable:
        """Make the error that says where nobody answered and what to do."""
        return self._dialer.unreachable()

    async def close(self) -> None:
        """End all of them; what was subscribed ends, and nothing is subscribed any more."""
        self._is_closed = True
        if self._dialling is not None:
            self._dialling.cancel()
            await asyncio.gather(self._dialling, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in [*self._connections]))

    async def _dial(self) -> GatewayUnreachable | RequestRefused | None:
        try:
            await asyncio.sleep(self._not_before - time.monotonic())
            socket = await self._dialer.dial()
        except GatewayUnreachable as error:
            self._wait_before_next(None)
            return error
        except RequestRefused as error:
            self._wait_before_next(CloseCode.TOO_MANY if error.status == TOO_MANY_REQUESTS else None)
            return error
        else:
            self.was_open = True
            self._connections.append(Connection(socket, self._forget))
            return None
        finally:
            self._dialling = None

    def _forget(self, connection: Connection, closed: Closed) -> None:
        self._connections.remove(connection)
        self._tries = 0 if connection.was_useful else self._tries
        self._wait_before_next(closed.code)

    def _wait_before_next(self, code: int | None) -> None:
        self._not_before = time.monotonic() + pause_seconds(code, self._tries)
        self._tries += 1
