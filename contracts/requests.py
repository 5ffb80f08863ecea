"""Bodies of HTTP requests and replies, with the story's field names."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from contracts.pipeline import Budget
from contracts.results import PipelineResult, excerpt_of
from contracts.state import ExecutionState, ExecutionStatus, StagePhase, StageState
from contracts.wire import Timestamp, WireModel

NOT_BLANK = r"\S"
"""Told in schemas: what input must match."""
_OBJECT_OR_NULL = {"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "null"}]}


class RunRequest(WireModel):
    """Body of `POST /api/pipelines/{id}/run`. What it may hold is checked against the pipeline's `inputs`."""

    input: str = Field(
        description="Fills the pipeline's primary input; must not be blank.", json_schema_extra={"pattern": NOT_BLANK}
    )
    options: Annotated[dict[str, Any], WithJsonSchema(_OBJECT_OR_NULL)] = Field(
        default_factory=dict[str, Any],
        description="The pipeline's other inputs, by name. `models` overrides aliases: {'fast': 'openai:gpt-5-mini'}; "
        "so does an option named like an alias. `budget` limits the run: {'usd': 0.5, 'calls': 100, 'seconds': 600}.",
    )


class RerunRequest(WireModel):
    """Body of `POST /api/executions/{id}/rerun`; what is left out is as it was."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    from_stage: str | None = Field(default=None, description="Run this stage, and all that depends on it, anew.")
    input: str | None = Field(default=None, description="Must not be blank.", json_schema_extra={"pattern": NOT_BLANK})
    options: dict[str, Any] | None = Field(default=None, description="Replaces all options.")


class RunReply(WireModel):
    """Accepted: the execution is in the log and will run."""

    execution_id: str
    pipeline_id: str
    status: Literal["started"] = "started"


class RerunReply(RunReply):
    """Accepted: a new execution that takes over what an earlier one delivered."""

    rerun_of: str
    reused: tuple[str, ...] = Field(description="The stages whose results are taken over, by id in file order.")


class OptionsReply(WireModel):
    """Answer of `POST /api/pipelines/{id}/options`: what a form's files and options come to."""

    options: dict[str, Any] = Field(description="The options, files read into rows; as a run in JSON takes them.")


class CancelReply(WireModel):
    """Whether there was something to cancel."""

    cancelled: bool


class FinishReply(WireModel):
    """Whether there was something to finish."""

    finishing: bool


class ErrorReply(WireModel):
    """Every error answer."""

    error: str = Field(description="One sentence for people.")
    code: str = Field(description="Stable, for programs.")


class PipelineListing(WireModel):
    """One row of `GET /api/pipelines`."""

    filename: str
    id: str
    name: str
    version: str
    description: str
    stage_count: int
    default_provider: str | None


class PipelineView(PipelineListing):
    """A pipeline in the answer of `GET /api/pipelines/{id}`."""

    primary: str = Field(description="The input that `input` of a run fills.")
    inputs: dict[str, Any] = Field(description="JSON Schema of each input, by name.")
    defs: dict[str, Any] = Field(alias="$defs", description="JSON Schemas that others refer to.")
    models: dict[str, str] = Field(description="What aliases stand for, as provider:model.")
    budget: Budget | None


class StageDefinition(WireModel):
    """A stage in the answer of `GET /api/pipelines/{id}`."""

    id: str
    name: str
    description: str
    index: int
    needs: tuple[str, ...] = Field(description="The stages that it waits for, by id.")
    kind: Literal["prompt", "call"]
    call: str | None = Field(description="The function that it calls.")
    foreach: bool
    model: str | None
    always: bool
    conditions: tuple[str, ...] = Field(description="Why it may be skipped: the reason of each condition.")


class PipelineDetail(WireModel):
    """Answer of `GET /api/pipelines/{id}`; prompts, server addresses and names of keys are not in it."""

    pipeline: PipelineView
    stages: tuple[StageDefinition, ...]


StageViewStatus = Literal["pending", "running", "completed", "skipped", "failed", "cancelled", "not_run"]
_CUT_OFF: dict[StagePhase, StageViewStatus] = {"running": "cancelled", "pending": "not_run"}
"""What an execution's end makes of stages that had not ended: they neither run nor will."""


class StageView(WireModel):
    """One stage in the answer of `GET /api/executions/{id}`."""

    id: str
    name: str
    index: int
    status: StageViewStatus
    cost: float | None = None
    duration: int | None = None
    model: str | None = None
    reason: str | None = None
    error: str | None = None
    reused_from: str | None = None
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None

    @classmethod
    def of(cls, index: int, stage: StageState, *, ended_at: datetime | None = None) -> "StageView":
        """Make the view of one stage's state; `ended_at` is the execution's end, if it has ended."""
        outcome = stage.outcome
        is_cut_off = ended_at is not None and stage.phase == "running"
        return cls(
            id=stage.id,
            name=stage.name,
            index=index,
            status=stage.phase if ended_at is None else _CUT_OFF.get(stage.phase, stage.phase),
            cost=outcome.cost if outcome else None,
            duration=outcome.duration if outcome else None,
            model=outcome.model if outcome else None,
            reason=stage.reason,
            error=stage.error,
            reused_from=outcome.reused_from if outcome else None,
            started_at=stage.started_at,
            ended_at=ended_at if is_cut_off else stage.ended_at,
        )


class ExecutionListing(WireModel):
    """One row of `GET /api/executions`."""

    id: str
    pipeline_id: str
    status: ExecutionStatus
    cancel_requested: bool = False
    finish_requested: bool = False
    attempt: int = 0
    runner: str | None = None
    queued_at: Timestamp
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    filename: str | None = Field(default=None, description="The saved result's name in outputs.")
    owner: str | None = Field(default=None, description="Who submitted it; null where nobody is asked who they are.")
    excerpt: str = Field(default="", description="How the prompt begins, on one line.")


class ExecutionView(ExecutionListing):
    """Answer of `GET /api/executions/{id}`: a fold over the execution's events."""

    last_seq: int = Field(description="Number of the last event that this view includes; -1 where none is kept.")
    stages: tuple[StageView, ...]
    rerun_of: str | None = Field(default=None, description="The execution that this one runs again.")
    result: PipelineResult | None = None

    @classmethod
    def of(cls, state: ExecutionState) -> "ExecutionView":
        """Make the view of an execution's state."""
        return cls(
            id=state.execution_id,
            pipeline_id=state.queued.pipeline_id,
            status=state.status,
            cancel_requested=state.is_cancel_requested,
            finish_requested=state.is_finish_requested,
            attempt=state.attempt,
            runner=state.runner,
            queued_at=state.queued.at,
            started_at=state.started_at,
            ended_at=state.ended_at,
            filename=state.filename,
            owner=state.queued.owner,
            excerpt=excerpt_of(state.queued.input),
            last_seq=state.next_seq - 1,
            stages=tuple(
                StageView.of(index, stage, ended_at=state.ended_at) for index, stage in enumerate(state.stages.values())
            ),
            rerun_of=None if state.queued.rerun is None else state.queued.rerun.of,
            result=state.result,
        )


class EventLog(WireModel):
    """Answer of `GET /api/executions/{id}/events?stream=false`: the events that are stored already."""

    execution_id: str
    status: ExecutionStatus
    from_: int | None = Field(
        default=None,
        validation_alias="from",
        serialization_alias="from",
        description="Number of the first event asked for; left out where the events are not kept any more.",
    )
    to: int | None = Field(default=None, description="Number of the last event; left out likewise.")
    recovered: bool = Field(description="False where what was asked for is not kept any more.")
    snapshot: ExecutionView | None = Field(default=None, description="Stands in for what is missing.")
    events: tuple[dict[str, Any], ...] = Field(description="As they were stored; the journal only where asked for.")
