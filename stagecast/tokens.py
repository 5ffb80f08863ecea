"""Access tokens of our own: how one looks, and the file in which those that are good are kept, as digests.

    {"version": 1, "tokens": [{"name": "ci", "digest": "9f86…", "scopes": ["read", "run"],
                               "created": "2026-11-24T15:04:05.123Z", "expires": null}]}

The file is replaced as a whole, so a reader sees it before or after a change, never between. Who reads it again when it
has changed is the gateway.
"""

import fcntl
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from contracts.envelope import utc_now
from contracts.errors import StagecastError
from contracts.scopes import Scope
from contracts.wire import Timestamp, WireModel

TOKEN_PREFIX = "sct_"  # noqa: S105  so that a person, and a scanner of repositories, knows one when it sees one
TOKEN_PATTERN = rf"{TOKEN_PREFIX}[0-9a-f]{{64}}"

_RANDOM_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_MODE = 0o600


class TokensUnusable(StagecastError):
    """The file of tokens cannot be read, understood or written; or what is asked of it cannot be."""

    code = "tokens_unusable"


class TokenRecord(WireModel):
    """One token that is good, without the token.

    Attributes:
        name: who uses it; what they submit belongs to this name.
    """

    name: str
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    scopes: tuple[Scope, ...]
    created: Timestamp
    expires: Timestamp | None = None

    @field_validator("created", "expires")
    @classmethod
    def _has_a_zone(cls, moment: datetime | None) -> datetime | None:
        if moment is not None and moment.tzinfo is None:
            raise ValueError("a time zone is missing")
        return moment


class _Book(WireModel):
    version: Literal[1] = 1
    tokens: tuple[TokenRecord, ...] = ()


def new_token() -> str:
    """Make a token: 256 random bits behind a prefix that says what it is."""
    return TOKEN_PREFIX + secrets.token_hex(_RANDOM_BYTES)


def digest_of(token: str) -> str:
    """Return what is kept of a token: its SHA-256, hexadecimal.

    A slow, salted hash is for what people think up and an attacker can try through. Nobody tries through 256 random
    bits, however fast the hash is, no two tokens are alike, and a token is checked with every request.
    """
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class TokenFile:
    """The file of good tokens. Any number of processes may read and change it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Sequence[TokenRecord]:
        """Return the tokens that are good, expired ones included, in order of making.

        Raises:
            TokensUnusable: the file is not there, cannot be read, or is none of ours.
        """
        try:
            return _Book.model_validate_json(self.path.read_bytes()).tokens
        except OSError as error:
            raise TokensUnusable(f"The file of tokens {self.path} cannot be read: {error.strerror}.") from error
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            raise TokensUnusable(f"The file of tokens {self.path} is broken: {place}: {first['msg']}.") from None

    def add(self, name: str, scopes: Sequence[Scope], expires: datetime | None = None) -> str:
        """Make a token, keep its digest, and return it: this is the only time that it is known.

        The file is made if there is none.

        Raises:
            TokensUnusable: there is a token of this name, the name cannot be one, or the file cannot be used.
        """
        if _NAME.fullmatch(name) is None:
            raise TokensUnusable("A token's name is 1 to 100 letters, digits and . _ @ -, a letter or digit first.")
        token = new_token()

        def with_token(tokens: tuple[TokenRecord, ...]) -> tuple[TokenRecord, ...]:
            if any(record.name == name for record in tokens):
                raise TokensUnusable(f"There is a token '{name}' already; revoke it first, or choose another name.")
            record = TokenRecord(
                name=name,
                digest=digest_of(token),
                scopes=tuple(dict.fromkeys(scopes)),
                created=utc_now(),
                expires=expires,
            )
            return (*tokens, record)

        self._change(with_token)
        return token

    def revoke(self, name: str) -> None:
        """Forget the token of this name.

        Raises:
            TokensUnusable: there is none, or the file cannot be used.
        """

        def without_token(tokens: tuple[TokenRecord, ...]) -> tuple[TokenRecord, ...]:
            kept = tuple(record for record in tokens if record.name != name)
            if len(kept) == len(tokens):
                raise TokensUnusable(f"There is no token '{name}' in {self.path}.")
            return kept

        self._change(without_token)

    def _change(self, change: Callable[[tuple[TokenRecord, ...]], tuple[TokenRecord, ...]]) -> None:
        with self._locked():
            tokens = tuple(self.read()) if self.path.exists() else ()
            book = _Book(tokens=change(tokens))
            try:
                self._replace(book.model_dump_json(indent=2).encode() + b"\n")
            except OSError as error:
                raise TokensUnusable(f"{self.path} cannot be written: {error.strerror}.") from error

    @contextmanager
    def _locked(self) -> Generator[None]:
        # Beside the file, not the file: that one is replaced, and a lock on what was replaced locks nobody out.
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, _MODE)
        except OSError as error:
            raise TokensUnusable(f"{self.path.parent} cannot be written to: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _replace(self, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with suppress(OSError):  # root may add a token to the file of the gateway's user, who must still read it
                before = self.path.stat()
                if (before.st_uid, before.st_gid) != (os.getuid(), os.getgid()):
                    os.chown(name, before.st_uid, before.st_gid)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
