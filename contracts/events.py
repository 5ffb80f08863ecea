"""The events of an execution: one discriminated union, its wire names, and how an event becomes bytes and back.

Stored events are numbered: `seq` is the event's place in its execution's log, from 0 without holes. `stage:output` is
live text, published and not stored; it has no `seq`. Subjects are written in `contracts.subjects`.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from contracts.ids import ExecutionId, PipelineId
from contracts.results import PipelineResult, StageOutcome
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


class ExecutionQueued(StoredEvent):
    """Accepted: event 0 of every execution, and its entry in the work queue."""

    type: Literal["execution:queued"] = "execution:queued"
    pipeline_id: PipelineId
    pipeline: dict[str, Any] = Field(description="The definition that runs, whatever is deployed meanwhile.")
    input: str
    options: dict[str, Any] = Field(default_factory=dict[str, Any])


class ExecutionStarted(StoredEvent):
    """A runner claimed the execution for the first time."""

    type: Literal["execution:started"] = "execution:started"
    pipeline_id: PipelineId
    pipeline_name: str
    pipeline_version: str = ""
    stages: tuple[StageRef, ...]
    total: int
    attempt: int = 1
    runner: str


class ExecutionResumed(StoredEvent):
    """Another runner claimed it, because the one before was lost; finished stages are kept."""

    type: Literal["execution:resumed"] = "execution:resumed"
    attempt: int = Field(ge=2)
    runner: str


class ExecutionReleased(StoredEvent):
    """The runner gave the execution back unfinished, for example to shut down; another one may resume it at once."""

    type: Literal["execution:released"] = "execution:released"
    runner: str
    reason: str


class ExecutionCancelRequested(StoredEvent):
    """Somebody asked to stop it."""

    type: Literal["execution:cancel_requested"] = "execution:cancel_requested"


class ExecutionCompleted(StoredEvent):
    """The end, whatever it was: `result.status` tells success, early_exit, failed and cancelled apart."""

    type: Literal["execution:completed"] = "execution:completed"
    is_terminal: ClassVar[bool] = True
    result: PipelineResult
    filename: str | None = Field(default=None, description="The saved result's name in outputs; null if not saved.")


class StageStarted(StoredEvent, StageEvent):
    """A stage begins."""

    type: Literal["stage:started"] = "stage:started"


class StageCompleted(StoredEvent, StageEvent):
    """A stage delivered."""

    type: Literal["stage:completed"] = "stage:completed"
    result: StageOutcome


class StageSkipped(StoredEvent, StageEvent):
    """A stage will not run; it was never reported as started."""

    type: Literal["stage:skipped"] = "stage:skipped"
    reason: str
    output: Any = Field(default=None, description="What it offers to later stages: its `output_when_skipped`.")


class StageFailed(StoredEvent, StageEvent):
    """A stage could not deliver."""

    type: Literal["stage:failed"] = "stage:failed"
    error: str
    code: str
    result: StageOutcome = Field(description="What was spent; `output` is the fallback under `on_error: use_skipped`.")


class StageRetrying(StoredEvent, StageEvent):
    """An attempt failed and another follows after a wait."""

    type: Literal["stage:retrying"] = "stage:retrying"
    attempt: int = Field(ge=2, description="The number of the attempt that follows.")
    delay: int = Field(ge=0, description="Milliseconds until it begins.")
    error: str
    code: str
    item: int | None = Field(default=None, description="The item's place, in a foreach.")


class StageOutput(StageEvent):
    """Live text as a model writes it. Not stored: what matters of it is in `stage:completed`."""

    type: Literal["stage:output"] = "stage:output"
    text: str
    attempt: int = Field(default=1, description="Which claim of the execution wrote it.")
    item: int | None = Field(default=None, description="The item's place, in a foreach.")


LogEvent = Annotated[
    ExecutionQueued
    | ExecutionStarted
    | ExecutionResumed
    | ExecutionReleased
    | ExecutionCancelRequested
    | ExecutionCompleted
    | StageStarted
    | StageCompleted
    | StageSkipped
    | StageFailed
    | StageRetrying,
    Field(discriminator="type"),
]
Event = Annotated[LogEvent | StageOutput, Field(discriminator="type")]

_log_event: TypeAdapter[LogEvent] = TypeAdapter(LogEvent)
_event: TypeAdapter[Event] = TypeAdapter(Event)

EVENT_TYPES: tuple[str, ...] = tuple(
    name
    for model in (
        ExecutionQueued,
        ExecutionStarted,
        ExecutionResumed,
        ExecutionReleased,
        ExecutionCancelRequested,
        ExecutionCompleted,
        StageStarted,
        StageCompleted,
        StageSkipped,
        StageFailed,
        StageRetrying,
        StageOutput,
    )
    for name in [str(model.model_fields["type"].default)]
)
"""Every wire name, stored and live."""


def encode(event: BaseEvent) -> bytes:
    """Write an event as UTF-8 JSON with the story's field names; fields that are None are kept."""
    return event.model_dump_json(by_alias=True).encode()


def decode(data: bytes | str) -> Event:
    """Read any event.

    Raises:
        pydantic.ValidationError: the bytes are no event that we know.
    """
    return _event.validate_json(data)


def decode_stored(data: bytes | str) -> LogEvent:
    """Read an event of the log.

    Raises:
        pydantic.ValidationError: the bytes are no stored event that we know.
    """
    return _log_event.validate_json(data)
