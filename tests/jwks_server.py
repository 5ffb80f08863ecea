"""An identity provider on loopback: real keys of several kinds, their JWKS over HTTP, and tokens that they sign."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "stagecast-tests"
ISSUER = "https://issuer.test"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Signer:
    """One key pair of the provider."""

    key_id: str
    algorithm: str
    private: PrivateKey

    @classmethod
    def rsa(cls, key_id: str = "rsa-1", algorithm: str = "RS256") -> "Signer":
        """Make an RSA key."""
        return cls(key_id, algorithm, rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def elliptic(cls, key_id: str = "ec-1") -> "Signer":
        """Make a P-256 key."""
        return cls(key_id, "ES256", ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def edwards(cls, key_id: str = "ed-1") -> "Signer":
        """Make an Ed25519 key."""
        return cls(key_id, "EdDSA", ed25519.Ed25519PrivateKey.generate())

    def public_jwk(self, **more: Any) -> dict[str, Any]:
        """Return its public half as the JWKS has it."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            fields = RSAAlgorithm.to_jwk(public, as_dict=True)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            fields = ECAlgorithm.to_jwk(public, as_dict=True)
        else:
            fields = OKPAlgorithm.to_jwk(public, as_dict=True)
        return {**fields, "kid": self.key_id, "use": "sig", **more}

    def token(self, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """Sign a token of alice's that is good for a minute; a claim given as None is left out."""
        now = int(time.time())
        whole = {"sub": "alice", "exp": now + 60, "iss": ISSUER, "aud": AUDIENCE, "scope": "read run", **claims}
        return jwt.encode(
            {name: value for name, value in whole.items() if value is not None},
            self.private,
            algorithm=self.algorithm,
            headers={"kid": self.key_id} if headers is None else headers,
        )


@dataclass
class JwksServer:
    """Serves a set of keys, and counts how often it is asked.

    Attributes:
        keys: what it serves, to be changed at will.
        body: served instead of the keys.
        gate: an answer waits for it.
    """

    keys: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    url: str = ""
    asked: int = 0
    status: int = 200
    body: bytes | None = None
    gate: asyncio.Event | None = None
    _server: asyncio.Server | None = None

    @classmethod
    @asynccontextmanager
    async def start(cls, *signers: Signer) -> AsyncGenerator[Self]:
        """Listen on a free port until the block ends."""
        self = cls([signer.public_jwk() for signer in signers])
        await self.listen(0)
        try:
            yield self
        finally:
            await self.stop()

    async def listen(self, port: int) -> None:
        """Begin to answer."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/jwks.json"

    async def stop(self) -> None:
        """Be away from now on."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.gate is not None:
                await self.gate.wait()
            body = json.dumps({"keys": self.keys}).encode() if self.body is None else self.body
            head = f"HTTP/1.1 {self.status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
