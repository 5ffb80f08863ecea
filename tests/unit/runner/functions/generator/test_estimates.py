"""What the generator's functions foresee of themselves."""

from typing import Any

import pytest

from contracts.estimate import CountRange
from contracts.pipeline import ModelSpec
from runner.functions.generator import estimates
from stagecast.functions import EstimateContext, FunctionRegistry


def context(designer: str = "local:smollm2", **inputs: Any) -> EstimateContext:
    models = {"fast": ModelSpec(use="local:smollm2"), "strong": ModelSpec(use=designer)}
    return EstimateContext({"description": "Do it.", **inputs}, models, "fast")


def test_a_small_model_is_asked_twice_at_most() -> None:
    plans = [
        estimates.understand_task(context()),
        estimates.design_stages(context()),
        estimates.write_pipeline(context()),
    ]
    assert sum(CountRange.of(call.calls).high for plan in plans for call in plan) == 2


@pytest.mark.parametrize("known", [context("openai:gpt-5-mini"), context(detail="full")])
def test_an_able_model_may_be_asked_once_more_to_repair_its_design(known: EstimateContext) -> None:
    plans = [estimates.understand_task(known), estimates.design_stages(known), estimates.write_pipeline(known)]
    assert [CountRange.of(call.calls).high for plan in plans for call in plan] == [1, 1, 1]
    assert [CountRange.of(call.calls).expected for plan in plans for call in plan] == [1, 1, 0]


def test_a_long_description_costs_more() -> None:
    (short,), (long,) = (estimates.design_stages(context(description="x" * size)) for size in (40, 4_000))
    assert CountRange.of(long.input_tokens).high - CountRange.of(short.input_tokens).high == 990


def test_each_function_of_the_generator_is_foreseen_under_its_own_name() -> None:
    registry = FunctionRegistry()
    names = ("understand_task", "design_stages", "write_pipeline", "save_pipeline", "explain_pipeline")
    assert all(registry.estimator(name) is not None for name in names)
