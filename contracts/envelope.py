"""What every event carries, whatever it tells: execution, moment, number, stage. Not which events there are.

Stored events are numbered: `seq` is the event's place in its execution's log, from 0 without holes.
"""

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from contracts.ids import ExecutionId
from contracts.wire import Timestamp, WireModel


def utc_now() -> datetime:
    """Return the present moment with its time zone."""
    return datetime.now(UTC)


class StageRef(WireModel):
    """Which stage an event speaks of."""

    id: str
    name: str


class Payload(WireModel):
    """Where the whole of an event is when it was too large for one broker message.

    The event's large fields are then left out of the message; over HTTP and `/ws` the gateway puts them back.
    """

    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the whole event's bytes, hexadecimal.")
    size: int = Field(description="Bytes of the whole event.")


class BaseEvent(WireModel):
    """What every event carries."""

    execution_id: ExecutionId
    at: Timestamp = Field(default_factory=utc_now, description="When it happened, by the clock of who wrote it.")


class StoredEvent(BaseEvent):
    """An event of the log."""

    seq: int = Field(default=-1, ge=-1, description="Number in the execution's log, from 0; -1 until appended.")
    is_terminal: ClassVar[bool] = False


class StageEvent(BaseEvent):
    """An event about one stage."""

    stage: StageRef
    index: int = Field(ge=0, description="The stage's place in the file, from 0.")
    total: int = Field(ge=1, description="How many stages the file has.")
