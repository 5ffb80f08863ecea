"""What is known of an execution while it is watched: a fold over its events. Nothing here draws or waits.

Unlike `contracts.state`, which services decide by, this also folds live text, and shrugs off what it cannot place.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from contracts.envelope import StageEvent
from contracts.events import (
    Event,
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
from contracts.requests import ExecutionView, StageView, StageViewStatus
from contracts.results import PipelineResult, StageOutcome, StageResult, StageStatus

Phase = Literal["waiting", "running", "retrying", "done", "reused", "skipped", "failed", "cancelled"]

_PHASES: dict[StageViewStatus, Phase] = {
    "pending": "waiting",
    "running": "running",
    "completed": "done",
    "skipped": "skipped",
    "failed": "failed",
    "cancelled": "cancelled",
    "not_run": "waiting",
}
_OUTCOMES: dict[StageViewStatus, StageStatus] = {
    "completed": "success",
    "skipped": "skipped",
    "failed": "failed",
    "cancelled": "cancelled",
}

_TAIL_LENGTH = 2_000  # characters of live text that are kept for a stage, or for one item of a foreach


def milliseconds(since: datetime, until: datetime) -> int:
    """Return the time between two moments, never below 0: clocks of two machines may differ."""
    return max(0, round((until - since).total_seconds() * 1000))


@dataclass
class StageRow:
    """One line of the table.

    Attributes:
        phase: `reused` where an earlier execution delivered it.
        note: the reason, error or wait, or how far it is in its own words.
        tails: the end of its live text; by item in a foreach, whose items write at the same time.
    """

    name: str
    id: str = ""
    phase: Phase = "waiting"
    started_at: datetime | None = None
    duration: int | None = None
    outcome: StageOutcome | None = None
    note: str = ""
    tails: dict[int | None, str] = field(default_factory=dict[int | None, str])

    def elapsed(self, now: datetime) -> int | None:
        """Return how long it took or has taken, in milliseconds; None when it has not begun."""
        if self.duration is not None or self.started_at is None:
            return self.duration
        return milliseconds(self.started_at, now)


@dataclass
class RunView:
    """An execution as its watcher knows it.

    Attributes:
        stages: by their place in the file.
        result: what it delivered, once it has ended.
        note: what is going on besides stages.
        is_finishing: somebody asked to stop here, by finishing or cancelling.
    """

    execution_id: str
    title: str = ""
    status: str = "queued"
    stages: dict[int, StageRow] = field(default_factory=dict[int, StageRow])
    queued_at: datetime | None = None
    ended_at: datetime | None = None
    note: str = "waiting for a runner"
    is_finishing: bool = False
    result: PipelineResult | None = None
    filename: str | None = None

    def elapsed(self, now: datetime) -> int:
        """Return the milliseconds since it was submitted, until its end if it has ended."""
        return milliseconds(self.queued_at, self.ended_at or now) if self.queued_at else 0

    def cost(self) -> tuple[float, bool]:
        """Return the US dollars spent so far as far as they are known, and whether all of them are."""
        spent = [row.outcome.cost for row in self.stages.values() if row.outcome]
        return sum(cost for cost in spent if cost is not None), None not in spent

    def tokens(self) -> tuple[int, int]:
        """Return tokens read and written so far."""
        spent = [row.outcome for row in self.stages.values() if row.outcome]
        return sum(one.input_tokens for one in spent), sum(one.output_tokens for one in spent)

    def apply(self, event: Event) -> None:
        """Take the next event in."""
        if isinstance(event, StageEvent):
            self._apply_to_stage(event, self.stages.setdefault(event.index, StageRow(event.stage.name, event.stage.id)))
            return
        match event:
            case ExecutionQueued():
                self.title, self.queued_at = event.pipeline_id, event.at
            case ExecutionStarted():
                self.title = event.pipeline_name
                self.queued_at = self.queued_at or event.at
                self.status, self.note = "running", ""
                for index, stage in enumerate(event.stages):
                    self.stages.setdefault(index, StageRow(stage.name, stage.id))
            case ExecutionResumed():
                self.status, self.note = "running", f"attempt {event.attempt}: the runner before was lost"
            case ExecutionReleased():
                self.status, self.note = "queued", "given back by its runner, waiting for another"
            case ExecutionCancelRequested():
                self.note, self.is_finishing = "cancelling", True
            case ExecutionFinishRequested():
                self.note, self.is_finishing = "finishing", True
            case ExecutionCompleted():
                self._end(event)
            case _:
                pass

    def restore(self, view: ExecutionView) -> None:
        """Take in where it stands, in place of events that are missing."""
        self.title, self.status = self.title or view.pipeline_id, view.status
        self.queued_at, self.ended_at = view.queued_at, view.ended_at
        self.note = "cancelling" if view.cancel_requested else "finishing" if view.finish_requested else ""
        self.is_finishing = view.cancel_requested or view.finish_requested
        results = {stage.stage_id: stage for stage in view.result.stages} if view.result is not None else {}
        for stage in view.stages:
            self.stages[stage.index] = _row_of(stage, results.get(stage.id))

    def _end(self, event: ExecutionCompleted) -> None:
        self.status, self.result, self.filename = event.result.status, event.result, event.filename
        self.note, self.ended_at = event.result.error or "", event.at
        results = {stage.stage_id: stage for stage in event.result.stages}
        for row in self.stages.values():
            if row.phase in ("running", "retrying"):
                _cut_off(row, results.get(row.id), event.at)

    def _apply_to_stage(self, event: StageEvent, row: StageRow) -> None:
        match event:
            case StageStarted():
                row.phase, row.started_at, row.tails = "running", event.at, {}
            case StageOutput():
                row.tails[event.item] = (row.tails.get(event.item, "") + event.text)[-_TAIL_LENGTH:]
            case StageProgress():
                row.note = event.message
            case StageRetrying():
                row.phase = "retrying"
                row.tails.pop(event.item, None)
                row.note = f"attempt {event.attempt} in {event.delay / 1000:.1f} s: {event.error}"
            case StageCompleted():
                row.phase = "done" if event.result.reused_from is None else "reused"
                row.outcome, row.duration, row.note = event.result, event.result.duration, ""
            case StageSkipped():
                row.phase, row.note = "skipped", event.reason
            case StageFailed():
                row.phase, row.outcome, row.duration = "failed", event.result, event.result.duration
                row.note = event.error
            case _:
                pass
        if row.phase == "retrying" and isinstance(event, StageOutput):
            row.phase, row.note = "running", ""


def _cut_off(row: StageRow, result: StageResult | None, at: datetime) -> None:
    """Let a row say what became of a stage that was aborted, which no event told."""
    row.phase, row.duration, row.note = "cancelled", row.elapsed(at), ""
    if result is None:
        return
    row.duration, row.note = result.duration, result.reason or ""
    row.outcome = StageOutcome(
        status="cancelled",
        cost=result.cost,
        duration=result.duration,
        model=result.model,
        input_tokens=result.input_tokens,
        output_tokens=result.output_tokens,
    )


def _row_of(stage: StageView, result: StageResult | None) -> StageRow:
    """Make the row of a stage that is known by what it came to, not by its events."""
    status = _OUTCOMES.get(stage.status)
    outcome = None
    if status is not None and stage.status != "skipped":
        outcome = StageOutcome(
            status=status,
            cost=stage.cost,
            duration=stage.duration or 0,
            model=stage.model,
            input_tokens=result.input_tokens if result is not None else 0,
            output_tokens=result.output_tokens if result is not None else 0,
            reused_from=stage.reused_from,
        )
    is_reused = stage.status == "completed" and stage.reused_from is not None
    return StageRow(
        stage.name,
        stage.id,
        phase="reused" if is_reused else _PHASES[stage.status],
        started_at=stage.started_at,
        duration=stage.duration,
        outcome=outcome,
        note=stage.error or stage.reason or "",
    )
