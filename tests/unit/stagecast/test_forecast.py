"""What a run would take, told from a pipeline and its inputs alone."""

from typing import Any

import pytest

from contracts.estimate import CountRange, Estimate, StageEstimate
from contracts.pipeline import Pipeline
from stagecast.forecast import forecast
from stagecast.functions import CallPlan, EstimateContext, FunctionRegistry, PlannedCalls, Unknown
from stagecast.inputs import resolve_inputs

PRICED = {"use": "openai:served", "base_url": "http://localhost:9/v1", "price": {"input": 1, "output": 10}}
NOTHING = CountRange.of(0)


def exactly(low: int, expected: int, high: int) -> CountRange:
    return CountRange(low=low, expected=expected, high=high)


def estimate_of(
    *stages: dict[str, Any], registry: FunctionRegistry | None = None, text: str = "hello", **fields: Any
) -> Estimate:
    pipeline = Pipeline.model_validate(
        {
            "id": "p",
            "name": "P",
            "inputs": {
                "primary": "text",
                "text": {"type": "string"},
                "names": {"type": "array", "default": ["Ann", "Bartholomew"]},
                "deep": {"type": "boolean", "default": False},
            },
            "models": {"fast": {**PRICED, "max_tokens": 100}, "free": {"use": "local:smollm2", "max_tokens": 100}},
            "defaults": {"model": "fast", "retries": 0},
            "stages": stages,
            **fields,
        }
    )
    return forecast(pipeline, resolve_inputs(pipeline, text, {}), registry or FunctionRegistry({}, {}))


def ask(stage_id: str, user: str = "say it", **fields: Any) -> dict[str, Any]:
    return {"id": stage_id, "prompt": {"user": user}, **fields}


def stage_of(estimate: Estimate, stage_id: str) -> StageEstimate:
    return next(stage for stage in estimate.stages if stage.stage_id == stage_id)


def test_a_prompt_that_needs_only_inputs_is_measured_as_it_will_be_sent() -> None:
    estimate = estimate_of(ask("a", "<{{ inputs.text }}>"), text="x" * 398)
    assert estimate.calls == CountRange.of(1)
    assert estimate.input_tokens == CountRange.of(100)
    assert estimate.output_tokens == exactly(1, 50, 100)
    assert estimate.cost is not None
    assert estimate.cost.expected == pytest.approx((100 * 1 + 50 * 10) / 1e6)
    assert estimate.stages[0].model == "openai:served"
    assert estimate.is_complete
    assert "Four bytes of text, in English four letters, count as one token." in estimate.assumptions


def test_four_bytes_are_a_token_in_every_script() -> None:
    assert estimate_of(ask("a", "{{ inputs.text }}"), text="天" * 40).input_tokens == CountRange.of(30)


def test_a_stage_that_inputs_alone_skip_costs_nothing_and_says_why() -> None:
    skipped = ask("b", when=[{"if": "inputs.deep", "else": "nobody asked {{ inputs.text }}"}])
    estimate = estimate_of(ask("a"), skipped)
    assert stage_of(estimate, "b").calls == NOTHING
    assert stage_of(estimate, "b").reason == "nobody asked hello"
    assert estimate.calls == CountRange.of(1)


def test_a_stage_that_the_run_may_skip_counts_as_expected_and_not_at_least() -> None:
    estimate = estimate_of(ask("a"), ask("b", when=[{"if": "stages.a.output == 'no'"}]))
    assert stage_of(estimate, "b").calls == exactly(0, 1, 1)
    assert estimate.calls == exactly(1, 2, 2)
    assert "Stages that may be skipped count as expected: 'b'." in estimate.assumptions


def test_what_a_stage_offers_that_surely_is_skipped_is_known_to_later_ones() -> None:
    skipped = ask("a", when=[{"if": "inputs.deep"}], output_when_skipped={"items": [1, 2, 3]})
    each = ask("b", "{{ item }}", foreach={"items": "{{ stages.a.output['items'] }}"})
    estimate = estimate_of(skipped, each, ask("c", when=[{"if": "stages.a.output['items'] | length > 3"}]))
    assert stage_of(estimate, "b").calls == CountRange.of(3)
    assert stage_of(estimate, "c").reason is not None


def test_repeated_attempts_count_only_in_the_most() -> None:
    assert estimate_of(ask("a", retries=2)).calls == exactly(1, 1, 3)


def test_a_foreach_over_known_items_measures_each() -> None:
    estimate = estimate_of(ask("a", "Dear {{ item }}!", foreach={"items": "{{ inputs.names }}"}))
    assert estimate.calls == CountRange.of(2)
    assert estimate.input_tokens == CountRange.of(3 + 5)


def test_of_many_items_some_stand_for_all() -> None:
    estimate = estimate_of(ask("a", "1234", foreach={"items": "{{ range(1003) | list }}"}))
    assert estimate.calls == CountRange.of(1003)
    assert estimate.input_tokens == CountRange.of(1003)


def test_a_foreach_over_what_a_model_will_list_takes_the_schema_s_limits() -> None:
    words = {"type": "array", "minItems": 2, "maxItems": 6, "items": {"type": "string", "maxLength": 40}}
    lister = ask("a", output={"type": "object", "required": ["words"], "properties": {"words": words}})
    each = ask("b", "{{ item }}", foreach={"items": "{{ stages.a.output.words }}"})
    estimate = estimate_of(lister, each)
    assert stage_of(estimate, "b").calls == exactly(2, 4, 6)
    assert stage_of(estimate, "b").input_tokens.high == 6 * 10
    assert estimate.is_complete


def test_a_foreach_that_nobody_can_count_is_not_complete() -> None:
    lister = ask("a", output={"type": "object", "required": ["w"], "properties": {"w": {"type": "array"}}})
    estimate = estimate_of(lister, ask("b", foreach={"items": "{{ stages.a.output.w }}"}))
    assert not estimate.is_complete
    assert any("how many items 'b' runs" in assumption for assumption in estimate.assumptions)


def test_an_answer_with_a_schema_is_as_long_as_the_schema_and_at_most_max_tokens() -> None:
    schema = {"type": "object", "required": ["t"], "properties": {"t": {"type": "string", "maxLength": 80}}}
    tokens = estimate_of(ask("a", output=schema)).output_tokens
    assert tokens.low < tokens.expected
    assert (tokens.expected, tokens.high) == (13, 100)  # {"t": "…"} with 40 letters


def test_a_later_prompt_is_measured_with_answers_as_long_as_they_are_expected() -> None:
    estimate = estimate_of(ask("a"), ask("b", "{{ stages.a.output }}{{ stages.a.output }}"))
    assert stage_of(estimate, "b").input_tokens == exactly(2, 100, 200)


def test_a_prompt_over_what_nothing_is_known_of_says_so() -> None:
    registry = FunctionRegistry({}, {}, {"f": plan_of()})
    estimate = estimate_of({"id": "a", "call": "f"}, ask("b", "{{ stages.a.output.text }}"), registry=registry)
    assert stage_of(estimate, "b").input_tokens.expected > 250
    assert any("'b' reads what is known only during the run" in assumption for assumption in estimate.assumptions)


def test_stages_behind_one_that_may_end_the_run_count_as_expected_and_not_at_least() -> None:
    ender = ask("b", early_exit={"if": "stages.b.output == 'done'"})
    estimate = estimate_of(ask("a"), ender, ask("c"))
    assert [stage.calls.low for stage in estimate.stages] == [1, 1, 0]
    never = {**ender, "early_exit": {"if": "inputs.deep"}}
    assert [stage.calls.low for stage in estimate_of(ask("a"), never, ask("c")).stages] == [1, 1, 1]


def test_a_price_that_nobody_knows_makes_the_cost_unknown_and_names_the_model() -> None:
    models = {"fast": {"use": "openai:somewhere-else", "base_url": "http://localhost:9/v1", "max_tokens": 10}}
    estimate = estimate_of(ask("a"), models=models)
    assert estimate.cost is None
    assert any("openai:somewhere-else" in assumption for assumption in estimate.assumptions)


def test_a_local_model_costs_nothing() -> None:
    cost = estimate_of(ask("a", model="free")).cost
    assert cost is not None
    assert cost.high == 0


def test_a_hosted_model_is_priced_by_the_installed_table() -> None:
    cost = estimate_of(ask("a"), models={"fast": {"use": "openai:gpt-5-mini", "max_tokens": 100}}).cost
    assert cost is not None
    assert 0 < cost.expected < cost.high < 0.01


def test_a_model_without_max_tokens_is_taken_to_end_somewhere() -> None:
    estimate = estimate_of(ask("a"), models={"fast": PRICED})
    assert estimate.output_tokens == exactly(1, 500, 4096)
    assert any("'fast' has no max_tokens" in assumption for assumption in estimate.assumptions)


def test_an_estimate_tells_when_the_budget_would_end_the_run() -> None:
    each = ask("a", foreach={"items": "{{ range(5) | list }}"})
    assert estimate_of(each, budget={"calls": 4}).limited_by_budget
    assert estimate_of(each, budget={"calls": 4}).calls == CountRange.of(5)
    assert not estimate_of(each, budget={"calls": 5}).limited_by_budget
    assert estimate_of(each, budget={"usd": 0.0001}).limited_by_budget
    assert estimate_of({**each, "budget": {"calls": 4}}).limited_by_budget


def plan_of(*plans: PlannedCalls) -> Any:
    def estimate(context: EstimateContext, **arguments: Any) -> CallPlan:
        return plans

    return estimate


def test_a_function_foresees_its_calls_of_several_models() -> None:
    plans = plan_of(
        PlannedCalls(calls=2, input_tokens=10, output_tokens=5, assumption="Two are enough."),
        PlannedCalls(calls=exactly(0, 1, 4), input_tokens=3, output_tokens=1, model="free"),
        PlannedCalls(calls=0, input_tokens=3, output_tokens=1, model="unheard of"),
    )
    estimate = estimate_of({"id": "a", "call": "f"}, registry=FunctionRegistry({}, {}, {"f": plans}))
    assert estimate.calls == exactly(2, 3, 6)
    assert estimate.input_tokens == exactly(20, 23, 32)
    assert estimate.stages[0].model == "openai:served, local:smollm2"
    assert "Two are enough." in estimate.assumptions
    assert estimate.is_complete


def test_a_function_is_told_what_is_known_and_what_is_not() -> None:
    told: list[tuple[EstimateContext, dict[str, Any]]] = []

    def estimate(context: EstimateContext, **arguments: Any) -> CallPlan:
        told.append((context, arguments))
        return []

    call = {
        "id": "b",
        "call": "f",
        "model": "free",
        "foreach": {"items": "{{ inputs.names }}", "as": "name"},
        "with": {"plain": 1, "text": "{{ inputs.text }}", "name": "{{ name }}", "later": ["{{ stages.a.output }}"]},
    }
    estimate_of(ask("a"), call, registry=FunctionRegistry({}, {}, {"f": estimate}))
    assert [arguments for _, arguments in told] == [
        {"plain": 1, "text": "hello", "name": name, "later": Unknown.UNKNOWN} for name in ("Ann", "Bartholomew")
    ]
    context = told[0][0]
    assert (context.model, context.inputs["text"], context.models["free"].max_tokens) == ("free", "hello", 100)


def broken(context: EstimateContext, **arguments: Any) -> CallPlan:
    raise KeyError("oh")


@pytest.mark.parametrize("estimators", [{}, {"f": broken}, {"f": lambda context: 7}])  # type: ignore[misc]
def test_a_function_that_nobody_foresees_makes_the_estimate_incomplete(estimators: dict[str, Any]) -> None:
    estimate = estimate_of(ask("a"), {"id": "b", "call": "f"}, registry=FunctionRegistry({}, {}, estimators))
    assert not estimate.is_complete
    assert (estimate.calls, estimate.cost) == (CountRange.of(1), None)
    assert any("'b'" in assumption and "'f'" in assumption for assumption in estimate.assumptions)


def test_where_every_model_is_free_a_function_costs_nothing_whatever_it_asks() -> None:
    free = {"fast": {"use": "local:smollm2"}}
    estimate = estimate_of({"id": "b", "call": "f"}, models=free)
    assert not estimate.is_complete
    assert estimate.cost is not None
    assert estimate.cost.high == 0


def test_without_models_a_function_cannot_ask_any() -> None:
    estimate = estimate_of({"id": "b", "call": "f"}, models={}, defaults={})
    assert (estimate.calls, estimate.is_complete, estimate.assumptions) == (NOTHING, True, ())


def test_stages_are_told_in_file_order_although_needs_lead_elsewhere() -> None:
    estimate = estimate_of(ask("a", "{{ stages.b.output }}", needs=["b"]), ask("b", needs=[]))
    assert [stage.stage_id for stage in estimate.stages] == ["a", "b"]
    assert stage_of(estimate, "a").input_tokens == exactly(1, 50, 100)
