"""The course of one execution: does what `plan` says, tells each step, then counts it as done."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from contracts.errors import ExpressionError, StagecastError
from contracts.results import StageOutcome
from contracts.state import ExecutionState
from runner.account import Account, CallRefused
from runner.budget import has_time, spent_by
from runner.parts import Parts, Telling
from runner.plan import (
    BudgetStanding,
    Decision,
    Fail,
    Skip,
    Start,
    cut_off_by_early_exit,
    is_early_exit,
    may_start,
    output_after_failure,
    plan,
    replacement_if_possible,
)
from runner.records import StageRecord, records_of, scope_of
from runner.running import RunningStage
from runner.stages.delivery import deliver
from runner.stages.work import StageWork
from runner.teller import Teller
from runner.timing import Elapsed
from runner.values import Json, sentence


class Course:
    """One execution under way.

    Attributes:
        records: where each stage stands, by id.
        scope: what expressions see.
    """

    def __init__(
        self, state: ExecutionState, inputs: Mapping[str, Json], parts: Parts, telling: Telling, elapsed: Elapsed
    ) -> None:
        self.records = records_of(state)
        self.scope = scope_of(inputs, self.records.values())
        self._state = state
        self._parts = parts
        self._telling = telling
        self._teller = Teller(telling.progress, self._break)
        self._in_hand: dict[str, RunningStage] = {}
        self._account = Account(
            "the pipeline",
            state.pipeline.budget,
            elapsed=elapsed.seconds if has_time(state.pipeline.budget) else None,
            spent=spent_by(record.outcome for record in self.records.values()),
        )
        self._has_settled = asyncio.Event()
        self._settled_count = 0

    async def run(self) -> None:
        """Return when every stage is settled. Cancelling it leaves no stage running.

        Raises:
            BaseExceptionGroup: a fault that is no stage's failure, out of a stage that ran beside others.
        """
        self._find_early_exits()
        self._cut_off_rest()
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

    def finish(self) -> None:
        """Let nothing begin and no model be called any more, but for `always` stages; what there is is kept."""
        self._account.finish("somebody asked to finish")
        self._has_settled.set()  # what is pending is skipped at once

    def close(self) -> None:
        """Tell nothing from now on, and let nothing be called."""
        self._teller.close()
        for in_hand in self._in_hand.values():
            in_hand.teller.close()

    def settle_as_cancelled(self) -> None:
        """Give every stage that was cut off an outcome with what it had spent."""
        for stage_id, in_hand in self._in_hand.items():
            record = self.records[stage_id]
            if record.has_started:
                record.outcome = in_hand.end("cancelled")
            else:
                record.phase = "pending"
        self._in_hand.clear()

    def _find_early_exits(self) -> None:
        # For a resumed execution: a condition that was met before is met again, it sees only what is settled.
        for record in self.records.values():
            if record.phase == "completed":
                record.ends_early = is_early_exit(record.stage, self.scope, record.output)

    def _break(self, error: Exception) -> None:
        self.close()
        self._telling.on_broken(error)

    def _cut_off_rest(self) -> None:
        # In the same step in which the early exit came to count, so that no stage is told of between the two.
        for record in cut_off_by_early_exit(self.records):
            in_hand = self._in_hand.get(record.stage.id)
            if in_hand is None:
                record.cut_off(record.outcome)
            else:
                in_hand.cut_off()

    def _settle_if_cut_off(self, record: StageRecord) -> None:
        # Called when its task has ended: one that is cancelled before its first step runs no code of its own.
        in_hand = self._in_hand.get(record.stage.id)
        if in_hand is None or not in_hand.is_cut_off:
            return
        del self._in_hand[record.stage.id]
        if record.has_started:
            record.cut_off(in_hand.end("cancelled"))
        else:
            in_hand.calls.account.close()
            record.phase = "pending"  # nobody was told of it, so it is skipped like the others
        self._note_change()

    def _budget_standing(self) -> BudgetStanding:
        account = self._account
        return BudgetStanding(account.halted_by(), account.finished_by(), account.forbidden_by())

    async def _obey(self, decisions: list[Decision], group: asyncio.TaskGroup) -> None:
        if len(decisions) == 1 and isinstance(decisions[0], Start) and not self._in_hand:
            # Alone it needs no task of its own, which is half of what a trivial stage costs.
            await self._run_stage(self._begin(decisions[0]))
            return
        for decision in decisions:
            count = self._settled_count
            match decision:
                case Start():
                    if not may_start(self.records[decision.stage_id], self._budget_standing()):
                        return  # the plan says what follows
                    record = self._begin(decision)
                    self._run_beside(record, self._run_stage(record), group)
                case Skip():
                    await self._skip(decision)
                case Fail():
                    record = self._take_in_hand(decision)
                    # In a task, for an early exit that comes meanwhile to cut it off; waited for, to keep the order.
                    await asyncio.wait({self._run_beside(record, self._fail_unstarted(decision), group)})
            if self._settled_count > count + 1:
                return  # a running stage ended meanwhile, which may change what follows

    async def _skip(self, skip: Skip) -> None:
        record = self.records[skip.stage_id]
        await self._teller.skipped(record.place, skip.reason, skip.output)
        record.skip(skip.reason, skip.output)
        self._settle(record)

    async def _fail_unstarted(self, fail: Fail) -> None:
        record = self.records[fail.stage_id]
        outcome = StageOutcome(status="failed", output=fail.output)
        await self._in_hand[fail.stage_id].teller.failed(record.place, fail.error, fail.code, outcome)
        record.fail(fail.error, fail.code, outcome)
        del self._in_hand[fail.stage_id]
        self._settle(record)

    def _begin(self, start: Start) -> StageRecord:
        record = self._take_in_hand(start)
        if record.stage.prompt is not None and record.reused is None and not record.journal.has_calls:
            self._in_hand[record.stage.id].calls.account.prepay()
        return record

    def _take_in_hand(self, decision: Start | Fail) -> StageRecord:
        record = self.records[decision.stage_id]
        record.phase = "running"
        teller = Teller(self._telling.progress, self._break)
        in_hand = RunningStage.begin(record, self._state.pipeline, self._parts, self._account, teller)
        self._in_hand[record.stage.id] = in_hand
        return record

    def _run_beside(
        self, record: StageRecord, work: Coroutine[Any, Any, None], group: asyncio.TaskGroup
    ) -> asyncio.Task[None]:
        task = group.create_task(work)
        self._in_hand[record.stage.id].task = task
        task.add_done_callback(lambda _: self._settle_if_cut_off(record))
        return task

    async def _run_stage(self, record: StageRecord) -> None:
        in_hand = self._in_hand[record.stage.id]
        await in_hand.teller.started(record.place)
        record.has_started = True
        try:
            output = await self._deliver(record, in_hand)
            ends_early = is_early_exit(record.stage, self.scope, output)
        except StagecastError as error:
            if isinstance(error, CallRefused) and not error.is_failure:
                self._give_up(record, in_hand, error)
            else:
                await self._fail(record, in_hand, error)
        else:
            outcome = self._outcome_of(record, in_hand, output)
            await in_hand.teller.completed(record.place, outcome)
            record.ends_early = ends_early
            record.complete(outcome)
            if ends_early:
                self._cut_off_rest()
        del self._in_hand[record.stage.id]
        self._settle(record)

    async def _deliver(self, record: StageRecord, in_hand: RunningStage) -> Json:
        return await deliver(self._work(record, in_hand)) if record.reused is None else record.reused.output

    def _outcome_of(self, record: StageRecord, in_hand: RunningStage, output: Json) -> StageOutcome:
        outcome = in_hand.end("success", output)
        reused = record.reused
        if reused is None:
            return outcome
        return outcome.model_copy(update={"model": reused.model, "reused_from": reused.of})

    def _give_up(self, record: StageRecord, in_hand: RunningStage, refusal: CallRefused) -> None:
        # Nothing is told: what was told as started cannot be told as skipped. The result lists it.
        record.cut_off(in_hand.end("cancelled"))
        record.reason, record.output = sentence(refusal.message), replacement_if_possible(record.stage, self.scope)

    async def _fail(self, record: StageRecord, in_hand: RunningStage, error: StagecastError) -> None:
        message = f"A template failed: {error.message}" if isinstance(error, ExpressionError) else error.message
        message = sentence(message)
        outcome = in_hand.end("failed", output_after_failure(record.stage, self.scope))
        await in_hand.teller.failed(record.place, message, error.code, outcome)
        record.fail(message, error.code, outcome)

    def _settle(self, record: StageRecord) -> None:
        record.offer_to(self.scope)
        self._note_change()

    def _note_change(self) -> None:
        self._settled_count += 1
        self._has_settled.set()

    def _work(self, record: StageRecord, in_hand: RunningStage) -> StageWork:
        return StageWork(
            execution_id=self._state.execution_id,
            pipeline=self._state.pipeline,
            stage=record.stage,
            place=record.place,
            scope=self.scope,
            calls=in_hand.calls,
            registry=self._parts.registry,
            teller=in_hand.teller,
            timing=self._parts.timing,
        )
