"""Which runners are alive and what they are set up for: one message a runner, forgotten by the broker after a while."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from pydantic import ValidationError

from contracts.presence import RunnerPresence
from contracts.subjects import PRESENCE_SUBJECTS, presence_subject
from stagecast.broker import Broker
from stagecast.inbox import NoResponders
from stagecast.stored import Stored, StreamReader, TooMany
from stagecast.topology import Piece, ensure

STREAM = "RUNNERS"

# A dead runner must be forgotten before its deliveries come back, or its claims would look alive.
_LIFE_PER_LEASE = 0.6
_BEATS_PER_LIFE = 3
_SECOND = 1_000_000_000  # nanoseconds

_log = structlog.get_logger()


class RunnerDirectory(Protocol):
    """Tells which runners are alive."""

    async def present(self) -> Sequence[RunnerPresence]:
        """Return the runners that announced themselves within the last seconds; empty when none did."""
        ...


class PresenceBucket:
    """`RunnerDirectory` on a stream in the broker's memory. Every method raises `LogUnavailable`.

    A broker that restarts forgets the stream and everybody in it. It is made again by the next runner that announces
    itself; until all have had time to, nobody is taken for dead.

    Args:
        broker: the connection.
        lease_seconds: how long a claim lives without renewal; a runner is forgotten some time before that.
        replicas: copies in a broker cluster.
    """

    def __init__(self, broker: Broker, *, lease_seconds: float, replicas: int = 1) -> None:
        self._broker = broker
        self._reader = StreamReader(broker, STREAM)
        self._replicas = replicas
        self._life_seconds = lease_seconds * _LIFE_PER_LEASE
        self._connected_at: float | None = None
        self._has_reconnected = False
        broker.on_connected(self._note_connect)

    @property
    def interval_seconds(self) -> float:
        """How often a runner must announce itself."""
        return self._life_seconds / _BEATS_PER_LIFE

    async def open(self) -> None:
        """Make the stream, or bring it up to date."""
        config = {
            "name": STREAM,
            "subjects": [PRESENCE_SUBJECTS],
            "storage": "memory",
            "retention": "limits",
            "allow_direct": True,
            "max_msgs_per_subject": 1,
            "max_age": int(self._life_seconds * _SECOND),
            # On one node alone it would be gone with that node, and no runner could be taken for dead any more.
            "num_replicas": self._replicas,
            "duplicate_window": min(_SECOND, int(self._life_seconds * _SECOND)),
        }
        fixed, tuned = frozenset({"storage", "retention"}), frozenset({"max_age", "num_replicas", "duplicate_window"})
        await ensure(self._broker, (Piece(STREAM, STREAM, config, {}, fixed, tuned),))

    async def announce(self, presence: RunnerPresence) -> None:
        """Tell that this runner lives; to be repeated every `interval_seconds`."""
        subject, data = presence_subject(presence.name), presence.model_dump_json().encode()
        try:
            await self._broker.request(subject, data)
        except NoResponders:
            await self.open()
            await self._broker.request(subject, data)
            _log.info("announced to a broker that had forgotten us", runner=presence.name)

    async def withdraw(self, name: str) -> None:
        """Tell that this runner is gone."""
        await self._broker.request(presence_subject(name), b"")

    async def may_be_alive(self, name: str) -> bool:
        """Tell whether a runner is present, or may be although it is not: the broker came back a moment ago."""
        if self._has_reconnected and time.monotonic() - (self._connected_at or 0.0) < self._life_seconds:
            return True
        return any(runner.name == name for runner in await self.present())

    async def present(self) -> Sequence[RunnerPresence]:
        """Return the runners that announced themselves within the last seconds, by name."""
        found: list[RunnerPresence] = []
        for message in await self._stored():
            # Empty when withdrawn; unreadable when written by a version that we do not understand.
            with suppress(ValidationError):
                found.append(RunnerPresence.model_validate_json(message.data))
        return sorted(found, key=lambda presence: presence.name)

    def _note_connect(self) -> None:
        self._has_reconnected = self._connected_at is not None
        self._connected_at = time.monotonic()

    async def _stored(self) -> list[Stored]:
        try:
            return await self._reader.last_of([PRESENCE_SUBJECTS])
        except NoResponders:
            return []  # no such stream: the broker came back, and no runner has announced itself yet
        except TooMany:  # more than 1,024 runners: one by one
            stored: list[Stored] = []
            while following := await self._reader.next_of(PRESENCE_SUBJECTS, stored[-1].sequence + 1 if stored else 1):
                stored.append(following)
            return stored
