"""The state of an execution: a fold over its events, and nothing else.

Which event may follow which is a table; an event that may not is `CorruptLog`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from contracts.envelope import StageEvent
from contracts.errors import CorruptLog
from contracts.events import (
    ExecutionCancelRequested,
    ExecutionCompleted,
    ExecutionFinishRequested,
    ExecutionQueued,
    ExecutionReleased,
    ExecutionResumed,
    ExecutionStarted,
    LogEvent,
    StageCompleted,
    StageFailed,
    StageProgress,
    StageRetrying,
    StageSkipped,
    StageStarted,
)
from contracts.journal import CallCompleted, ExecutionEnding, StepCompleted
from contracts.pipeline import Pipeline
from contracts.results import PipelineResult, StageOutcome

ExecutionStatus = Literal["queued", "running", "success", "early_exit", "failed", "cancelled"]
ENDED_STATUSES = frozenset({"success", "early_exit", "failed", "cancelled"})
StagePhase = Literal["pending", "running", "completed", "skipped", "failed"]

_STAGE_MOVES: dict[type[LogEvent], tuple[frozenset[StagePhase], StagePhase]] = {
    # A stage may start again: its runner was lost while it ran, and the next one runs it anew.
    StageStarted: (frozenset({"pending", "running"}), "running"),
    StageRetrying: (frozenset({"running"}), "running"),
    StageProgress: (frozenset({"running"}), "running"),
    StageCompleted: (frozenset({"running"}), "completed"),
    # A stage may fail without having started: its condition could not be evaluated.
    StageFailed: (frozenset({"pending", "running"}), "failed"),
    StageSkipped: (frozenset({"pending"}), "skipped"),
}


_SETTLED: frozenset[StagePhase] = frozenset({"completed", "skipped", "failed"})
_StageMove = StageStarted | StageRetrying | StageProgress | StageCompleted | StageFailed | StageSkipped


@dataclass
class StageState:
    """Where one stage stands.

    Attributes:
        output: what it offers to later stages, also when skipped.
        started_at: when it was started last; `begun_at` is when it was for the first time.
        calls: its model calls so far, in order; empty once it is settled, as its outcome tells all then.
        steps: the steps that its function has done, likewise.
        progress: how often its function has told how far it is, by foreach item (None without one), likewise.
    """

    id: str
    name: str
    phase: StagePhase = "pending"
    outcome: StageOutcome | None = None
    output: Any = None
    reason: str | None = None
    error: str | None = None
    error_code: str | None = None
    started_at: datetime | None = None
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    calls: list[CallCompleted] = field(default_factory=list[CallCompleted])
    steps: list[StepCompleted] = field(default_factory=list[StepCompleted])
    progress: dict[int | None, int] = field(default_factory=dict[int | None, int])

    @property
    def is_settled(self) -> bool:
        """Whether it will not change any more."""
        return self.phase in _SETTLED


@dataclass
class ExecutionState:
    """Where an execution stands after the events applied so far.

    Attributes:
        next_seq: the number that the next event will have.
        attempt: how many times it was claimed, 0 until the first time.
        runner: who holds it; None while it waits in the queue.
        lost_claims: runners lost in a row since a stage was settled last; what is given back is not lost.
        ending: how it ends, once that is decided; from then on it can only be completed.
        stages: in file order, by id.
    """

    queued: ExecutionQueued
    pipeline: Pipeline
    stages: dict[str, StageState]
    next_seq: int = 1
    status: ExecutionStatus = "queued"
    attempt: int = 0
    runner: str | None = None
    lost_claims: int = 0
    ending: PipelineResult | None = None
    is_cancel_requested: bool = False
    is_finish_requested: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: PipelineResult | None = None
    filename: str | None = None

    @classmethod
    def begin(cls, queued: ExecutionQueued) -> "ExecutionState":
        """Make the state after event 0."""
        pipeline = Pipeline.model_validate(queued.pipeline)
        return cls(
            queued=queued,
            pipeline=pipeline,
            stages={stage.id: StageState(stage.id, stage.title) for stage in pipeline.stages},
        )

    @property
    def execution_id(self) -> str:
        """The id of the execution."""
        return self.queued.execution_id

    @property
    def is_ended(self) -> bool:
        """Whether the terminal event is in the log."""
        return self.result is not None

    def apply(self, event: LogEvent) -> None:
        """Move on by one event.

        Raises:
            CorruptLog: the event has the wrong number, or may not come at this point.
        """
        if event.execution_id != self.execution_id or event.seq != self.next_seq:
            raise CorruptLog(f"event {event.seq} of {event.execution_id} came where {self.next_seq} was due")
        if self.is_ended:
            raise CorruptLog(f"{event.type} came after the end")
        match event:
            case ExecutionStarted() | ExecutionResumed():
                self._claim(event)
            case ExecutionReleased():
                self.runner = None
                self.status = "queued"
            case ExecutionCancelRequested() | ExecutionFinishRequested():
                self._note_wish(event)
            case ExecutionEnding() | ExecutionCompleted():
                self._end(event)
            case CallCompleted() | StepCompleted():
                self._keep(event)
            case StageStarted() | StageRetrying() | StageProgress() | StageCompleted() | StageFailed() | StageSkipped():
                self._move_stage(event)
            case ExecutionQueued():
                raise CorruptLog("a second execution:queued")
        self.next_seq += 1

    def _claim(self, event: ExecutionStarted | ExecutionResumed) -> None:
        if event.attempt != self.attempt + 1:
            raise CorruptLog(f"claim {event.attempt} came after claim {self.attempt}")
        if self.runner is not None:
            self.lost_claims += 1
        self.attempt = event.attempt
        self.runner = event.runner
        self.status = "running"
        self.started_at = self.started_at or event.at

    def _note_wish(self, event: ExecutionCancelRequested | ExecutionFinishRequested) -> None:
        if isinstance(event, ExecutionCancelRequested):
            self.is_cancel_requested = True
        else:
            self.is_finish_requested = True

    def _end(self, event: ExecutionEnding | ExecutionCompleted) -> None:
        if isinstance(event, ExecutionEnding):
            if self.ending is not None:
                raise CorruptLog("a second execution:ending")
            self.ending = event.result
            return
        self.result = event.result
        self.status = event.result.status
        self.filename = event.filename
        self.ended_at = event.at

    def _stage_of(self, event: StageEvent) -> StageState:
        stage = self.stages.get(event.stage.id)
        if stage is None:
            raise CorruptLog(f"an event names the unknown stage '{event.stage.id}'")
        return stage

    def _keep(self, event: CallCompleted | StepCompleted) -> None:
        stage = self._stage_of(event)
        if stage.is_settled:
            return  # a call that a function had left behind; the stage's outcome does not know of it
        if isinstance(event, CallCompleted):
            stage.calls.append(event)
        else:
            stage.steps.append(event)

    def _move_stage(self, event: _StageMove) -> None:
        stage = self._stage_of(event)
        allowed, phase = _STAGE_MOVES[type(event)]
        if stage.phase not in allowed or self.status != "running" or self.ending is not None:
            raise CorruptLog(f"{event.type} came while '{stage.id}' was {stage.phase}")
        stage.phase = phase
        if stage.is_settled:
            self.lost_claims = 0
            stage.calls, stage.steps, stage.progress = [], [], {}
        match event:
            case StageStarted():
                stage.started_at = event.at
                stage.begun_at = stage.begun_at or event.at
            case StageProgress():
                stage.progress[event.item] = stage.progress.get(event.item, 0) + 1
            case StageCompleted():
                stage.outcome, stage.output, stage.ended_at = event.result, event.result.output, event.at
            case StageFailed():
                stage.outcome, stage.output, stage.ended_at = event.result, event.result.output, event.at
                stage.error, stage.error_code = event.error, event.code
            case StageSkipped():
                stage.output, stage.reason, stage.ended_at = event.output, event.reason, event.at
            case StageRetrying():
                pass


def fold(events: Iterable[LogEvent]) -> ExecutionState | None:
    """Fold a log from its event 0 on; None when there are no events.

    Raises:
        CorruptLog: a number is missing, or an event came where it may not.
    """
    state: ExecutionState | None = None
    for event in events:
        if state is not None:
            state.apply(event)
        elif isinstance(event, ExecutionQueued) and event.seq == 0:
            state = ExecutionState.begin(event)
        else:
            raise CorruptLog("a log begins with execution:queued, number 0")
    return state
