"""The events of an execution: one discriminated union, its wire names, and how an event becomes bytes and back.

`stage:output` is live text, published and not stored; it has no `seq`. What all events carry is in
`contracts.envelope`, what only runners read in `contracts.journal`. Subjects are written in `contracts.subjects`.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter

from contracts.envelope import BaseEvent, StageEvent, StageRef, StoredEvent
from contracts.ids import ExecutionId, PipelineId
from contracts.journal import CallCompleted, ExecutionEnding, StepCompleted
from contracts.results import PipelineResult, StageOutcome
from contracts.wire import WireModel


class Reused(WireModel):
    """What a stage delivered in the execution that is run again."""

    of: ExecutionId = Field(description="The execution that delivered it, and paid for it.")
    output: Any = None
    model: str | None = Field(default=None, description="The model that answered then.")


class Rerun(WireModel):
    """Which execution is run again, and what of it is kept."""

    of: ExecutionId
    from_stage: str | None = Field(
        default=None, description="The stage from which everything runs anew, if one was named."
    )
    reused: dict[str, Reused] = Field(default_factory=dict[str, Reused], description="By stage id.")


class ExecutionQueued(StoredEvent):
    """Accepted: event 0 of every execution, and its entry in the work queue."""

    type: Literal["execution:queued"] = "execution:queued"
    pipeline_id: PipelineId
    pipeline: dict[str, Any] = Field(description="The definition that runs, whatever is deployed meanwhile.")
    input: str
    options: dict[str, Any] = Field(default_factory=dict[str, Any])
    rerun: Rerun | None = Field(default=None, description="Set where an earlier execution is run again.")
    owner: str | None = Field(default=None, description="Who submitted it; null where nobody is asked who they are.")


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


class ExecutionFinishRequested(StoredEvent):
    """Somebody asked to stop here and keep the best that there is."""

    type: Literal["execution:finish_requested"] = "execution:finish_requested"


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


class StageProgress(StoredEvent, StageEvent):
    """What a stage's function has come to so far, in its own words. Told once, however often the function runs."""

    type: Literal["stage:progress"] = "stage:progress"
    message: str = Field(description="One line for people.")
    data: Any = Field(default=None, description="The same for programs, as the function gives it.")
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
    | ExecutionFinishRequested
    | ExecutionEnding
    | ExecutionCompleted
    | StageStarted
    | StageCompleted
    | StageSkipped
    | StageFailed
    | StageRetrying
    | StageProgress
    | CallCompleted
    | StepCompleted,
    Field(discriminator="type"),
]
Event = Annotated[LogEvent | StageOutput, Field(discriminator="type")]

_log_event: TypeAdapter[LogEvent] = TypeAdapter(LogEvent)
_event: TypeAdapter[Event] = TypeAdapter(Event)

JOURNAL = (CallCompleted, StepCompleted, ExecutionEnding)
"""What runners keep for each other."""


def wire_name(event: type[BaseEvent]) -> str:
    """Return the `type` of an event's class."""
    return str(event.model_fields["type"].default)


JOURNAL_TYPES: frozenset[str] = frozenset(map(wire_name, JOURNAL))
"""The wire names of the journal: subscribers get them only where they ask for all events."""

LIFECYCLE_TYPES: tuple[str, ...] = tuple(
    wire_name(model)
    for model in (
        ExecutionQueued,
        ExecutionStarted,
        ExecutionResumed,
        ExecutionReleased,
        ExecutionCancelRequested,
        ExecutionFinishRequested,
        ExecutionCompleted,
    )
)
"""The wire names of what happens to an execution as a whole."""

EVENT_TYPES: tuple[str, ...] = LIFECYCLE_TYPES + tuple(
    wire_name(model)
    for model in (
        StageStarted,
        StageCompleted,
        StageSkipped,
        StageFailed,
        StageRetrying,
        StageProgress,
        StageOutput,
        *JOURNAL,
    )
)
"""Every wire name, stored and live."""


def encode(event: BaseEvent) -> bytes:
    """Write an event as UTF-8 JSON with the story's field names; fields that are None are kept."""
    # What `model_dump_json` calls, which makes a text of the bytes first.
    return type(event).__pydantic_serializer__.to_json(event, by_alias=True)


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
