"""Keeps a part of a limited log free of submissions, so that what was accepted can be brought to its end.

Without it, submissions alone could fill the log: then no runner could store anything, nothing would end, and nothing
would ever leave. How large the log may get is the stream's configuration (`topology`).
"""

import time

from contracts.errors import LogUnavailable
from stagecast.stored import StreamReader

RESERVED_SHARE = 0.1
"""Of the log's bytes: what submissions leave to running executions."""

_LOOK_SECONDS = 1.0  # for which a look at the stream holds, together with what was let in since
_MESSAGE_BYTES = 512  # headers and bookkeeping of a message, generously


class Room:
    """Tells whether there is room for submissions."""

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader
        self._looked_at = -_LOOK_SECONDS
        self._left: float = 0.0  # bytes

    async def take(self, size: int) -> None:
        """Take room for a submission of so many bytes.

        Raises:
            LogUnavailable: there is none, or the broker does not answer.
        """
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS or self._left < size + _MESSAGE_BYTES:
            stored, most = await self._reader.room()
            self._left = most * (1 - RESERVED_SHARE) - stored if most >= 0 else float("inf")
            self._looked_at = time.monotonic()
        if self._left < size + _MESSAGE_BYTES:
            raise LogUnavailable("The log is full but for what running executions need.")
        self._left -= size + _MESSAGE_BYTES
