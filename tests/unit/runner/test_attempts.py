import asyncio

import pytest

from contracts.errors import ModelError
from runner.models.client import ModelCallFailed, Spent
from stagecast.functions import FunctionContext
from tests.unit.runner.scripts import Bench, Models, Waits, call, definition, prompt

BUSY = ModelError("busy", code="rate_limited", is_retryable=True)
NUMBER = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


async def test_a_failure_that_may_pass_is_repeated_after_growing_waits_each_told_before() -> None:
    bench = Bench(Models({"a": [BUSY, BUSY, "done"]}))
    result = await bench.run(definition(prompt("a", retries={"max": 2, "delay": "1s"})))
    assert result.output == "done"
    assert bench.waits.seconds == [1.0, 2.0]
    assert list(bench.told)[1:3] == [
        "retrying a: attempt 2 in 1000 ms: rate_limited",
        "retrying a: attempt 3 in 2000 ms: rate_limited",
    ]


async def test_the_wait_begins_only_after_it_was_told() -> None:
    bench = Bench(Models({"a": [BUSY, "done"]}))
    waits_when_told: list[int] = []
    bench.told.stop_at["retrying a"] = lambda: waits_when_told.append(len(bench.waits.seconds))
    await bench.run(definition(prompt("a", retries=1)))
    assert (waits_when_told, len(bench.waits.seconds)) == ([0], 1)


async def test_the_wait_that_a_provider_asks_for_is_honoured() -> None:
    limited = ModelError("slow down", is_retryable=True, retry_after_seconds=42)
    bench = Bench(Models({"a": [limited, "done"]}), waits=Waits(chance=0.0))
    await bench.run(definition(prompt("a", retries=1)))
    assert bench.waits.seconds == [42]


async def test_the_last_failure_is_told_when_no_attempt_is_left() -> None:
    bench = Bench(Models({"a": BUSY}))
    result = await bench.run(definition(prompt("a"), defaults={"model": "m", "retries": 3}))
    assert (len(bench.models.requests), result.error_code) == (4, "rate_limited")
    assert bench.told[-1] == "failed a: rate_limited: busy"


async def test_what_cannot_pass_fails_at_once() -> None:
    bench = Bench(Models({"a": ModelError("wrong key", code="refused_key")}))
    await bench.run(definition(prompt("a", retries=5)))
    assert (len(bench.models.requests), bench.waits.seconds) == (1, [])


async def test_tokens_and_cost_of_every_attempt_count_also_of_failed_ones() -> None:
    cut_off = ModelCallFailed("cut off", spent=Spent(100, 50, 2.0), is_retryable=True)
    bench = Bench(Models({"a": [cut_off, {"n": "no number"}, {"n": 1}]}))
    result = await bench.run(definition(prompt("a", retries=2, output=NUMBER)))
    outcome = bench.told.outcomes["a"]
    assert (outcome.cost, outcome.input_tokens, outcome.output_tokens, outcome.calls) == (3.0, 120, 60, 3)
    assert (result.summary.total_cost, result.summary.total_output_tokens) == (3.0, 60)


async def test_one_attempt_of_unknown_cost_makes_the_whole_cost_unknown() -> None:
    cut_off = ModelCallFailed("cut off", spent=Spent(100, 50, None), is_retryable=True)
    bench = Bench(Models({"a": [cut_off, "done"]}))
    result = await bench.run(definition(prompt("a", retries=1), prompt("b")))
    assert (bench.told.outcomes["a"].cost, bench.told.outcomes["b"].cost) == (None, 0.5)
    assert result.summary.total_cost is None


async def test_an_attempt_that_takes_too_long_is_aborted_and_repeated() -> None:
    bench = Bench(Models(gates={"a": asyncio.Event()}))
    result = await bench.run(definition(prompt("a", timeout=0.01, retries=1)))
    assert bench.models.aborted == ["a", "a"]
    assert result.stages[0].error == "The attempt took longer than 0.01 s and was aborted."
    assert result.error_code == "timeout"


async def test_a_function_that_takes_too_long_is_aborted() -> None:
    ended: list[str] = []

    async def endless(_context: FunctionContext) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("aborted")

    bench = Bench(functions={"endless": endless})
    result = await bench.run(definition(call("a", "endless", timeout=0.01)))
    assert (ended, result.error_code) == (["aborted"], "timeout")


async def test_after_a_schema_failure_the_model_is_told_what_was_wrong() -> None:
    bench = Bench(Models({"a": [{"n": "three"}, {"n": 3}]}))
    result = await bench.run(definition(prompt("a", retries=1, output=NUMBER)))
    first, second = bench.models.messages
    assert result.output == {"n": 3}
    assert first == "a"
    assert second.startswith("a\n\n<problem>\nThe answer does not fit its schema at $.n: 'three' is not of type")
    assert bench.told[1] == "retrying a: attempt 2 in 1000 ms: schema_mismatch"


async def test_after_a_failed_check_the_model_is_told_what_was_wrong() -> None:
    bench = Bench(
        Models({"a": ["long answer", "short"]}),
        checks={"brief": lambda _context, value: None if len(value) < 6 else "it is too long"},
    )
    result = await bench.run(definition(prompt("a", retries=1, check=["brief"])))
    assert result.output == "short"
    assert "The check 'brief' refused it: it is too long" in bench.models.messages[1]
    assert bench.told[1] == "retrying a: attempt 2 in 1000 ms: check_failed"


async def test_after_a_lost_connection_the_message_is_repeated_unchanged() -> None:
    bench = Bench(Models({"a": [BUSY, "done"]}))
    await bench.run(definition(prompt("a", retries=1)))
    assert bench.models.messages == ["a", "a"]


@pytest.mark.parametrize("retries", [0, 1])
async def test_a_check_that_always_refuses_fails_the_stage(retries: int) -> None:
    bench = Bench(checks={"never": lambda _context, _value: "no"})
    result = await bench.run(definition(prompt("a", retries=retries, check=["never"])))
    assert (result.error_code, len(bench.models.requests)) == ("check_failed", retries + 1)
