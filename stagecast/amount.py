"""Model calls with their tokens and dollars as ranges: added up, and held against a budget. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contracts.estimate import CostRange, CountRange
from contracts.pipeline import Budget, ModelSpec
from stagecast.prices import cost_usd

_NONE = CountRange.of(0)
_FREE = CostRange(low=0.0, expected=0.0, high=0.0)


@dataclass(frozen=True, slots=True)
class Amount:
    """What is spent, `cost` None as soon as one part of it is unknown."""

    calls: CountRange = _NONE
    input_tokens: CountRange = _NONE
    output_tokens: CountRange = _NONE
    cost: CostRange | None = _FREE

    def plus(self, other: "Amount") -> "Amount":
        """Return the sum of both."""
        return Amount(
            self.calls.plus(other.calls),
            self.input_tokens.plus(other.input_tokens),
            self.output_tokens.plus(other.output_tokens),
            None if self.cost is None or other.cost is None else self.cost.plus(other.cost),
        )

    def or_nothing(self) -> "Amount":
        """Return the amount of what perhaps is not done at all."""
        nothing: Mapping[str, int] = {"low": 0}
        return Amount(
            self.calls.model_copy(update=nothing),
            self.input_tokens.model_copy(update=nothing),
            self.output_tokens.model_copy(update=nothing),
            None if self.cost is None else self.cost.model_copy(update=nothing),
        )

    def exceeds(self, budget: Budget | None) -> bool:
        """Tell whether the most that it may be is beyond a budget."""
        if budget is None:
            return False
        has_more_calls = budget.calls is not None and self.calls.high > budget.calls
        return has_more_calls or (budget.usd is not None and self.cost is not None and self.cost.high > budget.usd)


NOTHING = Amount()


def amount_of(spec: ModelSpec | None, calls: CountRange, read: CountRange, written: CountRange) -> Amount:
    """Return what calls of a model spend.

    Args:
        spec: the model; None where it is not known which.
        calls: how many.
        read: input tokens of one call.
        written: output tokens of one call.
    """
    input_tokens, output_tokens = calls.times(read), calls.times(written)
    return Amount(calls, input_tokens, output_tokens, _cost(spec, input_tokens, output_tokens))


def _cost(spec: ModelSpec | None, read: CountRange, written: CountRange) -> CostRange | None:
    if read.high == written.high == 0:
        return _FREE
    if spec is None:
        return None
    low = cost_usd(spec, read.low, written.low)
    expected = cost_usd(spec, read.expected, written.expected)
    high = cost_usd(spec, read.high, written.high)
    if low is None or expected is None or high is None:
        return None
    return CostRange(low=low, expected=expected, high=high)


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum of amounts."""
    summed = NOTHING
    for amount in amounts:
        summed = summed.plus(amount)
    return summed
