"""How events are worded for people, on one line each. Plain text: no colours and no layout."""

from collections.abc import Iterator

from contracts.envelope import StageEvent
from contracts.estimate import CostRange, CountRange, Estimate
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
    StageProgress,
    StageRetrying,
    StageSkipped,
    StageStarted,
)
from contracts.results import StageOutcome
from stagecast.wording import has_cost, one_line, word_cost, word_duration, word_tokens


def word_spent(outcome: StageOutcome) -> str:
    """Word what a stage spent: time, and for models cost, tokens and who answered."""
    parts = [word_duration(outcome.duration)]
    if has_cost(outcome):
        tokens = word_tokens(outcome.input_tokens, outcome.output_tokens)
        parts += [word_cost(outcome.cost), f"{tokens} tokens" if tokens else "", one_line(outcome.model or "")]
    return ", ".join(part for part in parts if part)


def word_event(event: Event) -> str | None:
    """Word an event on one line; None for live text, which is no news by itself."""
    if isinstance(event, StageEvent):
        said = _word_stage_event(event)
        return said and f"[{event.index + 1}/{event.total}] {one_line(event.stage.name)}: {said}"
    said = _word_execution_event(event)
    return said and f"{event.execution_id}: {said}"


def _word_execution_event(event: Event) -> str | None:
    match event:
        case ExecutionQueued():
            return "queued"
        case ExecutionStarted():
            return f"started, {event.total} stages"
        case ExecutionResumed():
            return f"resumed, attempt {event.attempt}"
        case ExecutionReleased():
            return f"given back by its runner: {one_line(event.reason)}"
        case ExecutionCancelRequested():
            return "cancel requested"
        case ExecutionFinishRequested():
            return "finish requested"
        case ExecutionCompleted():
            summary = event.result.summary
            return f"{event.result.status}, {word_duration(summary.total_duration)}, {word_cost(summary.total_cost)}"
        case _:
            return None


def _word_stage_event(event: StageEvent) -> str | None:
    match event:
        case StageStarted():
            return "started"
        case StageCompleted(result=result):
            if result.reused_from is not None:
                return f"reused from {result.reused_from}"
            return f"completed in {word_spent(result)}"
        case StageSkipped():
            return f"skipped, {one_line(event.reason)}"
        case StageFailed():
            return f"failed, {one_line(event.error)}"
        case StageProgress():
            return one_line(event.message)
        case StageRetrying():
            return f"attempt {event.attempt} in {word_duration(event.delay)}, {one_line(event.error)}"
        case _:
            return None


def word_count_range(counts: CountRange) -> str:
    """Word a number that is not known yet: `3`, `3 (1-9)`."""
    return _word_range(f"{counts.low:,}", f"{counts.expected:,}", f"{counts.high:,}")


def word_cost_range(cost: CostRange | None) -> str:
    """Word US dollars that are not spent yet: `$0`, `$0.0012 ($0.0004-$0.0100)`, `unknown`."""
    if cost is None:
        return word_cost(None)
    return _word_range(word_cost(cost.low), word_cost(cost.expected), word_cost(cost.high))


def word_estimate(estimate: Estimate) -> str:
    """Word an estimate as a whole in one or two sentences."""
    calls, cost = estimate.calls, estimate.cost
    expected, most = (word_cost(None), word_cost(None)) if cost is None else map(word_cost, (cost.expected, cost.high))
    said = f"Expected: {calls.expected:,} model calls, {expected}. At most: {calls.high:,} calls, {most}"
    if estimate.limited_by_budget:
        limits = " and ".join(_limits_reached(estimate))
        said += f"; its budget ends it at {limits}" if limits else "; the budgets of its stages end it before"
    return f"{said}." if estimate.is_complete else f"{said}. Some calls cannot be foreseen: it may be more."


def _word_range(low: str, expected: str, high: str) -> str:
    return expected if low == expected == high else f"{expected} ({low}-{high})"


def _limits_reached(estimate: Estimate) -> Iterator[str]:
    budget, cost = estimate.budget, estimate.cost
    if budget is not None and budget.calls is not None and estimate.calls.high > budget.calls:
        yield f"{budget.calls:,} calls"
    if budget is not None and budget.usd is not None and cost is not None and cost.high > budget.usd:
        yield f"${budget.usd:g}"
