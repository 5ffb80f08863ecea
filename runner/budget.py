"""What was spent, and whether the next model call may be made: pure decisions as data. `account` obeys them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from contracts.pipeline import Budget, ModelSpec, Pipeline
from contracts.results import StageOutcome


@dataclass(frozen=True, slots=True)
class Spending:
    """Model calls with what they cost; `cost_usd` is None as soon as one part of it is unknown."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0

    def plus(self, other: "Spending") -> "Spending":
        """Return the sum of both."""
        return Spending(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            add_costs(self.cost_usd, other.cost_usd),
        )


def add_costs(one: float | None, other: float | None) -> float | None:
    """Add two costs; what is unknown makes the sum unknown."""
    return None if one is None or other is None else one + other


def spent_by(outcomes: Iterable[StageOutcome | None]) -> Spending:
    """Return what the stages with these outcomes spent together; None is one that has none yet."""
    spent = Spending()
    for outcome in outcomes:
        if outcome is not None:
            spent = spent.plus(Spending(outcome.calls, outcome.input_tokens, outcome.output_tokens, outcome.cost))
    return spent


def refuse_call(budget: Budget | None, spent: Spending, owner: str) -> str | None:
    """Return why the next call may not be made, as a clause, or None when it may.

    Dollars are known only after a call: it is refused once the limit is reached, so calls in flight at that moment may
    end above it. The number of calls is exact.
    """
    if budget is None:
        return None
    if budget.calls is not None and spent.calls >= budget.calls:
        return f"the budget of {owner}, {budget.calls} model calls, is spent"
    if budget.usd is None:
        return None
    if spent.cost_usd is None:
        return f"the budget of {owner}, {budget.usd:g} USD, cannot be kept: the cost of an earlier call is not known"
    if spent.cost_usd >= budget.usd:
        return f"the budget of {owner}, {budget.usd:g} USD, is spent"
    return None


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
        f"set `price` on models.{alias}, or drop the usd budget."
    )
