"""When an identity provider's keys are asked for, which are used, and what happens while it is away."""

import asyncio
from collections.abc import AsyncGenerator

import jwt
import pytest
from structlog.testing import capture_logs

from gateway.refusals import IdentityUnavailable
from tests.jwks_server import JwksServer, Signer
from tests.unit.gateway.identity import EDWARDS, ELLIPTIC, RSA, Provider


@pytest.fixture
async def provider() -> AsyncGenerator[Provider]:
    async with JwksServer.start(RSA, ELLIPTIC, EDWARDS) as server:
        yield Provider(server)


async def test_keys_that_nobody_may_sign_tokens_with_are_not_used() -> None:
    shared = {"kty": "oct", "kid": "shared", "k": "c2VjcmV0", "alg": "HS256"}
    async with JwksServer.start() as server:
        encryption = Signer.rsa("enc")
        server.keys = [shared, encryption.public_jwk(use="enc"), {"kty": "EC", "crv": "P-999", "kid": "odd"}, {}]
        server.keys.append(RSA.public_jwk())
        provider = Provider(server)
        assert await provider.name_of(RSA.token()) == "alice"
        for token in (
            encryption.token(),
            jwt.encode({"sub": "a", "exp": 9**11}, "x" * 32, "HS256", headers={"kid": "shared"}),
        ):
            await provider.refusal_of(token)


async def test_without_an_id_the_only_key_is_meant(provider: Provider) -> None:
    await provider.refusal_of(RSA.token(headers={}))
    async with JwksServer.start(RSA) as server:
        assert await Provider(server).name_of(RSA.token(headers={})) == "alice"


async def test_a_new_key_is_known_when_a_token_has_it_and_an_old_one_is_not_after_a_while(provider: Provider) -> None:
    assert await provider.name_of(RSA.token()) == "alice"
    new = Signer.rsa("rsa-2")
    provider.server.keys = [new.public_jwk()]
    provider.now += 11
    assert await provider.name_of(new.token()) == "alice"
    assert "does not have" in await provider.refusal_of(RSA.token())


async def test_made_up_key_ids_do_not_make_the_gateway_ask_for_each(provider: Provider) -> None:
    stranger = Signer.elliptic("nobody")
    for _ in range(20):
        await provider.refusal_of(stranger.token())
    assert provider.server.asked == 1
    provider.now += 11
    for _ in range(20):
        await provider.refusal_of(stranger.token())
    assert provider.server.asked == 2


async def test_requests_that_come_together_ask_for_the_keys_once(provider: Provider) -> None:
    names = await asyncio.gather(*(provider.name_of(RSA.token()) for _ in range(20)))
    assert names == ["alice"] * 20
    assert provider.server.asked == 1


async def test_keys_are_asked_for_anew_after_a_while_and_nobody_waits_for_that(provider: Provider) -> None:
    await provider.name_of(RSA.token())
    provider.now += 301
    provider.server.gate = asyncio.Event()
    async with asyncio.timeout(5):
        assert await provider.name_of(RSA.token()) == "alice"
    provider.server.gate.set()


async def test_a_provider_that_is_away_leaves_its_keys_good_for_a_day(provider: Provider) -> None:
    await provider.name_of(RSA.token())
    await provider.server.stop()
    with capture_logs() as lines:
        for _ in range(3):
            provider.now += 20_000
            assert await provider.name_of(RSA.token()) == "alice"
        provider.now += 30_000
        with pytest.raises(IdentityUnavailable):
            await provider.tokens.find(RSA.token())
    assert "identity provider's keys not taken" in [line["event"] for line in lines]


async def test_without_keys_it_is_told_that_nothing_can_be_told_and_goes_on_once_they_come(provider: Provider) -> None:
    port = int(provider.server.url.rsplit(":", 1)[1].split("/")[0])
    await provider.server.stop()
    for _ in range(2):
        with pytest.raises(IdentityUnavailable):
            await provider.tokens.find(RSA.token())
    await provider.server.listen(port)
    provider.now += 11
    assert await provider.name_of(RSA.token()) == "alice"


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, None), (302, None), (200, b"<html>"), (200, b"[]"), (200, b'{"keys": []}'), (200, b"x" * 300_000)],
)
async def test_an_answer_that_is_no_set_of_keys_is_as_good_as_none(
    provider: Provider, status: int, body: bytes | None
) -> None:
    provider.server.status, provider.server.body = status, body
    with pytest.raises(IdentityUnavailable):
        await provider.tokens.find(RSA.token())
