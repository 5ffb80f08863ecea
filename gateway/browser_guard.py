"""Turns away what a browser sends for a page that may not use the gateway. The decisions are in `gateway.origin`."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import refusal_of
from gateway.origin import BrowserRules
from gateway.refusals import HostNotAllowed, OriginNotAllowed

_PROBES = frozenset({"/healthz", "/readyz"})  # load balancers ask by address, and the answers tell nothing
_MAX_KNOWN_HOSTS = 100
_CHANGES_NOTHING = frozenset({"GET", "HEAD"})


class BrowserGuard:
    """ASGI middleware for HTTP; a WebSocket's handshake is looked at by `check_handshake`."""

    def __init__(self, app: ASGIApp, rules: BrowserRules) -> None:
        self._app = app
        self._rules = rules
        self._known_hosts: set[str | None] = set()  # names that were looked at and are good: nearly all are the same

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] == "http":
            origin, host = _origin_and_host(scope)
            if host not in self._known_hosts and not self._goes_by(host) and scope["path"] not in _PROBES:
                await refusal_of(HostNotAllowed())(scope, receive, send)
                return
            # What only looks is let through: the browser does not show the answer to a page of another origin.
            changes = scope["method"] not in _CHANGES_NOTHING
            if changes and not self._rules.allows_origin(origin, scheme=scope["scheme"], host=host):
                await refusal_of(OriginNotAllowed())(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _goes_by(self, host: str | None) -> bool:
        if not self._rules.allows_host(host):
            return False
        if len(self._known_hosts) < _MAX_KNOWN_HOSTS:
            self._known_hosts.add(host)
        return True


def check_handshake(scope: Scope, rules: BrowserRules) -> None:
    """Do nothing if this WebSocket may be opened as far as its page and the name that it calls us by go.

    Raises:
        HostNotAllowed: we do not go by that name.
        OriginNotAllowed: it is a page's that may not. A browser would show it what the socket says, unlike with HTTP.
    """
    origin, host = _origin_and_host(scope)
    if not rules.allows_host(host):
        raise HostNotAllowed
    if not rules.allows_origin(origin, scheme=scope["scheme"], host=host):
        raise OriginNotAllowed


def _origin_and_host(scope: Scope) -> tuple[str | None, str | None]:
    origin = host = None
    for name, value in scope["headers"]:
        if name == b"host":
            host = value.decode("latin-1")
        elif name == b"origin":
            origin = value.decode("latin-1")
    return origin, host
