"""Writes a slot of an execution's log: the fence, and who won when the answer is unclear. Not what is written.

A slot is written once: the broker refuses an event whose slot holds one already. Every append carries a mark of its
own, so that a refused one, or one whose answer was lost, can be told apart from another writer's.
"""

import asyncio
import hashlib
import itertools
import json
import secrets
import weakref
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress

from contracts.errors import Fenced, LogUnavailable
from contracts.events import LogEvent
from contracts.subjects import log_subject, slot_subject
from stagecast.broker import Broker
from stagecast.stored import StreamReader

MARK_HEADER = "Stagecast-Append"

FULL = {10023, 10047, 10077}
"""The broker's codes for no room: in the server's storage, the account's, the stream's bytes."""

_EXPECTED_HEADER = "Nats-Expected-Last-Subject-Sequence"
_EXPECTED_SUBJECT_HEADER = "Nats-Expected-Last-Subject-Sequence-Subject"
_SLOT_TAKEN = 10071  # wrong last sequence
_SLOT_BEING_WRITTEN = 10164  # replicated streams: another append to this slot is in process
_UNSETTLED_KEPT = 4096  # appends without an answer that are remembered until they are tried again
_FILL_SECONDS = 5.0  # how long a slot that is being written may take to fill
_LOOK_AGAIN_SECONDS = 0.02


class LogFull(LogUnavailable):
    """The broker has no room for the event. It is not stored, and no earlier try of it is on its way."""


class Marks:
    """Gives each append its mark, and a repeated append the mark of the first try.

    A repetition is the same event object, or, while an append has had no answer, another object with the same bytes.
    """

    def __init__(self) -> None:
        self._by_object: dict[int, tuple[weakref.ref[LogEvent], str]] = {}
        # Random once, then counted: a fresh random number for each append took 4 % of a runner's time.
        self._prefix = secrets.token_hex(8)
        self._numbers = itertools.count()
        self._unsettled: OrderedDict[bytes, str] = OrderedDict()

    def of(self, event: LogEvent, data: bytes) -> str:
        """Return the mark for appending this event."""
        number = id(event)
        known = self._by_object.get(number)
        if known is not None:
            return known[1]
        earlier = self._unsettled.get(_digest(data)) if self._unsettled else None
        mark = earlier or f"{self._prefix}{next(self._numbers)}"
        reference = weakref.ref(event, lambda _: self._by_object.pop(number, None))
        self._by_object[number] = (reference, mark)
        return mark

    def unsettle(self, data: bytes, mark: str) -> None:
        """Remember that the append of these bytes under this mark may or may not have been stored."""
        self._unsettled[_digest(data)] = mark
        if len(self._unsettled) > _UNSETTLED_KEPT:
            self._unsettled.popitem(last=False)

    def is_unsettled(self, data: bytes) -> bool:
        """Tell whether an append of these bytes may still be on its way."""
        return _digest(data) in self._unsettled if self._unsettled else False

    def settle(self, data: bytes) -> None:
        """Forget it: its fate is known."""
        if self._unsettled:
            self._unsettled.pop(_digest(data), None)


class SlotWriter:
    """Stores events, each in a slot that is empty."""

    def __init__(self, broker: Broker, reader: StreamReader) -> None:
        self._broker = broker
        self._reader = reader
        self._marks = Marks()

    async def write(self, event: LogEvent, data: bytes, headers: Mapping[str, str]) -> None:
        """Store `data` (the event, or its stub) in the event's slot.

        Raises:
            Fenced: the slot holds another writer's event.
            LogFull: there is no room for it.
            LogUnavailable: it is not known to be stored; it may still appear. Writing it again is safe.
        """
        mark = self._marks.of(event, data)
        try:
            await self._write(event, data, {**headers, MARK_HEADER: mark})
        except LogFull as error:
            if self._marks.is_unsettled(data):
                raise LogUnavailable(error.message) from error
            raise
        except (LogUnavailable, asyncio.CancelledError):
            self._marks.unsettle(data, mark)
            raise
        except Fenced:
            self._marks.settle(data)
            raise
        self._marks.settle(data)

    async def _write(self, event: LogEvent, data: bytes, headers: Mapping[str, str]) -> None:
        slot = slot_subject(event.execution_id, event.seq)
        subject = log_subject(event.execution_id, event.type, event.seq)
        fence = {_EXPECTED_HEADER: "0", _EXPECTED_SUBJECT_HEADER: slot}
        try:
            answer = await self._broker.request(subject, data, headers={**headers, **fence})
        except LogUnavailable:
            # It may have landed all the same. An empty slot proves nothing: it may still be on its way.
            holder = None
            with suppress(LogUnavailable):
                holder = await self._holder(slot)
            if holder is None:
                raise
            self._judge(event, holder, headers)
            return
        if b'"error"' not in answer.data:
            return
        error = json.loads(answer.data).get("error", {})
        if error.get("err_code") in FULL:
            raise LogFull(f"The broker has no room: {error.get('description')}.")
        if error.get("err_code") not in (_SLOT_TAKEN, _SLOT_BEING_WRITTEN):
            raise LogUnavailable(f"The broker does not store the event: {error.get('description')}.")
        self._judge(event, await self._wait_for_holder(slot), headers)

    def _judge(self, event: LogEvent, holder: str, headers: Mapping[str, str]) -> None:
        if holder != headers[MARK_HEADER]:
            raise Fenced(f"Event {event.seq} of {event.execution_id} was written by somebody else.")

    async def _wait_for_holder(self, slot: str) -> str:
        try:
            async with asyncio.timeout(_FILL_SECONDS):
                while (holder := await self._holder(slot)) is None:  # noqa: ASYNC110  the broker tells no event
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError as error:
            raise LogUnavailable("The slot is being written by somebody and does not fill.") from error
        return holder

    async def _holder(self, slot: str) -> str | None:
        found = await self._reader.leader_last(slot)
        return None if found is None else found.headers.get(MARK_HEADER, "")


def _digest(data: bytes) -> bytes:
    # The bytes name execution, number and moment, so they also name the slot.
    return hashlib.sha256(data).digest()
