import asyncio

import pytest

from contracts.pipeline import Budget
from runner.budget import refuse_call, unknown_price
from stagecast.functions import FunctionContext, Spending, add_costs
from tests.unit.runner.scripts import Bench, Models, call, definition, prompt


def test_an_unknown_cost_makes_every_sum_with_it_unknown() -> None:
    assert (add_costs(1.0, 2.0), add_costs(None, 2.0), add_costs(1.0, None)) == (3.0, None, None)
    assert Spending(1, 2, 3, 4.0).plus(Spending(1, 1, 1, None)) == Spending(2, 3, 4, None)


@pytest.mark.parametrize(
    ("budget", "spent", "is_refused"),
    [
        (None, Spending(calls=99, cost_usd=99.0), False),
        (Budget(calls=2), Spending(calls=1), False),
        (Budget(calls=2), Spending(calls=2), True),
        (Budget(usd=1.0), Spending(cost_usd=0.99), False),
        (Budget(usd=1.0), Spending(cost_usd=1.0), True),
        (Budget(usd=1.0), Spending(cost_usd=None), True),
        (Budget(calls=2), Spending(calls=1, cost_usd=None), False),
    ],
)
def test_a_call_is_refused_once_a_limit_is_reached_or_cannot_be_kept(
    budget: Budget | None, spent: Spending, is_refused: bool
) -> None:
    assert (refuse_call(budget, spent, 0, "the pipeline") is not None) == is_refused


async def test_a_dollar_budget_over_a_model_of_unknown_price_refuses_to_start_and_says_what_to_set() -> None:
    bench = Bench(Models(priced=False))
    result = await bench.run(definition(prompt("a", model="n"), budget={"usd": 1}))
    assert (result.status, result.error_code, list(bench.told), bench.models.requests) == (
        "failed",
        "unknown_price",
        [],
        [],
    )
    assert result.error is not None
    assert all(part in result.error for part in ("'n'", "scripted:n", "`price`", "models.n", "usd budget"))


def test_only_models_under_a_dollar_budget_need_a_price() -> None:
    pipeline = definition(prompt("a", budget={"usd": 1}), prompt("b", model="n"))
    assert unknown_price(pipeline, lambda spec: spec.name != "n") is None
    assert "stage 'a'" in (unknown_price(pipeline, lambda spec: spec.name != "m") or "")
    assert unknown_price(definition(prompt("a"), budget={"calls": 1}), lambda _: False) is None


async def test_a_function_may_not_use_a_model_of_unknown_price_under_a_dollar_budget() -> None:
    async def ask(context: FunctionContext) -> str:
        return (await context.complete("x", model="n")).text

    bench = Bench(functions={"ask": ask})
    bench.models.is_priced = lambda spec: spec.name != "n"
    result = await bench.run(definition(call("a", "ask"), budget={"usd": 1}))
    assert (result.error_code, bench.models.requests) == ("unknown_price", [])


async def test_a_budget_that_says_fail_fails_the_stage_whose_call_it_refuses() -> None:
    bench = Bench()
    result = await bench.run(definition(prompt("a"), prompt("b"), call("c", always=True), budget={"calls": 1}))
    assert (result.status, result.error_code, bench.models.messages) == ("failed", "budget_exceeded", ["a"])
    assert list(bench.told)[-2:] == ["started c", "completed c"]


async def test_a_budget_that_says_finish_skips_the_rest_with_a_reason_and_runs_always_stages() -> None:
    bench = Bench()
    pipeline = definition(
        prompt("a"), prompt("b"), call("c"), call("d", always=True), budget={"calls": 1, "on_exceeded": "finish"}
    )
    result = await bench.run(pipeline)
    reason = "the budget of the pipeline, 1 model calls, is spent"
    assert list(bench.told)[2:] == [f"skipped b: {reason}", f"skipped c: {reason}", "started d", "completed d"]
    assert (result.status, bench.models.messages) == ("success", ["a"])


async def test_under_finish_always_stages_call_models_beyond_the_spent_budget_and_their_calls_count() -> None:
    async def ask_twice(context: FunctionContext) -> list[str]:
        return [(await context.complete(text)).text for text in ("one", "two")]

    for budget in ({"calls": 1}, {"usd": 0.5}):
        bench = Bench(functions={"ask_twice": ask_twice})
        stages = (prompt("a"), prompt("b"), prompt("c", always=True), call("d", "ask_twice", always=True))
        result = await bench.run(definition(*stages, budget={**budget, "on_exceeded": "finish"}))
        assert (result.status, result.output) == ("success", ["one", "two"])
        assert [stage.status for stage in result.stages] == ["success", "skipped", "success", "success"]
        assert bench.models.messages == ["a", "c", "one", "two"]
        assert (bench.told.outcomes["d"].calls, result.summary.total_cost) == (2, 2.0)


async def test_what_an_always_stage_calls_is_missing_from_the_budget_of_the_others() -> None:
    bench = Bench()
    stages = (prompt("a", always=True), prompt("b"))
    result = await bench.run(definition(*stages, budget={"calls": 1, "on_exceeded": "finish"}))
    assert ([stage.status for stage in result.stages], bench.models.messages) == (["success", "skipped"], ["a"])


async def test_an_always_stage_s_own_budget_still_limits_it() -> None:
    bench = Bench(checks={"never": lambda _context, _value: "no good"})
    stages = (prompt("a"), prompt("b", always=True, retries=5, check=["never"], budget={"calls": 2}))
    result = await bench.run(definition(*stages, budget={"calls": 1, "on_exceeded": "finish"}))
    assert (result.stages[1].error_code, len(bench.models.requests)) == ("budget_exceeded", 3)


async def test_under_fail_a_spent_budget_refuses_the_calls_of_always_stages_too() -> None:
    bench = Bench()
    result = await bench.run(definition(prompt("a"), prompt("b", always=True), budget={"calls": 1}))
    assert (result.status, result.error_code, bench.models.messages) == ("failed", "budget_exceeded", ["a"])


async def test_a_budget_that_is_just_spent_skips_nothing_that_needs_no_model() -> None:
    pipeline = definition(prompt("a"), call("b"), budget={"calls": 1, "on_exceeded": "finish"})
    result = await Bench().run(pipeline)
    assert (result.status, result.summary.stages_skipped) == ("success", 0)


async def test_dollars_stop_the_next_call_once_they_are_spent() -> None:
    bench = Bench(Models(cost=0.6))
    stages = [prompt(name) for name in "abc"]
    result = await bench.run(definition(*stages, budget={"usd": 1.0, "on_exceeded": "finish"}))
    assert (bench.models.messages, result.status, result.summary.total_cost) == (["a", "b"], "success", 1.2)


@pytest.mark.parametrize(("on_exceeded", "status"), [("finish", "success"), ("fail", "failed")])
async def test_stages_side_by_side_never_make_more_calls_than_allowed(on_exceeded: str, status: str) -> None:
    bench = Bench()
    stages = [prompt(name, needs=[]) for name in "abcd"]
    result = await bench.run(definition(*stages, budget={"calls": 3, "on_exceeded": on_exceeded}))
    assert (len(bench.models.requests), result.status) == (3, status)


async def test_repeated_attempts_count_and_the_reason_for_the_repetition_is_kept() -> None:
    bench = Bench(checks={"never": lambda _context, _value: "no good"})
    result = await bench.run(definition(prompt("a", retries=5, check=["never"]), budget={"calls": 2}))
    assert (len(bench.models.requests), result.error_code) == (2, "budget_exceeded")
    assert "no good" in (result.stages[0].error or "")


async def test_a_stage_s_own_budget_stops_only_that_stage() -> None:
    async def ask_twice(context: FunctionContext) -> None:
        await context.complete("one")
        await context.complete("two")

    bench = Bench(functions={"ask_twice": ask_twice})
    result = await bench.run(definition(call("a", "ask_twice", budget={"calls": 1}, on_error="continue"), prompt("b")))
    assert (bench.models.messages, result.stages[0].error_code) == (["one", "b"], "budget_exceeded")


async def test_a_function_may_deliver_the_best_it_has_under_finish_but_not_under_fail() -> None:
    async def best_of(context: FunctionContext) -> list[str]:
        answers: list[str] = []
        try:
            for number in range(5):
                answers.append((await context.complete(str(number))).text)
        except Exception:
            return answers
        return answers

    for on_exceeded, status in (("finish", "success"), ("fail", "failed")):
        bench = Bench(functions={"best_of": best_of})
        pipeline = definition(
            call("a", "best_of"),
            call("b"),
            output="{{ stages.a.output }}",
            budget={"calls": 2, "on_exceeded": on_exceeded},
        )
        result = await bench.run(pipeline)
        assert (result.status, result.stages[1].status) == (status, "skipped")
        assert result.output == (["0", "1"] if on_exceeded == "finish" else None)


async def test_a_call_that_was_kept_for_a_stage_that_made_none_is_given_back() -> None:
    stages = ({"id": "a", "prompt": {"user": "{{ inputs.nothing }}"}, "on_error": "continue"}, prompt("b"))
    bench = Bench()
    await bench.run(definition(*stages, budget={"calls": 1}))
    assert (bench.told.outcomes["a"].calls, bench.models.messages) == (0, ["b"])


async def test_a_task_that_a_function_left_behind_cannot_call_a_model_after_its_stage() -> None:
    left: list[asyncio.Task[object]] = []
    go = asyncio.Event()

    async def leave(context: FunctionContext) -> None:
        async def later() -> object:
            await go.wait()
            return await context.complete("late")

        left.append(asyncio.create_task(later()))

    async def let_go(_context: FunctionContext) -> list[object]:
        go.set()
        return [getattr(failure, "code", None) for failure in await asyncio.gather(*left, return_exceptions=True)]

    bench = Bench(functions={"leave": leave, "let_go": let_go})
    result = await bench.run(definition(call("a", "leave"), call("b", "let_go")))
    assert result.output == ["stage_ended"]
    assert bench.models.requests == []
