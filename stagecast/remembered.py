"""Keeps the first value given under a key, for a settable time: what an `Idempotency-Key` stood for."""

import asyncio
import hashlib
import json

from contracts.errors import LogUnavailable
from contracts.subjects import remembered_subject
from stagecast.broker import Broker
from stagecast.stored import StreamReader
from stagecast.topology import REMEMBERED

_EXPECTED_HEADER = "Nats-Expected-Last-Subject-Sequence"
_FILL_SECONDS = 5.0  # how long a key that is being written may take
_LOOK_AGAIN_SECONDS = 0.02
_TAKEN = {10071, 10164}  # wrong last sequence; on replicated streams also: another append is in process


class RememberedStore:
    """First values by key, in a stream of their own."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._reader = StreamReader(broker, REMEMBERED)

    async def recall(self, key: str) -> bytes | None:
        """Return what is kept under a key, as the stream's leader has it.

        Raises:
            LogUnavailable: the broker does not answer.
        """
        kept = await self._reader.leader_last(_subject(key))
        return None if kept is None else kept.data

    async def first(self, key: str, value: bytes) -> bytes:
        """Keep `value` unless something is kept under the key, and return what is kept.

        Raises:
            LogUnavailable: it is not known what is kept. Asking again is safe.
        """
        answer = await self._broker.request(_subject(key), value, headers={_EXPECTED_HEADER: "0"})
        error = json.loads(answer.data).get("error")
        if error is None:
            return value
        if error.get("err_code") not in _TAKEN:
            raise LogUnavailable(f"The broker does not keep the key: {error.get('description')}.")
        try:
            async with asyncio.timeout(_FILL_SECONDS):
                # On replicated streams a refused writer may ask before the one that won is stored.
                while (kept := await self.recall(key)) is None:  # noqa: ASYNC110  the broker tells no event
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError as error:
            raise LogUnavailable("The key is being written by somebody and does not fill; ask again.") from error
        return kept


def _subject(key: str) -> str:
    return remembered_subject(hashlib.sha256(key.encode()).hexdigest())
