"""Whether the next model call may be made, and what is left: pure decisions as data. `account` obeys them."""

from collections.abc import Callable, Iterable

from contracts.pipeline import Budget, ModelSpec, Pipeline
from contracts.results import StageOutcome
from stagecast.functions import Remaining, Spending

_TIMER_EARLY_SECONDS = 0.001  # what was cut off by a timer is over, although the timer may come a little early


def spent_by(outcomes: Iterable[StageOutcome | None]) -> Spending:
    """Return what the stages with these outcomes spent together; None is one that has none yet."""
    spent = Spending()
    for outcome in outcomes:
        if outcome is not None:
            spent = spent.plus(Spending(outcome.calls, outcome.input_tokens, outcome.output_tokens, outcome.cost))
    return spent


def refuse_call(budget: Budget | None, spent: Spending, elapsed_seconds: float, owner: str) -> str | None:
    """Return why the next call may not be made, as a clause, or None when it may.

    Dollars are known only after a call: it is refused once the limit is reached, so calls in flight at that moment may
    end above it. The number of calls is exact, and so is the time.
    """
    if budget is None:
        return None
    if budget.calls is not None and spent.calls >= budget.calls:
        return f"the budget of {owner}, {budget.calls} model calls, is spent"
    if is_over(budget, elapsed_seconds):
        return time_spent(budget, owner)
    if budget.usd is None:
        return None
    if spent.cost_usd is None:
        return f"the budget of {owner}, {budget.usd:g} USD, cannot be kept: the cost of an earlier call is not known"
    if spent.cost_usd >= budget.usd:
        return f"the budget of {owner}, {budget.usd:g} USD, is spent"
    return None


def has_time(budget: Budget | None) -> bool:
    """Tell whether a budget limits the time."""
    return budget is not None and budget.seconds is not None


def is_over(budget: Budget | None, elapsed_seconds: float) -> bool:
    """Tell whether the time of a budget is over."""
    return (
        budget is not None and budget.seconds is not None and elapsed_seconds >= budget.seconds - _TIMER_EARLY_SECONDS
    )


def time_spent(budget: Budget | None, owner: str) -> str:
    """Say that the time of a budget is over, as a clause."""
    seconds = None if budget is None else budget.seconds
    return f"the budget of {owner}, {seconds or 0:g} s, is spent"


def spares_always(budget: Budget | None) -> bool:
    """Tell whether `always` stages may call models beyond the pipeline's budget."""
    return budget is not None and budget.on_exceeded == "finish" and not budget.hard


def remaining_of(budget: Budget | None, spent: Spending, elapsed_seconds: float) -> Remaining:
    """Return what a budget still allows."""
    if budget is None:
        return Remaining()
    usd = None if budget.usd is None else 0.0 if spent.cost_usd is None else max(0.0, budget.usd - spent.cost_usd)
    return Remaining(
        calls=None if budget.calls is None else max(0, budget.calls - spent.calls),
        usd=usd,
        seconds=None if budget.seconds is None else max(0.0, budget.seconds - elapsed_seconds),
    )


def unknown_price(pipeline: Pipeline, is_priced: Callable[[ModelSpec], bool]) -> str | None:
    """Return why a pipeline may not start, in one sentence: a dollar budget over a model whose price is not known.

    A function may name other aliases while it runs; those are refused when it asks.
    """
    for stage in pipeline.stages:
        if pipeline.budget is None or pipeline.budget.usd is None:
            if stage.budget is None or stage.budget.usd is None:
                continue
            owner = f"stage '{stage.id}'"
        else:
            owner = "the pipeline"
        alias = pipeline.model_of(stage) or ""
        spec = pipeline.models.get(alias)
        if spec is not None and not is_priced(spec):
            return unpriced_sentence(alias, spec, owner)
    return None


def unpriced_sentence(alias: str, spec: ModelSpec, owner: str) -> str:
    """Say what to set where a dollar budget meets a model of unknown price."""
    return (
        f"The price of model '{alias}' ({spec.use}) is not known, so the USD budget of {owner} cannot be kept: "
        f'set `price` on models.{alias}, or drop the usd budget (options.budget: {{"usd": null}} for one run).'
    )
