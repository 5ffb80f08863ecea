"""A server of keys, what knows whose tokens its keys sign, and the clock between them."""

import pytest

from gateway.refusals import Unauthenticated
from gateway.signed_tokens import Expected, SignedTokens
from gateway.signing_keys import SigningKeys
from tests.jwks_server import AUDIENCE, ISSUER, JwksServer, Signer

RSA = Signer.rsa()
ELLIPTIC = Signer.elliptic()
EDWARDS = Signer.edwards()
EXPECTED = Expected(ISSUER, AUDIENCE)


class Provider:
    """Checks tokens against a server of keys, with a clock that the test moves."""

    def __init__(self, server: JwksServer, expected: Expected = EXPECTED) -> None:
        self.server = server
        self.now = 0.0
        self.tokens = SignedTokens(SigningKeys(server.url, clock=lambda: self.now), expected)

    async def name_of(self, token: str) -> str | None:
        """Return whose token it is."""
        principal = await self.tokens.find(token)
        return None if principal is None else principal.name

    async def refusal_of(self, token: str) -> str:
        """Return why a token is refused."""
        with pytest.raises(Unauthenticated) as refusal:
            await self.tokens.find(token)
        return refusal.value.message
