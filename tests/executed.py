"""Writes what a runner would have written about an execution, without working: for tests of what follows its end."""

from collections.abc import Mapping
from typing import Any, Literal

from contracts.envelope import StageEvent, StageRef
from contracts.events import (
    ExecutionCompleted,
    ExecutionQueued,
    ExecutionStarted,
    LogEvent,
    StageCompleted,
    StageFailed,
    StageSkipped,
    StageStarted,
)
from contracts.ids import submitted_at
from contracts.pipeline import Pipeline
from contracts.results import PipelineInput, PipelineResult, ResultStatus, StageOutcome

End = Literal["completed", "skipped", "failed", "running"]


def events_after(queued: ExecutionQueued, ends: Mapping[str, End], status: ResultStatus = "failed") -> list[LogEvent]:
    """Return the events from number 1 to the terminal one.

    A completed stage delivers `"<id> of source"`, or what it takes over from an earlier execution.

    Args:
        queued: event 0.
        ends: how each stage ended; one that is not named never began.
        status: how the execution ended.
    """
    pipeline = Pipeline.model_validate(queued.pipeline)
    common: dict[str, Any] = {"execution_id": queued.execution_id}
    total = len(pipeline.stages)
    events: list[LogEvent] = [
        ExecutionStarted(
            **common, pipeline_id=pipeline.id, pipeline_name=pipeline.name, stages=(), total=total, runner="runner-a"
        )
    ]
    for index, stage in enumerate(pipeline.stages):
        place = StageEvent(**common, stage=StageRef(id=stage.id, name=stage.title), index=index, total=total)
        if stage.id in ends:
            events += _stage_events(queued, dict(place), ends[stage.id])
    result = PipelineResult(
        **common,
        pipeline_id=pipeline.id,
        status=status,
        timestamp=submitted_at(queued.execution_id),
        input=PipelineInput(prompt=queued.input),
    )
    events.append(ExecutionCompleted(**common, result=result))
    return [event.model_copy(update={"seq": seq}) for seq, event in enumerate(events, 1)]


def _stage_events(queued: ExecutionQueued, place: dict[str, Any], end: End) -> list[LogEvent]:
    if end == "skipped":
        return [StageSkipped(**place, reason="not needed")]
    started = StageStarted(**place)
    if end == "running":
        return [started]
    if end == "failed":
        return [started, StageFailed(**place, error="no", code="x", result=StageOutcome(status="failed"))]
    return [started, StageCompleted(**place, result=_outcome(queued, place["stage"].id))]


def _outcome(queued: ExecutionQueued, stage_id: str) -> StageOutcome:
    reused = None if queued.rerun is None else queued.rerun.reused.get(stage_id)
    output, of = (f"{stage_id} of source", None) if reused is None else (reused.output, reused.of)
    return StageOutcome(status="success", output=output, model="scripted:fast", cost=0.5, reused_from=of)
