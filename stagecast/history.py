"""Reads an execution's log whole: in order, without holes, and up to what the stream's leader has.

A direct get may be answered by any replica, and one that lags gives the beginning of a log as if it were all of it: a
submission just accepted is unknown there, and a client that resumes gets events again. So on a replicated stream
every read ends with a question to the leader: is there one more? Not here: how messages are fetched (`stored`).
"""

import asyncio
from collections.abc import Sequence

from contracts.errors import CorruptLog
from contracts.subjects import log_of, parse_log_subject, slot_subject
from stagecast.log import Entry
from stagecast.payloads import PayloadStore
from stagecast.stored import MAX_BATCH, Stored, StreamReader, TooMany

_SLOTS_PER_REQUEST = 512  # a longer log is read by naming slots: about 1 ms a request, however full the stream is
_SLOTS_OF_FIRST_REQUEST = 32  # after a number: most often there is little new
_READS_FOR_A_HOLE = 4
_HOLE_PAUSE_SECONDS = 0.05


class HistoryReader:
    """Reads logs.

    Attributes:
        is_replicated: whether the stream has several replicas.
    """

    def __init__(self, reader: StreamReader, payloads: PayloadStore) -> None:
        self.is_replicated = True
        self._reader = reader
        self._payloads = payloads

    async def read(self, execution_id: str, after: int, limit: int | None = None) -> list[Entry]:
        """Return the events numbered above `after`, with a `limit` the first of them; empty for an unknown execution.

        Raises:
            LogUnavailable: the broker does not answer.
            CorruptLog: an event is missing, and stays missing.
        """
        numbers: list[int] = []
        for attempt in range(_READS_FOR_A_HOLE):
            if attempt:
                await asyncio.sleep(_HOLE_PAUSE_SECONDS * attempt)
            stored = await self.stored(execution_id, after, limit)
            numbers = [_number(message) for message in stored]
            if numbers == list(range(after + 1, after + 1 + len(numbers))):
                if self.is_replicated and (limit is None or len(stored) < limit):
                    stored += await self._newest(execution_id, after + 1 + len(numbers))
                return [await self._entry(message) for message in stored]
        if after < 0 and numbers[0] > 0:
            return []  # its beginning has left the log already; the rest follows
        raise CorruptLog(f"The log of {execution_id} has a hole after event {after}: it holds {numbers[:20]}.")

    async def stored(self, execution_id: str, after: int = -1, limit: int | None = None) -> list[Stored]:
        """Return the messages of the events above `after`, in order, as some replica has them, stubs as stubs."""
        if after < 0 and (limit is None or limit >= MAX_BATCH):
            try:
                return _in_order(await self._reader.last_of([log_of(execution_id)]))[:limit]
            except TooMany:
                pass
        found: list[Stored] = []
        start, count = after + 1, _SLOTS_OF_FIRST_REQUEST if after >= 0 else _SLOTS_PER_REQUEST
        count = count if limit is None else min(count, limit)
        while True:
            slots = [slot_subject(execution_id, seq) for seq in range(start, start + count)]
            part = await self._reader.last_of(slots)
            found += part
            if len(part) < count or (limit is not None and len(found) >= limit):
                return _in_order(found)[:limit]
            start, count = start + count, _SLOTS_PER_REQUEST

    async def _newest(self, execution_id: str, start: int) -> list[Stored]:
        """Ask the leader slot by slot: a replica that answers lags by milliseconds, so there is little or nothing."""
        found: list[Stored] = []
        while (message := await self._reader.leader_last(slot_subject(execution_id, start + len(found)))) is not None:
            found.append(message)
        return found

    async def _entry(self, message: Stored) -> Entry:
        execution_id, event_type, seq = parse_log_subject(message.subject)
        data = await self._payloads.restore(execution_id, message.headers, message.data)
        return Entry(execution_id, event_type, seq, data)


def _number(message: Stored) -> int:
    return parse_log_subject(message.subject)[2]


def _in_order(messages: Sequence[Stored]) -> list[Stored]:
    return sorted(messages, key=_number)
