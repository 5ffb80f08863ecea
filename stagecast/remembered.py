"""Keeps the first value given under a key, for a settable time: what an `Idempotency-Key` stood for."""

import hashlib
import json

from contracts.errors import LogUnavailable
from contracts.subjects import remembered_subject
from stagecast.broker import Broker
from stagecast.stored import StreamReader
from stagecast.topology import REMEMBERED

_EXPECTED_HEADER = "Nats-Expected-Last-Subject-Sequence"
_TAKEN = {10071, 10164}  # wrong last sequence; on replicated streams also: another append is in process


class RememberedStore:
    """First values by key, in a stream of their own."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._reader = StreamReader(broker, REMEMBERED)

    async def first(self, key: str, value: bytes) -> bytes:
        """Keep `value` unless something is kept under the key, and return what is kept.

        Raises:
            LogUnavailable: it is not known what is kept. Asking again is safe.
        """
        subject = remembered_subject(hashlib.sha256(key.encode()).hexdigest())
        kept = await self._reader.leader_data(subject)
        if kept is not None:
            return kept
        answer = await self._broker.request(subject, value, headers={_EXPECTED_HEADER: "0"})
        error = json.loads(answer.data).get("error")
        if error is None:
            return value
        if error.get("err_code") not in _TAKEN:
            raise LogUnavailable(f"The broker does not keep the key: {error.get('description')}.")
        kept = await self._reader.leader_data(subject)
        if kept is None:
            raise LogUnavailable("The key is being written by somebody else; ask again.")
        return kept
