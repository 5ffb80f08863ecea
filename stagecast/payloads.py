"""Events too large for one broker message: kept in parts in a stream of their own, found again by their digest.

The message itself is then a stub: the event without its large fields, and `payload` with digest and size.
"""

import hashlib
import itertools
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from contracts.envelope import Payload
from contracts.errors import CorruptLog, LogUnavailable
from contracts.subjects import PAYLOAD_SUBJECTS, payload_of, payload_subject, payloads_of
from stagecast.broker import Broker
from stagecast.slots import FULL, LogFull
from stagecast.stored import StreamReader
from stagecast.topology import PAYLOADS

PAYLOAD_HEADER = "Stagecast-Payload"
"""Header of a stub: digest and size, so that no reader must parse every event to see whether it is whole."""

HEADER_ROOM = 4096  # bytes of a message that headers may take
LARGE_FIELD_BYTES = 1024

_EXPECTED_HEADER = "Nats-Expected-Last-Subject-Sequence"
_STORED_ALREADY = {10071, 10164}  # the part is there; on replicated streams also: is being stored


def make_stub(data: bytes) -> tuple[bytes, Payload]:
    """Leave the large fields out of an event's bytes; return the rest, and where the whole will be."""
    fields = cast("dict[str, Any]", json.loads(data))
    payload = Payload(digest=hashlib.sha256(data).hexdigest(), size=len(data))
    encoded = {name: json.dumps(value, ensure_ascii=False) for name, value in fields.items()}
    stub = {name: fields[name] for name, text in encoded.items() if len(text.encode()) <= LARGE_FIELD_BYTES}
    stub["payload"] = payload.model_dump(by_alias=True)
    return json.dumps(stub, ensure_ascii=False, separators=(",", ":")).encode(), payload


def stub_headers(payload: Payload) -> dict[str, str]:
    """Return what marks a message as a stub."""
    return {PAYLOAD_HEADER: f"{payload.digest} {payload.size}"}


class PayloadStore:
    """Keeps and finds whole events."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._reader = StreamReader(broker, PAYLOADS)

    def is_too_large(self, data: bytes) -> bool:
        """Tell whether these bytes need to be kept here, with the limit of the broker that is connected."""
        return len(data) > self._part_bytes()

    async def purge(self, execution_id: str) -> None:
        """Remove all that is kept of an execution."""
        await self._reader.purge(payloads_of(execution_id))

    async def subjects(self) -> list[str]:
        """Return the subject of every part that is kept."""
        return await self._reader.subjects(PAYLOAD_SUBJECTS)

    async def discard(self, execution_id: str, payload: Payload) -> None:
        """Remove one payload as far as that is possible now; what stays is found by retention."""
        with suppress(LogUnavailable):
            await self._reader.purge(payload_of(execution_id, payload.digest))

    async def put(self, execution_id: str, data: bytes, payload: Payload) -> None:
        """Store the whole bytes; storing them again does nothing.

        Raises:
            LogFull: there is no room for all of it; what is stored is to be discarded.
            LogUnavailable: not all of it is known to be stored.
        """
        size = self._part_bytes()
        for part, start in enumerate(range(0, len(data), size)):
            answer = await self._broker.request(
                payload_subject(execution_id, payload.digest, part),
                data[start : start + size],
                headers={_EXPECTED_HEADER: "0"},
            )
            error = json.loads(answer.data).get("error")
            if error and error.get("err_code") in FULL:
                raise LogFull(f"The broker has no room for a large event: {error.get('description')}.")
            if error and error.get("err_code") not in _STORED_ALREADY:
                raise LogUnavailable(f"The broker does not take a large event: {error.get('description')}.")

    async def get(self, execution_id: str, payload: Payload) -> bytes:
        """Return the whole bytes.

        Raises:
            LogUnavailable: the broker does not answer, or not with all of it.
            CorruptLog: what is stored is not what was put there.
        """
        parts = await self._reader.last_of([payload_of(execution_id, payload.digest)])
        parts.sort(key=lambda part: int(part.subject.rsplit(".", 1)[1]))
        data = b"".join(part.data for part in parts)
        if len(data) < payload.size:  # a replica that lags behind the one that gave us the stub
            data = await self._get_from_leader(execution_id, payload)
        if len(data) < payload.size:
            raise LogUnavailable("A large event could not be read in full.")
        if hashlib.sha256(data).hexdigest() != payload.digest:
            raise CorruptLog("A large event is stored differently from how it was written.")
        return data

    async def restore(self, execution_id: str, headers: Mapping[str, str], data: bytes) -> bytes:
        """Return an event's bytes: the ones given, or the whole ones when those are a stub; raises like `get`."""
        reference = headers.get(PAYLOAD_HEADER)
        if reference is None:
            return data
        digest, size = reference.split(" ")
        return await self.get(execution_id, Payload(digest=digest, size=int(size)))

    async def _get_from_leader(self, execution_id: str, payload: Payload) -> bytes:
        data = b""
        for number in itertools.count():
            part = await self._reader.leader_last(payload_subject(execution_id, payload.digest, number))
            if part is None:
                break
            data += part.data
        return data

    def _part_bytes(self) -> int:
        return max(self._broker.client.max_payload - HEADER_ROOM, HEADER_ROOM)
