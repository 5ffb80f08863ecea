import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from contracts.errors import ModelError, StageError
from stagecast.functions import Answer, FunctionContext
from tests.unit.runner.scripts import Bench, Models, call, definition

NUMBER = {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/$defs/number"}}}
DEFS = {"$defs": {"number": {"type": "integer"}}}


async def test_a_function_gets_its_arguments_rendered_with_their_types() -> None:
    bench = Bench()
    arguments = {"value": {"text": "{{ inputs.input }}!", "list": "{{ [1, none] }}", "plain": 3.5}}
    result = await bench.run(definition(call("a", arguments=arguments)))
    assert result.output == {"text": "hello!", "list": [1, None], "plain": 3.5}


async def test_a_function_knows_its_execution_stage_and_inputs_and_shows_live_text() -> None:
    async def look(context: FunctionContext) -> list[object]:
        context.say("looking")
        return [context.stage_id, dict(context.inputs), context.execution_id.startswith("exec_")]

    bench = Bench(functions={"look": look})
    result = await bench.run(definition(call("a", "look")))
    assert result.output == ["a", {"input": "hello"}, True]
    assert bench.told.texts == [("a", "looking", None)]


async def test_a_function_asks_models_and_what_they_cost_is_the_stage_s() -> None:
    answers: list[Answer] = []

    async def ask(context: FunctionContext) -> object:
        answers.append(await context.complete("q", system="s", output=NUMBER))
        answers.append(await context.complete("r", model="n"))
        return answers[0].value

    bench = Bench(Models({"q": {"n": 4}}), functions={"ask": ask})
    result = await bench.run(definition(call("a", "ask"), **DEFS))
    first, second = bench.models.requests
    assert (first.system, first.spec.use, second.spec.use) == ("s", "scripted:m", "scripted:n")
    assert first.schema == {**NUMBER, **DEFS}
    assert (answers[0].value, answers[1].value, answers[1].text) == ({"n": 4}, "r", "r")
    [row] = result.stages
    assert (row.cost, row.input_tokens, row.output_tokens, row.model) == (1.0, 20, 10, "scripted:m, scripted:n")
    assert bench.told.outcomes["a"].calls == 2


async def test_a_model_call_of_a_function_is_repeated_as_the_stage_says_and_the_function_is_not() -> None:
    begun: list[int] = []

    async def ask(context: FunctionContext) -> object:
        begun.append(1)
        return (await context.complete("q")).value

    bench = Bench(Models({"q": ModelError("busy", code="overloaded", is_retryable=True)}), functions={"ask": ask})
    result = await bench.run(definition(call("a", "ask", retries=2)))
    assert (len(bench.models.requests), len(begun), result.error_code) == (3, 1, "overloaded")


async def test_a_function_that_asks_for_an_unknown_model_is_told_which_there_are() -> None:
    async def ask(context: FunctionContext) -> object:
        return await context.complete("q", model="zzz")

    result = await Bench(functions={"ask": ask}).run(definition(call("a", "ask")))
    assert result.stages[0].error == "There is no model 'zzz'; the pipeline's models are: m, n."


async def test_an_exception_of_a_function_becomes_a_sentence_and_its_trace_a_log_line() -> None:
    async def broken(_context: FunctionContext) -> None:
        raise ValueError("no such\nthing")

    with capture_logs() as lines:
        result = await Bench(functions={"broken": broken}).run(definition(call("a", "broken", retries=3)))
    [row] = result.stages
    assert (row.error_code, row.error) == ("function_error", "The function 'broken' raised ValueError: no such thing")
    assert [(line["event"], line["exc_info"]) for line in lines] == [("plugin failed", True)]


async def test_a_failure_that_a_function_calls_retryable_is_repeated() -> None:
    attempts: list[int] = []

    async def flaky(_context: FunctionContext) -> int:
        attempts.append(1)
        if len(attempts) < 3:
            raise StageError("not yet", code="not_yet", is_retryable=True)
        return len(attempts)

    bench = Bench(functions={"flaky": flaky})
    assert (await bench.run(definition(call("a", "flaky", retries=2)))).output == 3
    assert bench.told[1] == "retrying a: attempt 2 in 1000 ms: not_yet"


def circle() -> list[Any]:
    values: list[Any] = []
    values.append(values)
    return values


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, float("nan"), "\ud800", circle(), json.loads("[" * 150 + "]" * 150), {"k": b"bytes"}],
    ids=["object", "set", "nan", "half character", "circle", "too deep", "bytes"],
)
async def test_a_result_that_is_not_json_fails_the_stage(value: object) -> None:
    async def produce(_context: FunctionContext) -> object:
        return value

    result = await Bench(functions={"produce": produce}).run(definition(call("a", "produce", retries=3)))
    assert (result.error_code, result.status) == ("bad_output", "failed")
    assert "is not JSON" in (result.error or "")


async def test_a_result_is_kept_as_a_reader_of_the_log_would_get_it() -> None:
    async def produce(_context: FunctionContext) -> object:
        return {1: (1, 2)}

    assert (await Bench(functions={"produce": produce}).run(definition(call("a", "produce")))).output == {"1": [1, 2]}


async def test_a_result_that_breaks_the_stage_s_schema_is_repeated_and_then_fails() -> None:
    begun: list[int] = []

    async def count(_context: FunctionContext) -> object:
        begun.append(1)
        return {"n": "two"}

    result = await Bench(functions={"count": count}).run(
        definition(call("a", "count", output=NUMBER, retries=1), **DEFS)
    )
    assert (result.error_code, len(begun)) == ("schema_mismatch", 2)
    assert "The function 'count' returned what does not fit its schema at $.n" in (result.error or "")


async def test_a_check_looks_at_a_function_s_result() -> None:
    bench = Bench(checks={"never": lambda _context, value: f"{value} is bad"})
    result = await bench.run(definition(call("a", check=["never"])))
    assert (result.error_code, result.stages[0].error) == (
        "check_failed",
        "The check 'never' refused it: given is bad",
    )


async def test_a_function_that_is_not_installed_fails_the_stage_and_says_what_to_do() -> None:
    result = await Bench().run(definition(call("a", "unheard_of")))
    assert result.error_code == "missing_setting"
    assert "install the package" in (result.error or "")


async def test_a_function_cannot_change_what_other_stages_see() -> None:
    async def greedy(_context: FunctionContext, value: dict[str, list[int]]) -> int:
        value["list"].clear()
        return 0

    bench = Bench(functions={"greedy": greedy})
    stages = (
        call("a", arguments={"value": {"list": [1, 2]}}),
        call("b", "greedy", arguments={"value": "{{ stages.a.output }}"}),
    )
    assert (await bench.run(definition(*stages, output="{{ stages.a.output }}"))).output == {"list": [1, 2]}


async def test_a_function_that_was_cancelled_from_inside_fails_and_does_not_end_the_run() -> None:
    async def stray(_context: FunctionContext) -> None:
        inner = asyncio.ensure_future(asyncio.Event().wait())
        inner.cancel()
        await inner

    result = await Bench(functions={"stray": stray}).run(definition(call("a", "stray", on_error="continue"), call("b")))
    assert (result.stages[0].error_code, result.stages[1].status) == ("function_error", "success")


async def test_a_function_with_wrong_arguments_says_so() -> None:
    result = await Bench().run(definition(call("a", arguments={"unheard_of": 1})))
    assert result.error_code == "function_error"
    assert "unheard_of" in (result.error or "")


async def test_a_function_that_changes_its_arguments_gets_them_anew_in_the_next_attempt() -> None:
    seen: list[list[int]] = []

    async def greedy(_context: FunctionContext, value: list[int]) -> int:
        seen.append(list(value))
        value.clear()
        raise StageError("again", is_retryable=True)

    await Bench(functions={"greedy": greedy}).run(
        definition(call("a", "greedy", retries=1, arguments={"value": [1, 2]}))
    )
    assert seen == [[1, 2], [1, 2]]


async def test_a_function_that_goes_on_after_a_cancel_tells_nothing_and_calls_no_model() -> None:
    cancel = asyncio.Event()

    async def stubborn(context: FunctionContext) -> str:
        cancel.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            context.say("still here")
            await context.complete("one more")
        return "done"

    bench = Bench(functions={"stubborn": stubborn})
    result = await bench.run(definition(call("a", "stubborn")), cancel=cancel)
    assert (result.status, result.stages[0].status) == ("cancelled", "cancelled")
    assert (bench.told.texts, list(bench.told), bench.models.requests) == ([], ["started a"], [])
