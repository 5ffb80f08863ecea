"""An example of every event, all of one execution: what the documents show, and what tests hold against the models."""

from datetime import UTC, datetime, timedelta

from contracts.envelope import BaseEvent, StageRef
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
from contracts.ids import output_filename, submitted_at
from contracts.journal import CallCompleted, ExecutionEnding, StepCompleted
from contracts.results import PipelineInput, PipelineResult, StageOutcome, StageResult, Summary

EXECUTION_ID = "exec_1795485032054_ndzgqqwxebh2jxdc"
PIPELINE_ID = "release-note-v1"
RUNNER = "runner-7f3a"
INPUT = "Tell users about the new export."

_SUBMITTED = submitted_at(EXECUTION_ID)
_STAGES = (StageRef(id="draft", name="Draft"), StageRef(id="check", name="Check Facts"))
_MODEL = "local:smollm2"
_TEXT = "You can now export every report as a spreadsheet."
_SPENT = StageOutcome(
    status="success", cost=0.0, duration=5480, model=_MODEL, input_tokens=83, output_tokens=34, calls=1, output=_TEXT
)
_RESULT = PipelineResult(
    execution_id=EXECUTION_ID,
    pipeline_id=PIPELINE_ID,
    pipeline_version="1.0.0",
    status="success",
    timestamp=_SUBMITTED,
    input=PipelineInput(prompt=INPUT),
    output={"text": _TEXT},
    stages=(
        StageResult(
            stage_id="draft",
            stage_name="Draft",
            status="success",
            duration=5480,
            model=_MODEL,
            input_tokens=83,
            output_tokens=34,
            output=_TEXT,
        ),
        StageResult(stage_id="check", stage_name="Check Facts", status="skipped", reason="nothing to check"),
    ),
    summary=Summary(stages_run=1, stages_skipped=1, total_duration=5512, total_input_tokens=83, total_output_tokens=34),
)
_DEFINITION = {
    "id": PIPELINE_ID,
    "name": "Release Note",
    "stages": [
        {"id": "draft", "name": "Draft", "prompt": {"user": "{{ inputs.input }}"}},
        {"id": "check", "name": "Check Facts", "needs": ["draft"], "call": "check_facts"},
    ],
}


def _after(seconds: float) -> datetime:
    return (_SUBMITTED + timedelta(seconds=seconds)).astimezone(UTC)


def _started() -> ExecutionStarted:
    return ExecutionStarted(
        execution_id=EXECUTION_ID,
        at=_after(0.01),
        seq=1,
        pipeline_id=PIPELINE_ID,
        pipeline_name="Release Note",
        pipeline_version="1.0.0",
        stages=_STAGES,
        total=2,
        runner=RUNNER,
    )


def execution_events() -> tuple[BaseEvent, ...]:
    """Return an example of each event about an execution as a whole that subscribers get."""
    return (
        ExecutionQueued(
            execution_id=EXECUTION_ID,
            at=_SUBMITTED,
            seq=0,
            pipeline_id=PIPELINE_ID,
            pipeline=_DEFINITION,
            input=INPUT,
            options={"tone": "plain"},
        ),
        _started(),
        ExecutionResumed(execution_id=EXECUTION_ID, at=_after(21), seq=4, attempt=2, runner="runner-b914"),
        ExecutionReleased(execution_id=EXECUTION_ID, at=_after(3), seq=3, runner=RUNNER, reason="shutting down"),
        ExecutionCancelRequested(execution_id=EXECUTION_ID, at=_after(4), seq=5),
        ExecutionFinishRequested(execution_id=EXECUTION_ID, at=_after(4), seq=5),
        ExecutionCompleted(
            execution_id=EXECUTION_ID,
            at=_after(5.512),
            seq=7,
            result=_RESULT,
            filename=output_filename(PIPELINE_ID, EXECUTION_ID),
        ),
    )


def stage_events() -> tuple[BaseEvent, ...]:
    """Return an example of each event about a stage that subscribers get."""
    draft, check = _STAGES
    return (
        StageStarted(execution_id=EXECUTION_ID, at=_after(0.02), seq=2, stage=draft, index=0, total=2),
        StageCompleted(execution_id=EXECUTION_ID, at=_after(5.5), seq=4, stage=draft, index=0, total=2, result=_SPENT),
        StageSkipped(
            execution_id=EXECUTION_ID,
            at=_after(5.503),
            seq=5,
            stage=check,
            index=1,
            total=2,
            reason="nothing to check",
        ),
        StageFailed(
            execution_id=EXECUTION_ID,
            at=_after(60),
            seq=4,
            stage=draft,
            index=0,
            total=2,
            error="The model took longer than 60 s.",
            code="timeout",
            result=StageOutcome(status="failed", cost=None, duration=60_000, model="openai:gpt-5-mini", calls=1),
        ),
        StageRetrying(
            execution_id=EXECUTION_ID,
            at=_after(1.5),
            seq=3,
            stage=draft,
            index=0,
            total=2,
            attempt=2,
            delay=1000,
            error="The provider answers 429.",
            code="model_error",
        ),
        StageProgress(
            execution_id=EXECUTION_ID,
            at=_after(3),
            seq=3,
            stage=draft,
            index=0,
            total=2,
            message="2 of 3 drafts scored; 'terse' leads",
            data={"scored": 2, "best": "terse"},
        ),
        StageOutput(execution_id=EXECUTION_ID, at=_after(1.2), stage=draft, index=0, total=2, text="You can now "),
    )


def journal_events() -> tuple[BaseEvent, ...]:
    """Return an example of each event of the journal."""
    draft, check = _STAGES
    return (
        CallCompleted(
            execution_id=EXECUTION_ID,
            at=_after(5.49),
            seq=3,
            stage=draft,
            index=0,
            total=2,
            key="5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592",
            model=_MODEL,
            text=_TEXT,
            input_tokens=83,
            output_tokens=34,
        ),
        StepCompleted(
            execution_id=EXECUTION_ID,
            at=_after(5.6),
            seq=6,
            stage=check,
            index=1,
            total=2,
            key="7d793037a0760186574b0282f2f435e77d793037a0760186574b0282f2f435e7",
            name="look_up",
            output={"found": True},
        ),
        ExecutionEnding(execution_id=EXECUTION_ID, at=_after(5.51), seq=6, result=_RESULT),
    )
