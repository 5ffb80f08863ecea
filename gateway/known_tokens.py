"""The tokens of `STAGECAST_TOKENS_FILE`, taken anew when the file changes. How the file looks: `stagecast.tokens`."""

import asyncio
import hmac
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from contracts.envelope import utc_now
from contracts.errors import MissingSetting
from gateway.principal import Principal
from gateway.refusals import Unauthenticated
from stagecast.tokens import TOKEN_PREFIX, TokenFile, TokenRecord, TokensUnusable, digest_of

_LOOK_SECONDS = 1.0  # between looks at the file, so a revoked token is refused within this time

_log = structlog.get_logger()

_Stamp = tuple[int, int, int]


class KnownTokens:
    """Knows the file's tokens. A file that breaks, or goes away, keeps those that were there, and is told in the log.

    Args:
        path: the file.
        clock: seconds, going up.

    Raises:
        MissingSetting: the file cannot be used at the start.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = TokenFile(path)
        self._clock = clock
        self._stamp = self._read_stamp()
        try:
            self._by_digest = _by_digest(self._file.read())
        except TokensUnusable as error:
            raise MissingSetting(f"{error.message} `stagecast token new NAME --file {path}` makes one.") from error
        self._look_at = clock() + _LOOK_SECONDS

    async def find(self, token: str) -> Principal | None:
        """Return whose token it is, None when it is none of ours, or revoked.

        Raises:
            Unauthenticated: it has expired.
        """
        if not token.startswith(TOKEN_PREFIX):
            return None
        await self.look()
        digest = digest_of(token)
        record = self._by_digest.get(digest)
        # The look-up's time depends on digests, and who guesses tokens cannot choose what they hash to. The comparison
        # that decides takes the same time whatever it finds.
        if record is None or not hmac.compare_digest(record.digest, digest):
            return None
        if record.expires is not None and record.expires <= utc_now():
            raise Unauthenticated("The token has expired.")
        return Principal(record.name, frozenset(record.scopes), record.expires, digest)

    def knows(self, proof: str) -> bool:
        """Tell whether a token of this digest was not revoked."""
        return proof in self._by_digest

    async def look(self) -> None:
        """Take the file anew if it has changed; it is looked at once in a while."""
        if self._clock() < self._look_at:
            return
        self._look_at = self._clock() + _LOOK_SECONDS  # before the pause: others go on with what is known
        await asyncio.to_thread(self._take_changes)

    def _take_changes(self) -> None:
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._by_digest = _by_digest(self._file.read())
        except TokensUnusable as error:
            _log.error("tokens not taken; those known before stay good", reason=error.message)
        else:
            _log.info("tokens taken", count=len(self._by_digest))

    def _read_stamp(self) -> _Stamp | None:
        try:
            found = self._file.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _by_digest(records: Sequence[TokenRecord]) -> dict[str, TokenRecord]:
    return {record.digest: record for record in records}
