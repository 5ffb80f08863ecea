"""JWTs against a real server of keys: which are good, and every way in which one is not."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from gateway.signed_tokens import Expected
from tests.jwks_server import AUDIENCE, ISSUER, JwksServer, Signer
from tests.unit.gateway.identity import EDWARDS, ELLIPTIC, RSA, Provider

NOTHING = set[str]()


@pytest.fixture
async def provider() -> AsyncGenerator[Provider]:
    async with JwksServer.start(RSA, ELLIPTIC, EDWARDS) as server:
        yield Provider(server)


def part(fields: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("signer", [RSA, ELLIPTIC, EDWARDS], ids=lambda signer: signer.algorithm)
async def test_a_good_token_tells_who_it_is_what_they_may_and_until_when(provider: Provider, signer: Signer) -> None:
    exp = int(time.time()) + 300
    principal = await provider.tokens.find(signer.token(sub="bob", scope="read profile", exp=exp))
    assert principal is not None
    assert (principal.name, principal.scopes) == ("bob", {"read"})
    assert principal.until is not None
    assert principal.until.timestamp() == exp


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "read run admin"}, {"read", "run", "admin"}),
        ({"scope": None, "scopes": ["run", "other", 7]}, {"run"}),
        ({"scope": None, "scp": ["read"]}, {"read"}),
        ({"scope": None, "scp": "read run"}, {"read", "run"}),
        ({"scope": None}, NOTHING),
        ({"scope": {"read": True}}, NOTHING),
        ({"scope": "readrun READ"}, NOTHING),
    ],
)
async def test_scopes_are_found_where_providers_put_them(
    provider: Provider, claims: dict[str, Any], scopes: set[str]
) -> None:
    principal = await provider.tokens.find(RSA.token(**claims))
    assert principal is not None
    assert principal.scopes == scopes


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"exp": None}, "lacks a claim"),
        ({"nbf": int(time.time()) + 86_400}, "not valid yet"),
        ({"aud": "somebody-else"}, "another audience"),
        ({"aud": None}, "lacks a claim"),
        ({"iss": "https://evil.test"}, "another issuer"),
        ({"iss": None}, "lacks a claim"),
        ({"sub": None}, "lacks a claim"),
        ({"sub": ""}, "sub must be"),
        ({"sub": "two\nlines"}, "sub must be"),
        ({"sub": "x" * 201}, "sub must be"),
    ],
)
async def test_a_token_that_says_something_else_is_refused(
    provider: Provider, claims: dict[str, Any], why: str
) -> None:
    assert why in await provider.refusal_of(RSA.token(**claims))


async def test_a_token_that_is_just_over_is_still_taken_as_clocks_differ(provider: Provider) -> None:
    assert await provider.name_of(RSA.token(exp=int(time.time()) - 5)) == "alice"


async def test_a_token_may_be_good_for_ever(provider: Provider) -> None:
    assert await provider.name_of(RSA.token(exp=10**20)) == "alice"


async def test_the_signature_of_another_key_is_refused(provider: Provider) -> None:
    stranger = Signer.rsa(RSA.key_id)
    assert await provider.refusal_of(stranger.token()) == "The token is not good."


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
async def test_a_token_without_a_signature_is_refused(provider: Provider, algorithm: str) -> None:
    claims = {"sub": "alice", "exp": int(time.time()) + 60, "iss": ISSUER, "aud": AUDIENCE, "scope": "admin"}
    for end in ("", RSA.token().rpartition(".")[2]):
        token = f"{part({'alg': algorithm, 'kid': RSA.key_id, 'typ': 'JWT'})}.{part(claims)}.{end}"
        assert "not signed in a way" in await provider.refusal_of(token)


async def test_the_public_key_is_no_shared_secret(provider: Provider) -> None:
    secret = RSA.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = {"sub": "alice", "exp": int(time.time()) + 60, "iss": ISSUER, "aud": AUDIENCE, "scope": "admin"}
    for algorithm in ("HS256", "RS256"):  # as it is, and with a header that lies
        text = f"{part({'alg': algorithm, 'kid': RSA.key_id, 'typ': 'JWT'})}.{part(claims)}"
        signature = base64.urlsafe_b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).rstrip(b"=")
        await provider.refusal_of(f"{text}.{signature.decode()}")


async def test_a_key_is_not_used_for_an_algorithm_of_another_kind(provider: Provider) -> None:
    await provider.refusal_of(ELLIPTIC.token(headers={"kid": RSA.key_id}))
    await provider.refusal_of(RSA.token(headers={"kid": ELLIPTIC.key_id}))


async def test_an_algorithm_that_the_key_does_not_name_is_refused(provider: Provider) -> None:
    provider.server.keys = [RSA.public_jwk(alg="RS512")]
    assert await provider.refusal_of(RSA.token()) == "The token is not good."


@pytest.mark.parametrize(
    "token", ["..", "a.b.c", "a.b", "", "eyJhbGciOiJSUzI1NiJ9..", "é.é.é", "eyJhbGciOiJSUzI1NiJ9.e30.AA"]
)
async def test_what_is_no_jwt_is_refused_or_left_to_others(provider: Provider, token: str) -> None:
    if token.count(".") == 2:
        await provider.refusal_of(token)
    else:
        assert await provider.tokens.find(token) is None


async def test_a_changed_token_is_refused_wherever_it_is_changed(provider: Provider) -> None:
    head, body, signature = RSA.token().split(".")
    claims = jwt.decode(f"{head}.{body}.{signature}", options={"verify_signature": False})
    await provider.refusal_of(f"{head}.{part({**claims, 'scope': 'admin'})}.{signature}")
    await provider.refusal_of(f"{part({'alg': 'RS512', 'kid': RSA.key_id})}.{body}.{signature}")
    await provider.refusal_of(f"{head}.{body}.{signature[:-8]}AAAAAAAA")


async def test_what_is_not_set_is_not_checked() -> None:
    async with JwksServer.start(RSA) as server:
        provider = Provider(server, Expected())
        assert await provider.name_of(RSA.token(aud="any", iss=None)) == "alice"
        assert await provider.name_of(RSA.token(aud=None)) == "alice"
