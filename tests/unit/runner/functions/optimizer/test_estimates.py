"""What the optimizer's functions foresee of themselves."""

import subprocess
import sys
from typing import Any

import pytest

from contracts.estimate import CountRange
from contracts.pipeline import ModelSpec
from runner.functions.optimizer import estimates
from stagecast.functions import EstimateContext, FunctionRegistry, PlannedCalls

MODELS = {alias: ModelSpec(use="local:smollm2", max_tokens=200) for alias in ("fast", "strong", "target", "judge")}
FREE = [{"vars": {"name": "x"}}] * 6
CHECKED = [{"vars": {"name": "x"}, "expected": "y"}] * 12


def context(**inputs: Any) -> EstimateContext:
    return EstimateContext({"prompt": "x" * 400, **inputs}, MODELS, "target")


def calls(plan: Any) -> dict[str | None, CountRange]:
    return {each.model: CountRange.of(each.calls) for each in plan}


def test_missing_cases_are_drafted_and_supplied_ones_are_not() -> None:
    (draft,) = estimates.draft_cases(context(cases=FREE))
    assert (draft.model, draft.calls) == ("strong", CountRange(low=2, expected=2, high=11))
    assert estimates.draft_cases(context(cases=FREE, n_cases=6)) == []


def test_each_strategy_is_one_call_in_a_foreach_and_outside() -> None:
    assert calls(estimates.rewrite(context(), strategy={"id": "a"})) == {"strong": CountRange.of(1)}
    assert calls(estimates.rewrite(context())) == {"strong": CountRange.of(3)}
    assert calls(estimates.rewrite(context(strategies=["a", "b"]))) == {"strong": CountRange.of(2)}


def test_a_comparison_runs_all_prompts_on_the_tuning_cases_and_judges_each_pair_twice() -> None:
    plan = calls(estimates.compare(context()))  # 6 of 16 cases, 3 candidates
    assert plan["target"] == CountRange(low=6, expected=18, high=24)
    assert plan["judge"].high == 36


def test_cases_with_something_to_check_need_no_judge() -> None:
    assert calls(estimates.compare(context(cases=CHECKED, n_cases=12)))["judge"] == CountRange.of(0)
    # Answers that pass the same run-wide checks are left to the judge.
    assert calls(estimates.verdict(context(checks=[{"contains": "x"}])))["judge"].expected == 10


def test_the_verdict_runs_both_prompts_on_every_held_out_case_if_anybody_came_so_far() -> None:
    whole = CountRange(low=0, expected=20, high=20)
    assert calls(estimates.verdict(context())) == {"target": whole, "judge": whole}
    assert calls(estimates.verdict(context(max_held_out=4)))["target"].high == 8


def test_a_refinement_is_one_rewrite_and_one_more_comparison() -> None:
    plan = calls(estimates.refine(context()))
    assert (plan["strong"], plan["target"].high, plan["judge"].high) == (CountRange.of(1), 6, 12)


def test_a_pipeline_without_such_aliases_asks_the_model_of_the_stage() -> None:
    plain = EstimateContext({"prompt": "x"}, {"only": MODELS["fast"]}, "only")
    assert {each.model for each in estimates.verdict(plain)} == {None}


@pytest.mark.parametrize("inputs", [{"cases": None, "n_cases": "many"}, {"cases": [1], "strategies": 2}, {"prompt": 7}])
def test_inputs_of_another_kind_are_no_obstacle(inputs: dict[str, Any]) -> None:
    for name in ("analyze", "compare", "draft_cases", "refine", "rewrite", "verdict"):
        estimator = FunctionRegistry().estimator(name)
        assert estimator is not None
        assert all(isinstance(each, PlannedCalls) for each in estimator(context(**inputs), anything=1))


def test_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, runner.functions.optimizer.estimates\n"
        "print(sorted({'pydantic_ai', 'openai', 'nats', 'genai_prices', 'httpx', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
