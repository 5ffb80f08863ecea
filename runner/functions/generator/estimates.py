"""Which model calls the generator's functions would make. The functions have modules of their own.

Gateways run this, so it imports little. What stages hand on is not known before, so inputs and aliases are looked at.
"""

from typing import Any

from runner.functions.asking import BUILT_IN
from stagecast.functions import CallPlan, CountRange, EstimateContext, PlannedCalls, tokens_of

_SMALL_REQUEST, _FULL_REQUEST = 250, 900  # tokens besides the task: examples, or the guide and the notes
_SMALL_DESIGN = 50
_FULL_DESIGN = CountRange(low=200, expected=1_500, high=6_000)
_PROBLEMS = "A design is expected to need no repair; the most has one."


# Any in what follows: arguments are JSON of every kind, and none of them is looked at.
def understand_task(context: EstimateContext, **_: Any) -> CallPlan:
    """Ask once; a small model not where the task has no word to choose from."""
    if _is_small(context):
        return [PlannedCalls(CountRange(low=0, expected=1, high=1), _words(context) + _SMALL_REQUEST, 20)]
    return [PlannedCalls(1, _words(context) + 100, 200)]


def design_stages(context: EstimateContext, **_: Any) -> CallPlan:
    """Ask once."""
    return [_design(context, 1)]


def write_pipeline(context: EstimateContext, **_: Any) -> CallPlan:
    """Ask once more where the design does not load; what a small model picks always does."""
    if _is_small(context):
        return []
    return [_design(context, CountRange(low=0, expected=0, high=1))]


def no_calls(context: EstimateContext, **_: Any) -> CallPlan:
    """Ask nothing: for `save_pipeline` and `explain_pipeline`."""
    return []


def _design(context: EstimateContext, calls: int | CountRange) -> PlannedCalls:
    if _is_small(context):
        return PlannedCalls(calls, _words(context) + _SMALL_REQUEST, _SMALL_DESIGN)
    return PlannedCalls(calls, _words(context) + _FULL_REQUEST, _FULL_DESIGN, assumption=_PROBLEMS)


def _words(context: EstimateContext) -> int:
    return tokens_of(str(context.inputs.get("description", "")))


def _is_small(context: EstimateContext) -> bool:
    detail, designer = context.inputs.get("detail", "auto"), context.models.get("strong")
    return detail == "simple" or (detail == "auto" and (designer is None or designer.use == BUILT_IN))
