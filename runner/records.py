"""The engine's own record of each stage, begun from an execution's state. How a record moves is decided by `plan`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from contracts.events import Reused
from contracts.pipeline import Stage
from contracts.results import StageOutcome
from contracts.state import ExecutionState, StageState
from runner.journal import Journal
from runner.progress import StagePlace
from runner.values import Json
from stagecast.functions import Spending
from stagecast.scope import Scope, begin_scope, offer

Phase = Literal["pending", "interrupted", "running", "completed", "skipped", "failed", "cancelled"]
"""`interrupted`: started by a runner that was lost. It runs anew, and nothing about starting it is decided again.
`cancelled`: cut off by an early exit; the log knows it as running."""

SETTLED: frozenset[Phase] = frozenset({"completed", "skipped", "failed", "cancelled"})


@dataclass(slots=True)
class StageRecord:
    """Where one stage stands.

    Attributes:
        needs: ids of the stages that it waits for.
        output: what it offers to later stages, also when skipped or failed.
        journal: what it has behind it, where an earlier runner left it unfinished.
        reused: what it delivered in the execution that is run again, where that is kept.
        begun_at: when a runner started it for the first time, if one did before this run.
        has_started: it was told as started, so it counts as run.
        ends_early: its `early_exit` was met.
    """

    stage: Stage
    place: StagePlace
    needs: tuple[str, ...]
    phase: Phase = "pending"
    outcome: StageOutcome | None = None
    output: Json = None
    reason: str | None = None
    error: str | None = None
    error_code: str | None = None
    journal: Journal = field(default_factory=Journal)
    reused: Reused | None = None
    begun_at: datetime | None = None
    has_started: bool = False
    ends_early: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether it will not change any more."""
        return self.phase in SETTLED

    @property
    def is_fatal(self) -> bool:
        """Whether it failed and nothing that needs it may run."""
        return self.phase == "failed" and self.stage.on_error == "fail"

    def complete(self, outcome: StageOutcome) -> None:
        """Settle it as delivered."""
        self.phase, self.outcome, self.output = "completed", outcome, outcome.output

    def skip(self, reason: str, output: Json) -> None:
        """Settle it as skipped."""
        self.phase, self.reason, self.output = "skipped", reason, output

    def fail(self, error: str, code: str, outcome: StageOutcome) -> None:
        """Settle it as failed."""
        self.phase, self.outcome, self.output = "failed", outcome, outcome.output
        self.error, self.error_code = error, code

    def offer_to(self, scope: Scope) -> None:
        """Let later stages see what it offers; it is settled."""
        offer(scope, self.stage, self.phase, self.output)

    def cut_off(self, outcome: StageOutcome | None) -> None:
        """Settle it as aborted; `outcome` has what it had spent, None where that is not known."""
        self.phase, self.outcome = "cancelled", outcome


def records_of(state: ExecutionState) -> dict[str, StageRecord]:
    """Return the records by stage id, in file order: what ended keeps its outcome, what was running is interrupted."""
    pipeline = state.pipeline
    total = len(pipeline.stages)
    reused = {} if state.queued.rerun is None else state.queued.rerun.reused
    records: dict[str, StageRecord] = {}
    for index, stage in enumerate(pipeline.stages):
        known = state.stages[stage.id]
        records[stage.id] = StageRecord(
            stage=stage,
            place=StagePlace(stage.id, stage.title, index, total),
            needs=pipeline.needs_of(index),
            phase="interrupted" if known.phase == "running" else known.phase,
            outcome=known.outcome or _spent_so_far(known),
            output=known.output,
            reason=known.reason,
            error=known.error,
            error_code=known.error_code,
            journal=Journal(known.calls, known.steps, known.progress),
            reused=reused.get(stage.id),
            begun_at=known.begun_at,
            has_started=known.started_at is not None,
        )
    return records


def scope_of(inputs: Mapping[str, Json], records: Iterable[StageRecord]) -> Scope:
    """Return what expressions see of an execution whose settled stages are those of `records`."""
    scope = begin_scope(inputs)
    for record in records:
        if record.is_settled:
            record.offer_to(scope)
    return scope


def _spent_so_far(stage: StageState) -> StageOutcome | None:
    """Return what a stage that did not end has cost, as far as its journal tells."""
    if not stage.calls:
        return None
    spent = Spending()
    for call in stage.calls:
        spent = spent.plus(Spending(1, call.input_tokens, call.output_tokens, call.cost))
    models = dict.fromkeys(call.model for call in stage.calls if call.model is not None)
    return StageOutcome(
        status="cancelled",
        cost=spent.cost_usd,
        model=", ".join(models) or None,
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        calls=spent.calls,
    )
