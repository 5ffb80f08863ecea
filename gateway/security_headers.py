"""Headers that tell browsers to be careful, on every HTTP answer. A header that the answer has is left alone."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_Headers = tuple[tuple[bytes, bytes], ...]

_STRICT_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# What the framework's page of the API loads, and no more: its script and style from a CDN, and one script in the page.
_DOCS_POLICY = (
    b"default-src 'none'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; "
    b"style-src 'unsafe-inline' https://cdn.jsdelivr.net; img-src data: https://fastapi.tiangolo.com; "
    b"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_POLICIES = {"/docs": _DOCS_POLICY, "/docs/oauth2-redirect": _DOCS_POLICY}

_ALWAYS: _Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_POLICY = b"content-security-policy"
_CACHE = (b"cache-control", b"no-store")  # answers about executions belong to who asked
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeaders:
    """ASGI middleware. It looks at the first message of an answer and passes on the others as they come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_careful(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_missing(scope, message)]
            await send(message)

        await self._app(scope, receive, send_careful)


def _missing(scope: Scope, message: Message) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in message.get("headers", ())}
    path: str = scope["path"]
    wanted = [*_ALWAYS, (_POLICY, _POLICIES.get(path, _STRICT_POLICY))]
    if path.startswith("/api/"):
        wanted.append(_CACHE)
    if scope["scheme"] == "https":
        wanted.append(_HSTS)
    return [header for header in wanted if header[0] not in present]
