"""What a function's estimator is given and returns: the model calls that it would make. Registering is in `functions`.

Users import these names from `stagecast.functions`; the promise is `docs/estimates.md`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from contracts.estimate import CountRange
from contracts.pipeline import ModelSpec

BYTES_A_TOKEN = 4
"""The rule by which texts are measured before a model has counted them: of UTF-8, so it also suits other scripts than
Latin. Measured in docs/estimates.md."""


class Unknown(Enum):
    """The kind of `UNKNOWN`, for annotations: `cases: list[Json] | Unknown`."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN
"""Stands in for an argument of `with` that is known only while the run goes on: a template that reads `stages`."""


@dataclass(frozen=True, slots=True)
class EstimateContext:
    """What is known before the run.

    Attributes:
        inputs: the pipeline's inputs by name, defaults filled in and checked.
        models: what the pipeline's aliases stand for in this run: `use`, `max_tokens`, ….
        model: the stage's alias, which calls use that name none; None where it has none.
    """

    # Any: inputs are JSON of every kind.
    inputs: Mapping[str, Any]
    models: Mapping[str, ModelSpec]
    model: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedCalls:
    """Model calls of one kind. Repeated attempts are not counted here: they are added by the stage's `retries`.

    Attributes:
        calls: how many.
        input_tokens: of one call, system message included.
        output_tokens: of one call; None leaves it to the model's `max_tokens`.
        model: an alias of the pipeline; the stage's when None.
        assumption: what the numbers stand on, one sentence for people.
    """

    calls: int | CountRange
    input_tokens: int | CountRange
    output_tokens: int | CountRange | None = None
    model: str | None = None
    assumption: str | None = None


CallPlan = Sequence[PlannedCalls]
"""All calls of one run of a function; empty for one that asks no model."""

Estimator = Callable[..., CallPlan]
"""`def estimate(context: EstimateContext, **arguments) -> CallPlan`: the arguments are those of the stage's `with`, or
`UNKNOWN` each. It must be pure and quick, and import little: the gateway runs it."""


def tokens_of(text: str) -> int:
    """Return about how many tokens a text has."""
    return math.ceil(len(text.encode(errors="replace")) / BYTES_A_TOKEN)
