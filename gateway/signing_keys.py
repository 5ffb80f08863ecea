"""The public keys of an identity provider, fetched from its JWKS URL and kept. What they sign: `signed_tokens`.

| state                                   | what happens                                                             |
|-----------------------------------------|--------------------------------------------------------------------------|
| no keys yet, or older than a day        | fetched while the request waits; no answer: `IdentityUnavailable`        |
| older than five minutes                 | used, and fetched meanwhile                                              |
| a key is asked for that is not there    | fetched while the request waits: the provider may have a new one         |
| fetched less than ten seconds ago       | not fetched, so that nobody who makes up key ids makes us ask for each   |
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError
from pydantic import BaseModel

from gateway.access_settings import is_loopback
from gateway.refusals import IdentityUnavailable

ALGORITHMS: Mapping[str, Sequence[str]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""By kind of key, and public keys only: a shared secret in a JWKS, or `none`, is never accepted."""

_FRESH_SECONDS = 300.0
_LONGEST_SECONDS = 86_400.0  # a provider that is away for longer may have taken a key back that was stolen
_PAUSE_SECONDS = 10.0
_ANSWER_SECONDS = 5.0
_MAX_BYTES = 256 * 1024

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key, and the algorithms for which it may be used."""

    key: Any  # cryptography's, of whichever kind; PyJWT takes all of them
    algorithms: Sequence[str]


class _KeySet(BaseModel):
    keys: list[dict[str, Any]]


class SigningKeys:
    """The keys at one URL.

    Args:
        url: the JWKS.
        clock: seconds, going up.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: dict[str | None, SigningKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None) -> SigningKey | None:
        """Return the key of this id; without an id the only one, if there is only one.

        Raises:
            IdentityUnavailable: there are no keys, and the provider does not answer.
        """
        age = self._clock() - self._fetched_at
        if age > _LONGEST_SECONDS:
            await self._fetch()
            if self._clock() - self._fetched_at > _LONGEST_SECONDS:
                raise IdentityUnavailable("The identity provider's keys cannot be had just now; try again.")
        elif age > _FRESH_SECONDS:
            self._begin_fetch()
        key = self._select(key_id)
        if key is None:
            await self._fetch()
            key = self._select(key_id)
        return key

    def _select(self, key_id: str | None) -> SigningKey | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    async def _fetch(self) -> None:
        fetching = self._begin_fetch()
        if fetching is not None:
            await asyncio.shield(fetching)  # others wait for it, too

    def _begin_fetch(self) -> "asyncio.Task[None] | None":
        if self._fetching is None and self._clock() - self._tried_at >= _PAUSE_SECONDS:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._take())
            self._fetching.add_done_callback(self._forget_fetch)
        return self._fetching

    def _forget_fetch(self, _: "asyncio.Task[None]") -> None:
        self._fetching = None

    async def _take(self) -> None:
        try:
            keys = _keys_of(await self._read())
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            _log.warning("identity provider's keys not taken", url=self._url, error=type(error).__name__)
            return
        if keys.keys() != self._keys.keys():
            _log.info("identity provider's keys taken", count=len(keys))
        self._keys, self._fetched_at = keys, self._clock()

    async def _read(self) -> bytes:
        # A proxy set for the outside world is no way to this machine.
        use_proxy = not is_loopback(urlsplit(self._url).hostname or "")
        content = b""
        async with (
            asyncio.timeout(_ANSWER_SECONDS),  # of everything: a server that sends a byte a second is away, too
            httpx.AsyncClient(trust_env=use_proxy, timeout=_ANSWER_SECONDS) as http,
            http.stream("GET", self._url, headers={"Accept": "application/json"}) as reply,
        ):
            reply.raise_for_status()
            async for piece in reply.aiter_bytes():
                content += piece
                if len(content) > _MAX_BYTES:
                    raise ValueError("too long for a set of keys")
        return content


def _keys_of(content: bytes) -> dict[str | None, SigningKey]:
    """Return the keys of a JWKS by their ids, without those that nobody may sign tokens with.

    Raises:
        ValueError: it is no JWKS, or has no key that can be used.
    """
    keys: dict[str | None, SigningKey] = {}
    for fields in _KeySet.model_validate_json(content).keys:
        algorithms = ALGORITHMS.get(str(fields.get("kty")), ())
        named = fields.get("alg")
        if named is not None:
            algorithms = [each for each in algorithms if each == named]
        if not algorithms or fields.get("use", "sig") != "sig" or "d" in fields:
            continue
        with suppress(PyJWTError):  # a curve that is not known here: the others are good all the same
            keys[fields.get("kid")] = SigningKey(PyJWK(fields, algorithms[0]).key, algorithms)
    if not keys:
        raise ValueError("no key that can be used")
    return keys
