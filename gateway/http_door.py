"""The one place where HTTP requests are authorised: by path and method, before any route. A new route is closed.

| request                                                     | needs                                     |
|-------------------------------------------------------------|-------------------------------------------|
| GET, HEAD of `/healthz`, `/readyz`, `/docs`, `/openapi.json`, `/asyncapi.json`, `/asyncapi-nats.json` | nothing |
| GET, HEAD of the files of `web/`                            | nothing                                   |
| GET, HEAD, OPTIONS of `/api/pipeline-files` and below       | `run`: prompts and addresses are in them  |
| any other GET, HEAD, OPTIONS, whether there is such a path or not | `read`                              |
| anything else                                               | `run`; starting an execution is counted, too |

What of it is theirs to see is decided where it is read: `gateway.ownership`.
"""

from collections.abc import Collection

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.errors import StagecastError
from gateway.admission import Admission
from gateway.credentials import token_of_headers
from gateway.errors import refusal_of
from gateway.principal import EVERYBODY, Principal
from gateway.refusals import Unauthenticated

OPEN_PATHS = frozenset(
    {
        "/asyncapi-nats.json",
        "/asyncapi.json",
        "/docs",
        "/docs/oauth2-redirect",
        "/healthz",
        "/openapi.json",
        "/readyz",
    }
)
"""Answered without a token: they tell nothing about anybody's executions."""

_LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})
_SOURCES = "/api/pipeline-files"  # how the paths begin at which looking needs more than `read`
_STARTS = ("/run", "/rerun")  # how the paths end that start an execution
_PRINCIPAL = "stagecast.principal"


class HttpDoor:
    """ASGI middleware: what passes carries its `Principal`, see `principal_of`.

    Args:
        app: what is behind the door.
        admission: knows who may come in.
        public_files: paths that need no token: a browser shows none when it loads a page's own scripts.
    """

    def __init__(self, app: ASGIApp, admission: Admission, public_files: Collection[str] = ()) -> None:
        self._app = app
        self._admission = admission
        self._open_paths = OPEN_PATHS.union(public_files)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer why not."""
        if scope["type"] == "http":
            if self._admission.is_open:
                scope[_PRINCIPAL] = EVERYBODY
            elif scope["path"] not in self._open_paths or scope["method"] not in _LOOKS:
                try:
                    scope[_PRINCIPAL] = await self._admit(scope)
                except StagecastError as refusal:
                    await refusal_of(refusal)(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope) -> Principal:
        address = address_of(scope)
        try:
            token = token_of_headers(scope["headers"])
        except Unauthenticated as refusal:
            self._admission.count_failure(address, refusal)
            raise
        principal = await self._admission.admit(token, address)
        if scope["method"] in _LOOKS:
            principal.require("run" if scope["path"].startswith(_SOURCES) else "read")
            return principal
        principal.require("run")
        if scope["path"].endswith(_STARTS):
            self._admission.admit_submission(principal)
        return principal


def principal_of(request: Request) -> Principal:
    """Return who makes a request that has come through the door."""
    principal: Principal = request.scope[_PRINCIPAL]
    return principal


def address_of(scope: Scope) -> str:
    """Return the address that a connection comes from; a proxy's, unless the server trusts its headers."""
    client = scope.get("client")
    return client[0] if client else ""
