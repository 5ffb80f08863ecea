"""An optimization whose runner is lost goes on where it was, asks nothing twice, and comes to the same result."""

from typing import Any

import pytest

from contracts.envelope import StageRef
from contracts.events import (
    LogEvent,
    StageCompleted,
    StageProgress,
    StageSkipped,
    StageStarted,
)
from contracts.evidence import Optimization
from contracts.journal import CallCompleted, FinishedCall, FinishedStep, StepCompleted
from contracts.pipeline import Budget
from contracts.results import PipelineResult, StageOutcome
from contracts.state import ExecutionState
from runner.executor import PipelineExecutor
from runner.progress import Note, NullProgress, StagePlace
from tests.unit.runner.functions.optimizer.world import (
    BAD,
    GOOD,
    PROMPT,
    STRATEGIES,
    World,
    pipeline,
    questions,
    registry,
)
from tests.unit.runner.scripts import Waits, begin, resume

SEED = 1
CLOSE = {"": 0.45, GOOD: 0.6, BAD: 0.5}


class RunnerLostError(Exception):
    """The runner dies."""


class Kept(NullProgress):
    """Keeps every event as the log would, and dies before the one of a given number is stored."""

    def __init__(self, state: ExecutionState, dies_at: int | None = None) -> None:
        self.events: list[LogEvent] = []
        self._state = state
        self._dies_at = dies_at

    def _keep(self, kind: Any, place: StagePlace, **fields: Any) -> None:
        if len(self.events) == self._dies_at:
            raise RunnerLostError
        stage = StageRef(id=place.id, name=place.name)
        about = {"execution_id": self._state.execution_id, "seq": 0, "index": place.index, "total": place.total}
        self.events.append(kind(**about, stage=stage, **fields))

    async def stage_started(self, place: StagePlace) -> None:
        self._keep(StageStarted, place)

    async def stage_completed(self, place: StagePlace, outcome: StageOutcome) -> None:
        self._keep(StageCompleted, place, result=outcome)

    async def stage_skipped(self, place: StagePlace, reason: str, output: Any) -> None:
        self._keep(StageSkipped, place, reason=reason, output=output)

    async def stage_progressed(self, place: StagePlace, note: Note) -> None:
        self._keep(StageProgress, place, message=note.message, data=note.data, item=note.item)

    async def call_completed(self, place: StagePlace, call: FinishedCall) -> None:
        self._keep(CallCompleted, place, **dict(call))

    async def step_completed(self, place: StagePlace, step: FinishedStep) -> None:
        self._keep(StepCompleted, place, **dict(step))


async def run(state: ExecutionState, world: World, progress: Kept) -> PipelineResult:
    return await PipelineExecutor(world, registry(), timing=Waits().timing()).run(state, progress)


def start(are_known: bool) -> ExecutionState:
    cases = questions(20, are_known=are_known)
    options = {"cases": cases, "n_cases": 20, "strategies": STRATEGIES, "max_parallel": 1}
    budget = Budget(calls=34 if are_known else 64, on_exceeded="finish", hard=True)
    return begin(pipeline().model_copy(update={"budget": budget}), PROMPT, options)


def moved_on(state: ExecutionState, events: list[LogEvent]) -> ExecutionState:
    """What the next runner finds in the log."""
    for event in events:
        state.apply(event.model_copy(update={"seq": state.next_seq}))
    return resume(state)


def essence(result: PipelineResult) -> tuple[Any, ...]:
    got = Optimization.model_validate(result.output).evidence
    uses = [use.model_dump(exclude={"latency"}) for use in (got.original_use, got.optimized_use)]
    cases = [(case.number, case.outcome, case.original.text, case.optimized.text) for case in got.per_case]
    return got.verdict, got.best_prompt, got.sign_test, uses, cases, got.candidates, got.optimization.calls


@pytest.mark.parametrize("are_known", [True, False])
async def test_a_runner_lost_at_whatever_event_costs_no_call_and_changes_nothing(are_known: bool) -> None:
    world, state = World(skill=CLOSE, seed=SEED), start(are_known)
    whole = Kept(state)
    wanted = await run(state, world, whole)
    paid = len(world.requests)
    assert len(whole.events) > 30
    assert "kept for the final comparison" in str(wanted.output["evidence"]["optimization"]["stoppedBy"])
    for dies_at in range(1, len(whole.events), 6):
        world, state = World(skill=CLOSE, seed=SEED), start(are_known)
        first = Kept(state, dies_at)
        with pytest.raises(RunnerLostError):
            await run(state, world, first)
        second = Kept(state)
        result = await run(moved_on(state, first.events), world, second)
        assert essence(result) == essence(wanted), dies_at
        # The call whose end was not stored is made again; nothing else is.
        lost_call = isinstance(whole.events[dies_at], CallCompleted)
        assert len(world.requests) <= paid + 3 * lost_call, dies_at
        told = [e.message for e in [*first.events, *second.events] if isinstance(e, StageProgress)]
        assert told == [event.message for event in whole.events if isinstance(event, StageProgress)]
