"""The subscribers of the chaos suite: over `/ws` with all the habits that clients have, and on the broker itself."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nats.aio.msg import Msg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from contracts.events import ExecutionCompleted, wire_name
from contracts.subjects import STORED_SUBJECT_HEADER, parse_log_subject
from stagecast.broker import Broker
from tests.chaos.clock import elapse
from tests.chaos.records import Heard, SubscriberRecord, digest_of

_TERMINAL = wire_name(ExecutionCompleted)
_EVERYTHING = "exec.>"
_AGAIN_SECONDS = (0.1, 0.6)
_CONNECT_SECONDS = 10.0
_MAX_MESSAGE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Habits:
    """How a subscriber behaves.

    Attributes:
        joins_after_seconds: how long after the submission it comes.
        drops_after: it hangs up after so many messages and comes back; 0 for never.
        wants_all: it asks for the journal, too.
    """

    name: str = "plain"
    joins_after_seconds: float = 0.0
    drops_after: int = 0
    wants_all: bool = False


def choose_habits(chance: random.Random) -> list[Habits]:
    """Choose who watches an execution: one that comes at once, and now and then others."""
    habits = [Habits()]
    if chance.random() < 0.2:
        habits.append(Habits("late", joins_after_seconds=chance.uniform(0.5, 12.0)))
    if chance.random() < 0.2:
        habits.append(Habits("dropping", drops_after=chance.randint(1, 6)))
    if chance.random() < 0.2:
        habits.append(Habits("all", wants_all=True, drops_after=chance.choice((0, 4))))
    return habits


class Ended(Exception):
    """The terminal event was seen."""


@dataclass
class Subscriber:
    """Watches one execution to its end, through whichever gateway answers, going on after the last event it saw."""

    urls: Sequence[str]
    execution_id: str
    habits: Habits
    chance: random.Random
    record: SubscriberRecord = field(init=False)

    def __post_init__(self) -> None:
        """Begin the record."""
        self.record = SubscriberRecord(self.habits.name, self.execution_id, wants_all=self.habits.wants_all)

    async def watch(self) -> None:
        """Return when the terminal event was seen."""
        await elapse(self.habits.joins_after_seconds)
        while True:
            try:
                await self._watch_once(self.chance.choice(self.urls))
            except Ended:
                return
            except (OSError, TimeoutError, WebSocketException):
                pass  # killed, restarted, or not there yet
            await elapse(self.chance.uniform(*_AGAIN_SECONDS))

    async def _watch_once(self, url: str) -> None:
        async with connect(
            url, max_size=_MAX_MESSAGE, open_timeout=_CONNECT_SECONDS, close_timeout=1.0, proxy=None
        ) as connection:
            self.record.connections += 1
            await connection.send(json.dumps(self._request()))
            await self._listen(connection)

    def _request(self) -> dict[str, Any]:
        request: dict[str, Any] = {"type": "subscribe", "executionId": self.execution_id}
        if self.record.heard:
            request["after"] = self.record.heard[-1].seq
        if self.habits.wants_all:
            request["events"] = "all"
        return request

    async def _listen(self, connection: ClientConnection) -> None:
        heard = 0
        async for text in connection:
            message: dict[str, Any] = json.loads(text)
            if message["type"] == "error" or message.get("success") is False:
                return  # the broker is away; subscribe again
            if message.get("seq") is None or message["type"] == "caught_up":
                continue  # live text, or the marker behind the history
            self.record.heard.append(Heard(message["seq"], message["type"], digest_of(text)))
            heard += 1
            if message["type"] == _TERMINAL:
                self.record.has_ended = True
                raise Ended
            if heard == self.habits.drops_after:
                return


@dataclass
class Listener:
    """Hears every stored event of every execution on the broker itself."""

    records: dict[str, SubscriberRecord] = field(default_factory=dict[str, SubscriberRecord])

    async def listen(self, broker: Broker) -> None:
        """Subscribe; nats-py subscribes again by itself after a reconnect."""
        # nats-py's signature has an untyped parameter that is not used here.
        await broker.client.subscribe(_EVERYTHING, cb=self._take)  # pyright: ignore[reportUnknownMemberType]

    async def _take(self, message: Msg) -> None:
        subject = (message.headers or {}).get(STORED_SUBJECT_HEADER)
        if subject is None:
            return  # live text
        execution_id, event_type, seq = parse_log_subject(subject)
        record = self.records.get(execution_id)
        if record is None:
            record = self.records[execution_id] = SubscriberRecord("nats", execution_id, wants_all=True, may_miss=True)
        record.heard.append(Heard(seq, event_type, digest_of(message.data)))
