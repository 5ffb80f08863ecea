"""Where a request carries its token: the `Authorization` header, or a WebSocket's subprotocols. Never the URL.

A URL ends up in logs, histories and `Referer` headers. A browser's WebSocket can send no header, but it can offer
subprotocols: `stagecast.v1`, which the server answers with, and `stagecast.bearer.<token>`, which it does not repeat.
"""

from collections.abc import Iterable, Sequence

from gateway.refusals import Unauthenticated

SUBPROTOCOL = "stagecast.v1"
"""What the server answers with when it was offered."""

_BEARER_SUBPROTOCOL = "stagecast.bearer."
_MAX_CHARACTERS = 8192  # a JWT with many claims has 2,000

RawHeaders = Iterable[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""


def token_of_headers(headers: RawHeaders) -> str | None:
    """Return the bearer token of a request, None when it carries no credentials.

    Raises:
        Unauthenticated: there are several `Authorization` headers, or it is no bearer token.
    """
    values = [value for name, value in headers if name == b"authorization"]
    if not values:
        return None
    scheme, _, token = values[0].decode("latin-1").strip().partition(" ")
    if len(values) > 1 or scheme.lower() != "bearer":
        raise Unauthenticated("Send one header `Authorization: Bearer <token>`.")
    return _checked(token.strip())


def token_of_subprotocols(offered: Sequence[str]) -> str | None:
    """Return the token that a WebSocket's subprotocols carry, None when they carry none.

    Raises:
        Unauthenticated: they carry several.
    """
    tokens = [each.removeprefix(_BEARER_SUBPROTOCOL) for each in offered if each.startswith(_BEARER_SUBPROTOCOL)]
    if not tokens:
        return None
    if len(tokens) > 1:
        raise Unauthenticated(f"Offer one subprotocol `{_BEARER_SUBPROTOCOL}<token>`.")
    return _checked(tokens[0])


def token_of_socket(headers: RawHeaders, offered: Sequence[str]) -> str | None:
    """Return the token of a WebSocket's handshake: that of its header, else that of its subprotocols.

    Raises:
        Unauthenticated: there are several, or it is no bearer token.
    """
    token = token_of_headers(headers)
    return token_of_subprotocols(offered) if token is None else token


def _checked(token: str) -> str:
    if not 0 < len(token) <= _MAX_CHARACTERS:
        raise Unauthenticated("The token is not good.")
    return token
