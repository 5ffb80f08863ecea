"""JWTs of an identity provider: what makes one good, and who it says is asking. Its keys are in `signing_keys`.

PyJWT checks signature, `exp`, `nbf`, `iat`, and `iss` and `aud` where they are set. `sub` is the name. Scopes are in
`scope` or `scp` (separated by spaces) or in `scopes` or `scp` (a list); those that are not ours are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import jwt
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    MissingRequiredClaimError,
    PyJWTError,
)

from contracts.scopes import SCOPES, Scope
from gateway.principal import Principal
from gateway.refusals import Unauthenticated
from gateway.signing_keys import ALGORITHMS, SigningKey, SigningKeys

_LEEWAY_SECONDS = 10  # by which our clock and the provider's may differ
_LAST_SECOND = 253_402_300_799  # of the year 9999, which is as far as dates go
_MAX_NAME = 200
_KNOWN_ALGORITHMS = frozenset(each for kind in ALGORITHMS.values() for each in kind)
_NOT_GOOD = "The token is not good."

_FAULTS: Mapping[type[PyJWTError], str] = {
    ExpiredSignatureError: "The token has expired.",
    ImmatureSignatureError: "The token is not valid yet.",
    InvalidAudienceError: "The token is for another audience.",
    InvalidIssuerError: "The token is of another issuer.",
    MissingRequiredClaimError: "The token lacks a claim; exp and sub are needed, and what the gateway is set to check.",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a JWT must say; None is not checked."""

    issuer: str | None = None
    audience: str | None = None


class SignedTokens:
    """Knows whose JWT is good."""

    def __init__(self, keys: SigningKeys, expected: Expected) -> None:
        self._keys = keys
        self._expected = expected

    async def find(self, token: str) -> Principal | None:
        """Return who a JWT says is asking, None when it is no JWT.

        Raises:
            Unauthenticated: it is not good.
            IdentityUnavailable: there is no key to check it with just now.
        """
        if token.count(".") != 2:
            return None
        try:
            header = jwt.get_unverified_header(token)
        except PyJWTError:
            raise Unauthenticated(_NOT_GOOD) from None
        # Before any key is looked for: `none` and shared secrets are refused whatever the keys are.
        if header.get("alg") not in _KNOWN_ALGORITHMS:
            raise Unauthenticated("The token is not signed in a way that is accepted here.")
        key = await self._keys.find(header.get("kid"))
        if key is None:
            raise Unauthenticated("The token is signed with a key that the identity provider does not have.")
        return _principal_of(self._claims_of(token, key))

    async def look(self) -> None:
        """Do nothing: what is signed stays good until it expires."""

    def knows(self, proof: str) -> bool:
        """Know none."""
        return False

    def _claims_of(self, token: str, key: SigningKey) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=key.algorithms,
                issuer=self._expected.issuer,
                audience=self._expected.audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "sub"], "verify_aud": self._expected.audience is not None},
            )
        except PyJWTError as error:
            raise Unauthenticated(_FAULTS.get(type(error), _NOT_GOOD)) from None
        except (TypeError, ValueError):  # a key of one kind, a signature of another
            raise Unauthenticated(_NOT_GOOD) from None


def _principal_of(claims: dict[str, Any]) -> Principal:
    name = claims["sub"]
    # One line, so that it cannot pass for two in a log, and short, as it becomes part of events.
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        raise Unauthenticated(f"The token's sub must be one line of 1 to {_MAX_NAME} characters.")
    until = datetime.fromtimestamp(min(int(claims["exp"]), _LAST_SECOND), UTC)
    return Principal(name, _scopes_of(claims), until)


def _scopes_of(claims: dict[str, Any]) -> frozenset[Scope]:
    given: set[str] = set()
    for name in ("scope", "scopes", "scp"):
        value = claims.get(name)
        if isinstance(value, str):
            given.update(value.split())
        elif isinstance(value, list):
            given.update(each for each in cast("list[object]", value) if isinstance(each, str))
    return frozenset(scope for scope in SCOPES if scope in given)
