"""Opens connections to a gateway's `/ws`, and says in our words why one does not come about."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException
from websockets.http11 import Response

from contracts.errors import GatewayUnreachable, RequestRefused
from stagecast.gateway_address import GatewayAddress

_CLOSE_SECONDS = 1.0  # who leaves does not wait for a server that is gone
_PING_SECONDS = 20.0  # between pings, and for the answer: a connection that is dead is noticed within twice that
_SERVER_FAULT = 500  # and above: worth another try
_CODES = {401: "unauthenticated", 403: "forbidden", 429: "rate_limited"}


class Dialer:
    """Opens connections to one address.

    Args:
        address: where, and who asks.
        ping_seconds: between pings, and how long each may stay without an answer.
    """

    def __init__(self, address: GatewayAddress, *, ping_seconds: float = _PING_SECONDS) -> None:
        self._address = address
        self._ping_seconds = ping_seconds

    async def dial(self) -> ClientConnection:
        """Open a connection.

        Raises:
            GatewayUnreachable: nobody answers, or not as a gateway that can serve just now.
            RequestRefused: the gateway does not let us in.
        """
        try:
            # No size limit: a result may be large, and it is the server that we chose to ask. No compression: it costs
            # both sides more than it saves.
            return await connect(
                self._address.websocket_url,
                additional_headers=self._address.headers,
                compression=None,
                max_size=None,
                ping_interval=self._ping_seconds,
                ping_timeout=self._ping_seconds,
                close_timeout=_CLOSE_SECONDS,
                proxy=True if self._address.may_use_proxy else None,
                ssl=self._address.tls,
            )
        except InvalidStatus as error:
            if error.response.status_code >= _SERVER_FAULT:
                raise self._address.unreachable() from error
            raise _refusal_of(error.response) from None
        except InvalidURI as error:
            raise GatewayUnreachable(f"{self._address.url} is no address: {error}.") from None
        except (OSError, WebSocketException) as error:
            raise self._address.unreachable(error) from error

    def unreachable(self) -> GatewayUnreachable:
        """Make the error that says where nobody answered and what to do."""
        return self._address.unreachable()


def _refusal_of(response: Response) -> RequestRefused:
    status = response.status_code
    fields = _fields_of(response.body or b"")
    message, code = fields.get("error"), fields.get("code")
    return RequestRefused(
        message if isinstance(message, str) else f"The gateway refused the WebSocket ({status}).",
        status=status,
        code=code if isinstance(code, str) else _CODES.get(status),
    )


def _fields_of(body: bytes | bytearray) -> Mapping[str, Any]:
    try:
        return TypeAdapter(dict[str, Any]).validate_json(bytes(body))
    except ValidationError:
        return {}
