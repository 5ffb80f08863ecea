"""One running stage: its calls, its voice, its task, and what it has come to. When it runs is decided in `course`."""

import asyncio
from dataclasses import dataclass

from contracts.pipeline import Pipeline
from contracts.results import StageOutcome, StageStatus
from runner.account import Account
from runner.budget import has_time, spent_by
from runner.calls import StageCalls
from runner.parts import Parts
from runner.records import StageRecord
from runner.teller import Teller
from runner.timing import Elapsed, Timing
from runner.values import Json


@dataclass(slots=True)
class RunningStage:
    """A stage that was taken in hand and is not settled yet.

    Attributes:
        calls: what it asks of models, and spends.
        teller: its own, so that it can be silenced while others are still told of.
        timing: its clock.
        began: when it was taken in hand, a reading of the monotonic clock.
        task: what runs it; None when it runs alone.
        is_cut_off: it was aborted; it may still be clearing up.
    """

    calls: StageCalls
    teller: Teller
    timing: Timing
    began: float
    task: asyncio.Task[None] | None = None
    is_cut_off: bool = False

    @classmethod
    def begin(
        cls, record: StageRecord, pipeline: Pipeline, parts: Parts, above: Account, teller: Teller
    ) -> "RunningStage":
        """Take a stage in hand; `above` is the pipeline's account, which knows what the stage has spent before."""
        stage, timing = record.stage, parts.timing
        account = Account(
            f"stage '{stage.id}'",
            stage.budget,
            elapsed=Elapsed(record.begun_at, timing).seconds if has_time(stage.budget) else None,
            above=above,
            spent=spent_by([record.outcome]),
            outlasts_finish=stage.always,
        )
        calls = StageCalls(parts, pipeline, account, record.place, teller, record.journal)
        return cls(calls, teller, timing, timing.monotonic())

    def cut_off(self) -> None:
        """Abort it; from now on nothing is told of it. It has ended once its task has."""
        if self.task is not None:
            self.is_cut_off = True
            self.teller.close()
            self.task.cancel()

    def end(self, status: StageStatus, output: Json = None) -> StageOutcome:
        """Return its outcome with what it spent; it can call no model any more."""
        account = self.calls.account
        account.close()
        spending = account.spending
        return StageOutcome(
            status=status,
            cost=spending.cost_usd,
            duration=self.timing.ms_since(self.began),
            model=", ".join(self.calls.answered_by) or None,
            input_tokens=spending.input_tokens,
            output_tokens=spending.output_tokens,
            calls=spending.calls,
            output=output,
        )
