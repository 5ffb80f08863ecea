"""What a client yields besides events, so that nothing is ever missing without a word: `Snapshot`, `Dropped`, `Gap`.

`Update` is what following an execution yields, `LifecycleUpdate` what following all of them does.
"""

import json
from typing import Literal, cast

from pydantic import Field, ValidationError, field_validator

from contracts.events import (
    Event,
    ExecutionCancelRequested,
    ExecutionCompleted,
    ExecutionFinishRequested,
    ExecutionQueued,
    ExecutionReleased,
    ExecutionResumed,
    ExecutionStarted,
    decode,
)
from contracts.messages import Dropped, Gap
from contracts.requests import ExecutionView
from contracts.state import ExecutionStatus
from contracts.wire import WireModel


class Snapshot(WireModel):
    """Where an execution stands, in place of events that are not kept any more.

    What comes after it comes after `view`. The one event that is left of an execution whose log has expired is its
    `execution:completed`, which then has no number (`seq` is -1).
    """

    type: Literal["snapshot"] = "snapshot"
    execution_id: str
    view: ExecutionView


Update = Event | Snapshot | Dropped
"""An event; or what stands in for events (`Snapshot`), or for pieces of live text (`Dropped`), that are missing."""

LifecycleEvent = (
    ExecutionQueued
    | ExecutionStarted
    | ExecutionResumed
    | ExecutionReleased
    | ExecutionCancelRequested
    | ExecutionFinishRequested
    | ExecutionCompleted
)

LifecycleUpdate = LifecycleEvent | Gap
"""What happens to an execution as a whole; or a place before which such events may be missing."""


class ExecutionEvents(WireModel):
    """The stored events of an execution as they are now.

    Attributes:
        recovered: False where what was asked for is not kept any more; `snapshot` then stands in for it.
        events: those of a kind that this version knows.
    """

    execution_id: str
    status: ExecutionStatus
    from_: int | None = Field(default=None, alias="from")
    to: int | None = None
    recovered: bool = True
    snapshot: ExecutionView | None = None
    events: tuple[Event, ...]

    @field_validator("events", mode="before")
    @classmethod
    def _leave_out_what_is_unknown(cls, value: object) -> object:
        events = cast("list[object]", value) if isinstance(value, list) else [value]
        return [event for one in events if (event := decode_if_known(json.dumps(one))) is not None]


def decode_if_known(text: str | bytes) -> Event | None:
    """Decode an event; None for a kind that a newer server has and we do not."""
    try:
        return decode(text)
    except ValidationError:
        return None
