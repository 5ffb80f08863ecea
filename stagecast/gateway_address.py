"""Where a gateway is and who asks: what HTTP requests and `/ws` connections of a client have in common."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from contracts.errors import GatewayUnreachable, MissingSetting
from stagecast.certificates import trusting

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class GatewayAddress:
    """One gateway, or any number of them behind one address.

    Attributes:
        url: HTTP address, without a slash at its end.
        headers: sent with each request and each connection.
        tls: whose certificates are accepted; None for those that this machine trusts.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, url: str, token: str | None, ca: Path | None = None) -> "GatewayAddress":
        """Make the address of a user's URL, bearer token and certificate authority.

        Raises:
            MissingSetting: the authority's file cannot be used, or the token is none.
        """
        if token is not None and re.fullmatch(r"[\x21-\x7e]+", token) is None:
            raise MissingSetting("The token has characters that no token has; was it read with a line break?")
        # For an address in clear there is nothing to trust, and websockets refuses a context.
        is_trusted = ca is not None and url.startswith("https://")
        tls = trusting(ca, name="The certificate authority of the gateway") if is_trusted else None
        return cls(url.rstrip("/"), {"Authorization": f"Bearer {token}"} if token else {}, tls)

    @property
    def websocket_url(self) -> str:
        """Address of `/ws`."""
        return f"ws{self.url.removeprefix('http')}/ws"

    @property
    def may_use_proxy(self) -> bool:
        """Whether the environment's proxy may be used: one for the outside world is no way to this machine."""
        return urlsplit(self.url).hostname not in _LOOPBACK

    def unreachable(self, error: BaseException | None = None) -> GatewayUnreachable:
        """Make the error that says where nobody answered, or why it does not count, and what to do."""
        while error is not None:
            if isinstance(error, ssl.SSLCertVerificationError):
                return GatewayUnreachable(
                    f"The certificate of {self.url} is not accepted: {error.verify_message}. Name the authority that "
                    "must have signed it with --tls-ca or STAGECAST_TLS_CA."
                )
            error = error.__cause__ or error.__context__
        return GatewayUnreachable(
            f"No stagecast gateway answers at {self.url}; start one with `stagecast up`, or give another address "
            "with --url."
        )
