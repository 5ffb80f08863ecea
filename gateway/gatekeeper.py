"""Who is asking: nobody is asked, or a token tells. What they may is in `principal`, how often in `admission`."""

from collections.abc import Sequence
from typing import Protocol

import structlog

from contracts.errors import MissingSetting
from gateway.access_settings import AccessSettings
from gateway.known_tokens import KnownTokens
from gateway.principal import EVERYBODY, Principal
from gateway.refusals import Unauthenticated
from gateway.signed_tokens import Expected, SignedTokens
from gateway.signing_keys import SigningKeys

_log = structlog.get_logger()


class TokenSource(Protocol):
    """Knows the tokens of one kind."""

    async def find(self, token: str) -> Principal | None:
        """Return whose token it is, None when this source does not know it.

        Raises:
            Unauthenticated: it knows the token, and it is not good.
            IdentityUnavailable: it cannot tell just now.
        """
        ...

    async def look(self) -> None:
        """Take what has changed since it was looked at last."""
        ...

    def knows(self, proof: str) -> bool:
        """Tell whether a token of this digest is still good, as far as was looked."""
        ...


class Gatekeeper:
    """Tells who is asking.

    Args:
        sources: where tokens are known from, asked in order; without any, nobody is asked who they are.
    """

    def __init__(self, sources: Sequence[TokenSource] = ()) -> None:
        self._sources = sources

    @classmethod
    def from_settings(cls, settings: AccessSettings) -> "Gatekeeper":
        """Make the one that the settings want.

        Raises:
            MissingSetting: tokens are to be asked for, and there is nothing to know them by.
        """
        if not settings.asks_for_tokens:
            if not settings.is_on_loopback:
                _log.warning("open to everybody who can reach it: STAGECAST_AUTH is off", host=settings.host)
            return cls()
        sources: list[TokenSource] = []
        if settings.tokens_file is not None:
            sources.append(KnownTokens(settings.tokens_file))
        if settings.jwks_url is not None:
            if settings.jwt_audience is None:
                _log.warning("JWTs for any audience are let in: STAGECAST_JWT_AUDIENCE is not set")
            expected = Expected(settings.jwt_issuer, settings.jwt_audience)
            sources.append(SignedTokens(SigningKeys(settings.jwks_url), expected))
        if not sources:
            raise MissingSetting(
                f"Listening on {settings.host}, the gateway asks for tokens and knows none: make one with `stagecast "
                "token new NAME` and set STAGECAST_TOKENS_FILE, or STAGECAST_JWKS_URL, or STAGECAST_AUTH=off."
            )
        return cls(sources)

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are."""
        return not self._sources

    async def identify(self, token: str | None) -> Principal:
        """Return who is asking.

        Raises:
            Unauthenticated: there is no token, or none that is good.
            IdentityUnavailable: it cannot be told just now.
        """
        if self.is_open:
            return EVERYBODY
        if token is None:
            raise Unauthenticated("A token is needed: send `Authorization: Bearer <token>`.")
        for source in self._sources:
            principal = await source.find(token)
            if principal is not None:
                return principal
        raise Unauthenticated("The token is not good.")

    async def look(self) -> None:
        """Learn which tokens were revoked."""
        for source in self._sources:
            await source.look()

    def holds(self, principal: Principal) -> bool:
        """Tell whether what proved who they are was not revoked, as far as was looked."""
        return principal.proof is None or any(source.knows(principal.proof) for source in self._sources)
