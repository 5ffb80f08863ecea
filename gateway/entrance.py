"""The way in to `/ws`: a handshake becomes a served socket, or is refused. ASGI, before the framework's own layers.

The framework would keep a dozen frames and a request object for every open socket. Who may come in is decided by what
this is given; what is said on the socket is `gateway.websocket`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.errors import StagecastError
from gateway.admission import Admission
from gateway.browser_guard import check_handshake
from gateway.credentials import SUBPROTOCOL, token_of_socket
from gateway.errors import refusal_of
from gateway.frames import Frames
from gateway.http_door import address_of
from gateway.origin import BrowserRules
from gateway.outlet import Outlet
from gateway.places import client_of
from gateway.principal import EVERYBODY, Principal
from gateway.session import Session, SessionLimits
from gateway.socket_protocol import SCOPE_KEY, SocketProtocol
from gateway.sockets import Sockets
from gateway.subscriptions import Subscriptions
from gateway.websocket import Socket, close_of

PATH = "/ws"


@dataclass(frozen=True, slots=True)
class Guards:
    """Who decides who may come in: by who they are, and by the page that a browser shows."""

    admission: Admission
    rules: BrowserRules


class Hall:
    """What every socket shares.

    Args:
        guards: who may come in.
        subscriptions: what can be watched.
        sockets: all that are open.
        limits: what a client may do on one connection.
        patience_seconds: how long a client may take nothing of what it is sent.
    """

    def __init__(
        self,
        guards: Guards,
        subscriptions: Subscriptions,
        sockets: Sockets,
        limits: SessionLimits,
        *,
        patience_seconds: float,
    ) -> None:
        self._guards = guards
        self._subscriptions = subscriptions
        self._sockets = sockets
        self._limits = limits
        self._patience_seconds = patience_seconds
        self._frames = Frames()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it is over."""
        try:
            check_handshake(scope, self._guards.rules)
        except StagecastError as refusal:
            await _refuse(refusal, send)
            return
        await receive()  # the request to connect
        await send({"type": "websocket.accept", "subprotocol": _chosen(scope["subprotocols"])})
        address = address_of(scope)
        protocol: SocketProtocol = scope["extensions"][SCOPE_KEY]["protocol"]
        outlet = Outlet(protocol, self._frames, patience_seconds=self._patience_seconds)
        itself: list[Socket] = []  # emptied at the end: what leads in a circle waits for the garbage collector
        # From here on a refusal is a close code: a browser does not show the status of a handshake.
        try:
            principal = await self._principal_of(scope, address)
            session = Session(self._limits, is_identified=principal is not None)
            socket = Socket(
                outlet, session, self._subscriptions, lambda token: self._identify(itself[0], token, address)
            )
            itself.append(socket)
            socket.principal = principal
            self._sockets.add(socket, client_of(principal, address))
        except StagecastError as refusal:
            code, reason = close_of(refusal)
            outlet.close(code, reason)
            return
        try:
            await socket.serve(receive)
        finally:
            self._sockets.remove(socket)
            itself.clear()

    async def _principal_of(self, scope: Scope, address: str) -> Principal | None:
        """Return who opens a socket; None where they have to say it on the socket."""
        if self._guards.admission.is_open:
            return EVERYBODY
        token = token_of_socket(scope["headers"], scope["subprotocols"])
        return None if token is None else await self._admit(token, address)

    async def _identify(self, socket: Socket, token: str, address: str) -> Principal:
        principal = await self._admit(token, address)
        self._sockets.rename(socket, client_of(principal, address))
        return principal

    async def _admit(self, token: str, address: str) -> Principal:
        principal = await self._guards.admission.admit(token, address)
        principal.require("read")
        return principal


def _chosen(offered: Sequence[str]) -> str | None:
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


async def _refuse(refusal: StagecastError, send: Send) -> None:
    response = refusal_of(refusal)
    start = {"status": response.status_code, "headers": response.raw_headers}
    await send({"type": "websocket.http.response.start", **start})
    await send({"type": "websocket.http.response.body", "body": response.body})


class SocketEntrance:
    """ASGI middleware that serves `/ws` itself, and refuses WebSockets elsewhere."""

    def __init__(self, app: ASGIApp, hall: Hall) -> None:
        self._app = app
        self._hall = hall

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket, or pass the request on."""
        if scope["type"] == "websocket" and scope["path"] == PATH:
            await self._hall.serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)
