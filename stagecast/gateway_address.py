"""Where a gateway is and who asks: what HTTP requests and `/ws` connections of a client have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from contracts.errors import GatewayUnreachable

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class GatewayAddress:
    """One gateway, or any number of them behind one address.

    Attributes:
        url: HTTP address, without a slash at its end.
        headers: sent with each request and each connection.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, url: str, token: str | None) -> "GatewayAddress":
        """Make the address of a user's URL and bearer token."""
        return cls(url.rstrip("/"), {"Authorization": f"Bearer {token}"} if token else {})

    @property
    def websocket_url(self) -> str:
        """Address of `/ws`."""
        return f"ws{self.url.removeprefix('http')}/ws"

    @property
    def may_use_proxy(self) -> bool:
        """Whether the environment's proxy may be used: one for the outside world is no way to this machine."""
        return urlsplit(self.url).hostname not in _LOOPBACK

    def unreachable(self) -> GatewayUnreachable:
        """Make the error that says where nobody answered and what to do."""
        return GatewayUnreachable(
            f"No stagecast gateway answers at {self.url}; start one with `stagecast up`, or give another address "
            "with --url."
        )
