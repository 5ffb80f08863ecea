"""The course of one execution: does what `plan` says, tells each step, then counts it as done."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import ExpressionError, StagecastError
from contracts.results import StageOutcome, StageStatus
from contracts.state import ExecutionState
from runner.account import Account
from runner.budget import Spending
from runner.calls import StageCalls
from runner.models.client import ModelClient
from runner.plan import (
    BudgetStanding,
    Decision,
    Fail,
    Skip,
    Start,
    is_early_exit,
    output_after_failure,
    plan,
    wants_call,
)
from runner.records import StageRecord, records_of
from runner.scope import begin_scope, offer
from runner.stages.delivery import deliver
from runner.stages.work import StageWork
from runner.teller import Teller
from runner.timing import Timing
from runner.values import Json, sentence
from stagecast.functions import FunctionRegistry


@dataclass(frozen=True, slots=True)
class Parts:
    """What every execution is run with."""

    models: ModelClient
    registry: FunctionRegistry
    timing: Timing


@dataclass(frozen=True, slots=True)
class _InHand:
    """A running stage: what it spends, and since when (a reading of the monotonic clock)."""

    calls: StageCalls
    began: float


class Course:
    """One execution under way.

    Attributes:
        records: where each stage stands, by id.
        scope: what expressions see.
    """

    def __init__(self, state: ExecutionState, inputs: Mapping[str, Json], parts: Parts, teller: Teller) -> None:
        self.records = records_of(state)
        self.scope = begin_scope(inputs, self.records.values())
        self._state = state
        self._parts = parts
        self._teller = teller
        self._in_hand: dict[str, _InHand] = {}
        self._account = Account("the pipeline", state.pipeline.budget, spent=_spent_before(self.records))
        self._has_settled = asyncio.Event()
        self._settled_count = 0

    async def run(self) -> None:
        """Return when every stage is settled. Cancelling it leaves no stage running.

        Raises:
            BaseExceptionGroup: a fault that is no stage's failure, out of a stage that ran beside others.
        """
        self._find_early_exits()
        async with asyncio.TaskGroup() as group:
            while True:
                decisions = plan(self.records, self.scope, self._budget_standing())
                if decisions:
                    await self._obey(decisions, group)
                elif not self._in_hand:
                    return
                else:
                    await self._has_settled.wait()
                self._has_settled.clear()

    def settle_as_cancelled(self) -> None:
        """Give every stage that was cut off an outcome with what it had spent."""
        for stage_id, in_hand in self._in_hand.items():
            record = self.records[stage_id]
            if record.has_started:
                record.outcome = self._outcome(in_hand, "cancelled", None)
            else:
                record.phase = "pending"
        self._in_hand.clear()

    def _find_early_exits(self) -> None:
        # For a resumed execution: a condition that was met before is met again, it sees only what is settled.
        for record in self.records.values():
            if record.phase == "completed":
                record.ends_early = is_early_exit(record.stage, self.scope, record.output)

    def _budget_standing(self) -> BudgetStanding:
        refusal = self._account.refusal
        is_finish = refusal is not None and refusal.on_exceeded == "finish"
        return BudgetStanding(self._account.finished_by() if is_finish else None, self._account.finished_by())

    async def _obey(self, decisions: list[Decision], group: asyncio.TaskGroup) -> None:
        if len(decisions) == 1 and isinstance(decisions[0], Start) and not self._in_hand:
            # Alone it needs no task of its own, which is half of what a trivial stage costs.
            await self._run_stage(self._begin(decisions[0]))
            return
        for decision in decisions:
            count = self._settled_count
            match decision:
                case Start():
                    if self._is_unaffordable(self.records[decision.stage_id]):
                        return  # one that was started just now took the last call: the plan says what follows
                    group.create_task(self._run_stage(self._begin(decision)))
                case Skip():
                    await self._skip(decision)
                case Fail():
                    await self._fail_unstarted(decision)
            if self._settled_count > count + 1:
                return  # a running stage ended meanwhile, which may change what follows

    def _is_unaffordable(self, record: StageRecord) -> bool:
        return wants_call(record) and self._account.finished_by() is not None

    async def _skip(self, skip: Skip) -> None:
        record = self.records[skip.stage_id]
        await self._teller.skipped(record.place, skip.reason, skip.output)
        record.skip(skip.reason, skip.output)
        self._settle(record)

    async def _fail_unstarted(self, fail: Fail) -> None:
        record = self.records[fail.stage_id]
        outcome = StageOutcome(status="failed", output=fail.output)
        await self._teller.failed(record.place, fail.error, fail.code, outcome)
        record.fail(fail.error, fail.code, outcome)
        self._settle(record)

    def _begin(self, start: Start) -> StageRecord:
        record = self.records[start.stage_id]
        record.phase = "running"
        account = Account(f"stage '{record.stage.id}'", record.stage.budget, above=self._account)
        if record.stage.prompt is not None:
            account.prepay()
        calls = StageCalls(self._parts.models, self._state.pipeline, account, record.place, self._teller)
        self._in_hand[record.stage.id] = _InHand(calls, self._parts.timing.monotonic())
        return record

    async def _run_stage(self, record: StageRecord) -> None:
        in_hand = self._in_hand[record.stage.id]
        await self._teller.started(record.place)
        record.has_started = True
        try:
            output = await deliver(self._work(record, in_hand.calls))
            ends_early = is_early_exit(record.stage, self.scope, output)
        except StagecastError as error:
            await self._fail(record, in_hand, error)
        else:
            outcome = self._outcome(in_hand, "success", output)
            await self._teller.completed(record.place, outcome)
            record.ends_early = ends_early
            record.complete(outcome)
        del self._in_hand[record.stage.id]
        self._settle(record)

    async def _fail(self, record: StageRecord, in_hand: _InHand, error: StagecastError) -> None:
        message = f"A template failed: {error.message}" if isinstance(error, ExpressionError) else error.message
        message = sentence(message)
        outcome = self._outcome(in_hand, "failed", output_after_failure(record.stage, self.scope))
        await self._teller.failed(record.place, message, error.code, outcome)
        record.fail(message, error.code, outcome)

    def _settle(self, record: StageRecord) -> None:
        offer(self.scope, record)
        self._settled_count += 1
        self._has_settled.set()

    def _outcome(self, in_hand: _InHand, status: StageStatus, output: Json) -> StageOutcome:
        calls = in_hand.calls
        calls.account.close()
        spending = calls.account.spending
        return StageOutcome(
            status=status,
            cost=spending.cost_usd,
            duration=self._parts.timing.ms_since(in_hand.began),
            model=", ".join(calls.answered_by) or None,
            input_tokens=spending.input_tokens,
            output_tokens=spending.output_tokens,
            calls=spending.calls,
            output=output,
        )

    def _work(self, record: StageRecord, calls: StageCalls) -> StageWork:
        return StageWork(
            execution_id=self._state.execution_id,
            pipeline=self._state.pipeline,
            stage=record.stage,
            place=record.place,
            scope=self.scope,
            calls=calls,
            registry=self._parts.registry,
            teller=self._teller,
            timing=self._parts.timing,
        )


def _spent_before(records: Mapping[str, StageRecord]) -> Spending:
    spent = Spending()
    for record in records.values():
        outcome = record.outcome
        if outcome is not None:
            part = Spending(outcome.calls, outcome.input_tokens, outcome.output_tokens, outcome.cost)
            spent = spent.plus(part)
    return spent
