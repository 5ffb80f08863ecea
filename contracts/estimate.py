"""What a run would take, told before it runs: the answer of `POST …/estimate`. It is computed in `stagecast.forecast`.

Costs are US dollars and None when a price is unknown, never 0.
"""

from typing import Literal, Self

from pydantic import Field

from contracts.pipeline import Budget
from contracts.wire import WireModel

RangeEnd = Literal["low", "expected", "high"]


class CountRange(WireModel):
    """A number that is not known yet: at least, as expected, at most."""

    low: int = Field(ge=0)
    expected: int = Field(ge=0)
    high: int = Field(ge=0)

    @classmethod
    def of(cls, count: "int | CountRange") -> "CountRange":
        """Return the range that a number is: exactly that."""
        return count if isinstance(count, CountRange) else cls(low=count, expected=count, high=count)

    @classmethod
    def between(cls, low: int, high: int, expected: int | None = None) -> Self:
        """Return a range; without `expected` its middle is, rounded up."""
        return cls(low=low, expected=(low + high + 1) // 2 if expected is None else expected, high=high)

    def at(self, end: RangeEnd) -> int:
        """Return one of the three numbers."""
        return {"low": self.low, "expected": self.expected, "high": self.high}[end]

    def plus(self, other: "CountRange") -> "CountRange":
        """Return the sum of both, end by end."""
        return CountRange(
            low=self.low + other.low, expected=self.expected + other.expected, high=self.high + other.high
        )

    def times(self, other: "int | CountRange") -> "CountRange":
        """Return the product of both, end by end."""
        by = CountRange.of(other)
        return CountRange(low=self.low * by.low, expected=self.expected * by.expected, high=self.high * by.high)


class CostRange(WireModel):
    """US dollars: at least, as expected, at most."""

    low: float
    expected: float
    high: float

    def plus(self, other: "CostRange") -> "CostRange":
        """Return the sum of both, end by end."""
        return CostRange(low=self.low + other.low, expected=self.expected + other.expected, high=self.high + other.high)


class StageEstimate(WireModel):
    """What one stage would take."""

    stage_id: str
    stage_name: str
    reason: str | None = Field(default=None, description="Why it will be skipped for sure.")
    model: str | None = Field(
        description="The models that it would ask, as provider:model, several with commas; null where it asks none."
    )
    calls: CountRange = Field(description="Model calls.")
    input_tokens: CountRange
    output_tokens: CountRange
    cost: CostRange | None = Field(description="Null where a price is unknown.")
    is_complete: bool = Field(
        default=True, description="False where its calls cannot be foreseen: there may be more than `high`."
    )


class Estimate(WireModel):
    """What a run would take. `low` and `high` are as far apart as is not known; `budget` is what holds in any case."""

    pipeline_id: str
    calls: CountRange = Field(description="Model calls. `high` counts repeated attempts.")
    input_tokens: CountRange
    output_tokens: CountRange
    cost: CostRange | None = Field(description="Null where a price is unknown.")
    stages: tuple[StageEstimate, ...]
    assumptions: tuple[str, ...] = Field(description="What the numbers stand on, a sentence each.")
    is_complete: bool = Field(
        description="False where the calls of a stage cannot be foreseen: there may be more than `high`."
    )
    budget: Budget | None = Field(description="The budget of the whole run.")
    limited_by_budget: bool = Field(description="Whether a `high` is beyond the budget, which ends such a run before.")
