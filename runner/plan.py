"""What happens next: definition, records, scope and budget in, decisions out. Pure; `course` obeys.

| what happened                        | pending stages                          | pending `always` stages |
|--------------------------------------|-----------------------------------------|-------------------------|
| all needs met                        | start, or skip by `when`                | the same                |
| a stage failed, `on_error: fail`     | skipped; the reason names it            | still run               |
| a stage failed, another `on_error`   | go on                                   | go on                   |
| `early_exit` was met                 | skipped; running ones are aborted       | the same                |
| budget spent, `on_exceeded: finish`  | skipped                                 | still run, but under    |
|                                      |                                         | `hard` prompts skipped  |
| somebody asked to finish             | skipped                                 | still run               |

What has started is let finish, except after an early exit, and where a model call of it is refused or cut off. A
failure that came before weighs more than an early exit. A stage that a lost runner had started runs anew: its
conditions were decided then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import ExpressionError, StageError
from contracts.pipeline import Stage
from runner.records import StageRecord
from runner.values import Json, NotJson, as_json, as_text, sentence
from stagecast.expressions import compile_expression, compile_template
from stagecast.scope import Scope, with_own_output
from stagecast.stage_input import render_replacement


@dataclass(frozen=True, slots=True)
class Start:
    """Start the stage."""

    stage_id: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Skip the stage; `output` is what it offers instead."""

    stage_id: str
    reason: str
    output: Json


@dataclass(frozen=True, slots=True)
class Fail:
    """Fail the stage without starting it; `output` is what it offers under its `on_error`."""

    stage_id: str
    error: str
    code: str
    output: Json


Decision = Start | Skip | Fail


@dataclass(frozen=True, slots=True)
class BudgetStanding:
    """How far the pipeline is to go: its budget, where that says `finish`, and whether somebody asked to finish.

    Attributes:
        halted: nothing more is to begin, for this reason: a call was refused, the time is over, or somebody asked.
        spent: the next call would be refused, for this reason.
        forbidden: the next call would be refused to `always` stages, too.
    """

    halted: str | None = None
    spent: str | None = None
    forbidden: str | None = None


@dataclass(frozen=True, slots=True)
class _Halt:
    """No further stage starts, apart from `always` ones where it says so."""

    reason: str
    spares_always: bool = True


def plan(records: Mapping[str, StageRecord], scope: Scope, budget: BudgetStanding) -> list[Decision]:
    """Return what can be decided now, in file order; empty when there is nothing to do until a running stage ends."""
    halt = _find_halt(records, budget)
    decisions = _without_forbidden(_decide_all(records, scope, halt), records, scope, budget)
    starting = (records[decision.stage_id] for decision in decisions if isinstance(decision, Start))
    if halt is None and budget.spent is not None and any(wants_call(record) for record in starting):
        decisions = _without_forbidden(_decide_all(records, scope, _Halt(budget.spent)), records, scope, budget)
    return decisions


def cut_off_by_early_exit(records: Mapping[str, StageRecord]) -> list[StageRecord]:
    """Return the stages that are to be aborted: all that run, or ran on a lost runner, once an early exit was met."""
    has_failed = any(record.is_fatal for record in records.values())
    if has_failed or not any(record.ends_early for record in records.values()):
        return []
    return [record for record in records.values() if record.phase in ("running", "interrupted")]


def wants_call(record: StageRecord) -> bool:
    """Tell whether starting the stage makes no sense without a model call, so that a spent budget skips it."""
    return _is_a_call(record) and not record.stage.always


def may_start(record: StageRecord, budget: BudgetStanding) -> bool:
    """Tell whether a stage that was to start still may: what was started since may have taken the last call."""
    if record.phase != "pending" or record.stage.always:
        return True
    return budget.halted is None and not (wants_call(record) and budget.spent is not None)


def _is_a_call(record: StageRecord) -> bool:
    return record.stage.prompt is not None and record.phase == "pending" and record.reused is None


def is_early_exit(stage: Stage, scope: Scope, output: Json) -> bool:
    """Tell whether the pipeline ends after this stage, which has just delivered `output`.

    Raises:
        StageError: the condition could not be evaluated, which fails the stage.
    """
    if stage.early_exit is None:
        return False
    try:
        return bool(compile_expression(stage.early_exit.if_).evaluate(with_own_output(scope, stage, output)))
    except ExpressionError as error:
        raise StageError(f"The condition of early_exit failed: {error.message}", code="condition_error") from None


def output_after_failure(stage: Stage, scope: Scope) -> Json:
    """Return what a failed stage offers: under `use_skipped` its `output_when_skipped` if that can be rendered."""
    return replacement_if_possible(stage, scope) if stage.on_error == "use_skipped" else None


def replacement_if_possible(stage: Stage, scope: Scope) -> Json:
    """Return what a stage that does not deliver offers: its `output_when_skipped`, or None if that fails."""
    # It may speak of the very stage that failed. That the pipeline fails is told elsewhere already.
    try:
        return _replacement(stage, scope)
    except (ExpressionError, NotJson):
        return None


def _find_halt(records: Mapping[str, StageRecord], budget: BudgetStanding) -> _Halt | None:
    failed = next((record for record in records.values() if record.is_fatal), None)
    if failed is not None:
        return _Halt(f"stage '{failed.stage.id}' failed")
    early = next((record for record in records.values() if record.ends_early), None)
    if early is not None:
        return _Halt(f"stage '{early.stage.id}' ended the pipeline early", spares_always=False)
    return _Halt(budget.halted) if budget.halted is not None else None


def _decide_all(records: Mapping[str, StageRecord], scope: Scope, halt: _Halt | None) -> list[Decision]:
    decisions = (_decide(record, records, scope, halt) for record in records.values())
    return [decision for decision in decisions if decision is not None]


def _without_forbidden(
    decisions: list[Decision], records: Mapping[str, StageRecord], scope: Scope, budget: BudgetStanding
) -> list[Decision]:
    """Return the decisions with `always` prompts skipped where a hard budget allows not even their call."""
    if budget.forbidden is None:
        return decisions
    forbidden = {id for id, record in records.items() if record.stage.always and _is_a_call(record)}
    return [
        Skip(decision.stage_id, budget.forbidden, replacement_if_possible(records[decision.stage_id].stage, scope))
        if isinstance(decision, Start) and decision.stage_id in forbidden
        else decision
        for decision in decisions
    ]


def _decide(
    record: StageRecord, records: Mapping[str, StageRecord], scope: Scope, halt: _Halt | None
) -> Decision | None:
    stage = record.stage
    if record.phase == "interrupted":
        return Start(stage.id)
    if record.phase != "pending":
        return None
    if halt is not None and not (stage.always and halt.spares_always):
        failed = next((need for need in record.needs if records[need].is_fatal), None)
        reason = halt.reason if failed is None else f"it needs '{failed}', which failed"
        return Skip(stage.id, reason, replacement_if_possible(stage, scope))
    if not all(records[need].is_settled for need in record.needs):
        return None
    # What a halt skips is settled before its own needs are, so an `always` stage behind it looks further back.
    if halt is not None and not _has_settled_ancestors(record, records):
        return None
    return _decide_by_conditions(stage, scope)


def _has_settled_ancestors(record: StageRecord, records: Mapping[str, StageRecord]) -> bool:
    waiting = list(record.needs)
    seen: set[str] = set()
    while waiting:
        need = records[waiting.pop()]
        if not need.is_settled:
            return False
        if need.stage.id not in seen:
            seen.add(need.stage.id)
            waiting += need.needs
    return True


def _decide_by_conditions(stage: Stage, scope: Scope) -> Decision:
    try:
        for condition in stage.when:
            if not compile_expression(condition.if_).evaluate(scope):
                reason = sentence(as_text(compile_template(condition.else_).render(scope)))
                return _skip(stage, reason, scope)
    except ExpressionError as error:
        message = sentence(f"A condition failed: {error.message}")
        return Fail(stage.id, message, "condition_error", output_after_failure(stage, scope))
    return Start(stage.id)


def _skip(stage: Stage, reason: str, scope: Scope) -> Decision:
    try:
        return Skip(stage.id, reason, _replacement(stage, scope))
    except (ExpressionError, NotJson) as error:
        message = sentence(f"It was to be skipped ({reason}), but its output_when_skipped failed: {error}")
        return Fail(stage.id, message, "expression_error", None)


def _replacement(stage: Stage, scope: Scope) -> Json:
    return as_json(render_replacement(stage, scope))
