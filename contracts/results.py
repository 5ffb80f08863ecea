"""What an execution delivers: the story's PipelineResult and the rows of `GET /api/outputs`.

Durations are milliseconds, costs US dollars; a cost that is not known is None, never 0.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.wire import Timestamp, WireModel

ResultStatus = Literal["success", "early_exit", "failed", "cancelled"]
StageStatus = Literal["success", "skipped", "failed", "cancelled"]

LOOKED_AT_CHARACTERS = 2_000
"""What lists look at of a prompt or an error, from its beginning."""
_EXCERPT_CHARACTERS = 160


def excerpt_of(prompt: str) -> str:
    """Return the beginning of a prompt as a row of a list shows it: on one line, 160 characters at most."""
    return " ".join(prompt[:LOOKED_AT_CHARACTERS].split())[:_EXCERPT_CHARACTERS]


class _Submitted(WireModel):
    prompt: str


class _Judged(WireModel):
    verdict: Any = None


class StageOutcome(WireModel):
    """What one stage delivered and spent; travels in `stage:completed` and `stage:failed`."""

    status: StageStatus
    cost: float | None = Field(default=0.0, description="US dollars, every attempt counted; null when unknown.")
    duration: int = Field(default=0, description="Milliseconds.")
    model: str | None = Field(default=None, description="The model that answered, as provider:model.")
    input_tokens: int = 0
    output_tokens: int = 0
    calls: int = Field(default=0, description="Model calls made, repeated attempts included.")
    output: Any = None
    reused_from: str | None = Field(default=None, description="The execution that delivered this, and paid for it.")


class StageResult(WireModel):
    """One stage in a PipelineResult."""

    stage_id: str
    stage_name: str
    status: StageStatus
    duration: int = 0
    model: str | None = None
    cost: float | None = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    output: Any = None
    reason: str | None = Field(default=None, description="Why the stage was skipped.")
    error: str | None = None
    error_code: str | None = None
    reused_from: str | None = Field(default=None, description="The execution that delivered this, and paid for it.")


class Summary(WireModel):
    """The totals of a PipelineResult."""

    stages_run: int = 0
    stages_skipped: int = 0
    stages_failed: int = 0
    total_duration: int = Field(default=0, description="Milliseconds from start to end, not the sum of the stages.")
    total_cost: float | None = Field(default=0.0, description="US dollars; null when any part is unknown.")
    total_input_tokens: int = 0
    total_output_tokens: int = 0


class PipelineInput(WireModel):
    """What was submitted."""

    prompt: str
    options: dict[str, Any] = Field(default_factory=dict[str, Any])


class PipelineResult(WireModel):
    """The end of an execution, as saved in outputs and carried by `execution:completed`."""

    execution_id: str
    pipeline_id: str
    pipeline_version: str = ""
    status: ResultStatus
    timestamp: Timestamp = Field(description="When the execution was submitted.")
    input: PipelineInput
    output: Any = None
    stages: tuple[StageResult, ...] = ()
    summary: Summary = Summary()
    error: str | None = None
    error_code: str | None = None
    rerun_of: str | None = Field(default=None, description="The execution that this one ran again.")
    owner: str | None = Field(default=None, description="Who submitted it; null where nobody is asked who they are.")


class ResultExtract(WireModel):
    """What a row needs of a saved result: read in a third of the time that a whole PipelineResult takes."""

    execution_id: str
    pipeline_id: str
    status: ResultStatus
    timestamp: Timestamp
    input: _Submitted
    # Left to right, so that of an object only the verdict is made.
    output: Annotated[_Judged | Any, Field(union_mode="left_to_right")] = None
    summary: Summary = Summary()
    error: str | None = None
    owner: str | None = None


class OutputListing(WireModel):
    """One row of `GET /api/outputs`."""

    filename: str
    pipeline_id: str
    status: ResultStatus
    timestamp: Timestamp
    duration: int
    cost: float | None
    stages_run: int
    stages_skipped: int
    stages_failed: int
    execution_id: str
    excerpt: str = Field(default="", description="How the prompt begins, on one line.")
    verdict: str | None = Field(default=None, description="`output.verdict` where that is a string.")

    @classmethod
    def of(cls, filename: str, result: ResultExtract) -> "OutputListing":
        """Make the row of a saved result."""
        verdict = result.output.verdict if isinstance(result.output, _Judged) else None
        return cls(
            filename=filename,
            pipeline_id=result.pipeline_id,
            status=result.status,
            timestamp=result.timestamp,
            duration=result.summary.total_duration,
            cost=result.summary.total_cost,
            stages_run=result.summary.stages_run,
            stages_skipped=result.summary.stages_skipped,
            stages_failed=result.summary.stages_failed,
            execution_id=result.execution_id,
            excerpt=excerpt_of(result.input.prompt),
            verdict=verdict[:_EXCERPT_CHARACTERS] if isinstance(verdict, str) else None,
        )
