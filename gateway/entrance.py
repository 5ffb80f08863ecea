"""The way in to `/ws`: a handshake becomes a served socket, or is refused. ASGI, before the framework's own layers.

The framework would keep a dozen frames and a request object for every open socket. Who may come in is decided by what
this is given; what is said on the socket is `gateway.websocket`.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.messages import CloseCode
from gateway.frames import Frames
from gateway.outlet import Outlet
from gateway.session import Session, SessionLimits
from gateway.socket_protocol import SCOPE_KEY, SocketProtocol
from gateway.sockets import Sockets, TooManySockets
from gateway.subscriptions import Subscriptions
from gateway.websocket import Socket

PATH = "/ws"


class Hall:
    """What every socket shares.

    Args:
        subscriptions: what can be watched.
        sockets: all that are open.
        limits: what a client may do on one connection.
        patience_seconds: how long a client may take nothing of what it is sent.
    """

    def __init__(
        self, subscriptions: Subscriptions, sockets: Sockets, limits: SessionLimits, *, patience_seconds: float
    ) -> None:
        self.sockets = sockets
        self._subscriptions = subscriptions
        self._limits = limits
        self._patience_seconds = patience_seconds
        self._frames = Frames()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it is over."""
        protocol: SocketProtocol = scope["extensions"][SCOPE_KEY]["protocol"]
        await receive()  # the request to connect
        await send({"type": "websocket.accept"})
        outlet = Outlet(protocol, self._frames, patience_seconds=self._patience_seconds)
        socket = Socket(outlet, Session(self._limits), self._subscriptions)
        try:
            self.sockets.add(socket, scope["client"][0])
        except TooManySockets as error:
            outlet.close(CloseCode.TOO_MANY, error.message)
            return
        try:
            await socket.serve(receive)
        finally:
            self.sockets.remove(socket)


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
