"""Limits how long a request body may be, its length announced or not. A body that nobody reads is not looked at."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import BodyTooLarge

_MEGABYTE = 1024 * 1024


class BodyLimit:
    """ASGI middleware: reading a body beyond the limit raises `BodyTooLarge` where it is read.

    It must stand inside the error handlers' reach. So a request that is refused for another reason first, such as an
    unknown pipeline, gets that answer.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a `receive` that counts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        is_too_long = announced.isdigit() and int(announced) > self._max_bytes
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            if is_too_long:
                raise self._refusal()
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise self._refusal()
            return message

        await self._app(scope, receive_counted, send)

    def _refusal(self) -> BodyTooLarge:
        most = self._max_bytes
        shown = f"{most / _MEGABYTE:.4g} MB" if most >= _MEGABYTE else f"{most:,} bytes"
        return BodyTooLarge(f"The request body is longer than {shown}; a file in it may be too large.")
