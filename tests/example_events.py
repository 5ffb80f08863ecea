"""Example events of one execution, for tests of the log and of the fold."""

from contracts.envelope import StageRef
from contracts.events import (
    ExecutionCancelRequested,
    ExecutionCompleted,
    ExecutionFinishRequested,
    ExecutionQueued,
    ExecutionReleased,
    ExecutionResumed,
    ExecutionStarted,
    StageCompleted,
    StageFailed,
    StageOutput,
    StageProgress,
    StageRetrying,
    StageSkipped,
    StageStarted,
)
from contracts.ids import new_execution_id, submitted_at
from contracts.journal import CallCompleted, ExecutionEnding, StepCompleted
from contracts.pipeline import Pipeline
from contracts.results import PipelineInput, PipelineResult, ResultStatus, StageOutcome

PIPELINE = Pipeline.model_validate(
    {
        "id": "example-v1",
        "name": "Example",
        "stages": [
            {"id": "first", "name": "First", "call": "echo"},
            {"id": "second", "name": "Second", "call": "echo"},
        ],
    }
)
STAGES = tuple(StageRef(id=stage.id, name=stage.title) for stage in PIPELINE.stages)


class Example:
    """Makes the events of one execution; each gets the number that it is asked for."""

    def __init__(self, execution_id: str | None = None) -> None:
        self.id = execution_id or new_execution_id()

    def queued(self, text: str = "hello") -> ExecutionQueued:
        """Event 0."""
        return ExecutionQueued(
            execution_id=self.id, seq=0, pipeline_id=PIPELINE.id, pipeline=PIPELINE.snapshot(), input=text
        )

    def started(self, seq: int = 1, runner: str = "runner-a") -> ExecutionStarted:
        """The first claim."""
        return ExecutionStarted(
            execution_id=self.id,
            seq=seq,
            pipeline_id=PIPELINE.id,
            pipeline_name=PIPELINE.name,
            stages=STAGES,
            total=len(STAGES),
            runner=runner,
        )

    def resumed(self, seq: int, attempt: int = 2, runner: str = "runner-b") -> ExecutionResumed:
        """A later claim."""
        return ExecutionResumed(execution_id=self.id, seq=seq, attempt=attempt, runner=runner)

    def released(self, seq: int, runner: str = "runner-a") -> ExecutionReleased:
        """A runner gives it back."""
        return ExecutionReleased(execution_id=self.id, seq=seq, runner=runner, reason="shutting down")

    def cancel_requested(self, seq: int) -> ExecutionCancelRequested:
        """Somebody cancels."""
        return ExecutionCancelRequested(execution_id=self.id, seq=seq)

    def finish_requested(self, seq: int) -> ExecutionFinishRequested:
        """Somebody wants what there is."""
        return ExecutionFinishRequested(execution_id=self.id, seq=seq)

    def stage_started(self, seq: int, index: int = 0) -> StageStarted:
        """A stage begins."""
        return StageStarted(execution_id=self.id, seq=seq, stage=STAGES[index], index=index, total=len(STAGES))

    def stage_completed(self, seq: int, index: int = 0, output: object = "done") -> StageCompleted:
        """A stage delivers."""
        outcome = StageOutcome(status="success", output=output, cost=0.5, duration=12, input_tokens=3)
        return StageCompleted(
            execution_id=self.id, seq=seq, stage=STAGES[index], index=index, total=len(STAGES), result=outcome
        )

    def stage_skipped(self, seq: int, index: int = 0) -> StageSkipped:
        """A stage is left out."""
        return StageSkipped(
            execution_id=self.id, seq=seq, stage=STAGES[index], index=index, total=len(STAGES), reason="not needed"
        )

    def stage_failed(self, seq: int, index: int = 0) -> StageFailed:
        """A stage cannot deliver."""
        return StageFailed(
            execution_id=self.id,
            seq=seq,
            stage=STAGES[index],
            index=index,
            total=len(STAGES),
            error="it broke",
            code="stage_failed",
            result=StageOutcome(status="failed", cost=None, output="fallback"),
        )

    def stage_retrying(self, seq: int, index: int = 0, attempt: int = 2) -> StageRetrying:
        """An attempt failed."""
        return StageRetrying(
            execution_id=self.id,
            seq=seq,
            stage=STAGES[index],
            index=index,
            total=len(STAGES),
            attempt=attempt,
            delay=100,
            error="busy",
            code="model_error",
        )

    def stage_progress(self, seq: int, index: int = 0, item: int | None = None) -> StageProgress:
        """A function tells how far it is."""
        return StageProgress(
            execution_id=self.id,
            seq=seq,
            stage=STAGES[index],
            index=index,
            total=len(STAGES),
            message="2 of 3 scored",
            data={"best": "terse"},
            item=item,
        )

    def stage_output(self, text: str, index: int = 0) -> StageOutput:
        """Live text."""
        return StageOutput(execution_id=self.id, stage=STAGES[index], index=index, total=len(STAGES), text=text)

    def call_completed(self, seq: int, index: int = 0, key: str = "ab" * 32) -> CallCompleted:
        """A model call is done."""
        return CallCompleted(
            execution_id=self.id,
            seq=seq,
            stage=STAGES[index],
            index=index,
            total=len(STAGES),
            key=key,
            model="scripted:example",
            text="yes",
            input_tokens=3,
            output_tokens=1,
            cost=0.25,
        )

    def step_completed(self, seq: int, index: int = 0) -> StepCompleted:
        """A function's step is done."""
        return StepCompleted(
            execution_id=self.id,
            seq=seq,
            stage=STAGES[index],
            index=index,
            total=len(STAGES),
            key="cd" * 32,
            name="fetch",
            output={"rows": 2},
        )

    def ending(self, seq: int, status: ResultStatus = "success") -> ExecutionEnding:
        """The end is decided."""
        return ExecutionEnding(execution_id=self.id, seq=seq, result=self.completed(seq, status).result)

    def completed(self, seq: int, status: ResultStatus = "success", output: object = None) -> ExecutionCompleted:
        """The end."""
        result = PipelineResult(
            execution_id=self.id,
            pipeline_id=PIPELINE.id,
            status=status,
            timestamp=submitted_at(self.id),
            input=PipelineInput(prompt="hello"),
            output=output,
        )
        return ExecutionCompleted(execution_id=self.id, seq=seq, result=result, filename="example.json")
