"""What an earlier runner had finished is not done, and not paid for, again."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from contracts.envelope import StageRef
from contracts.errors import StageError
from contracts.events import StageStarted
from contracts.journal import CallCompleted, CallFault, FinishedCall, StepCompleted
from contracts.pipeline import ModelSpec, Pipeline
from contracts.state import ExecutionState
from runner.journal import CUT_OFF, Journal, call_key, step_key
from runner.models.client import ModelCallFailed, ModelRequest, Spent
from runner.progress import NullProgress, StagePlace
from runner.timing import Timing
from stagecast.functions import FunctionContext
from tests.unit.runner.scripts import Bench, Models, begin, call, definition, prompt, resume

REQUEST = ModelRequest(ModelSpec(use="scripted:m"), "user", "system", {"type": "object"}, 5.0)


class LostError(Exception):
    """The runner dies."""


async def lose(bench: Bench, pipeline: Pipeline, at: str, times: int = 1) -> ExecutionState:
    """Run until the `times`-th step that begins with `at`, die there; return what the next runner starts from."""
    state = begin(pipeline)
    left = times

    def die_at_last() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            bench.told.raise_at[at] = LostError()

    bench.told.stop_at[at] = die_at_last
    with pytest.raises(LostError):
        await bench.run(state)
    bench.told.raise_at.clear()
    bench.told.stop_at.clear()
    _store(bench, state)
    bench.models.requests.clear()
    bench.models.aborted.clear()
    return resume(state)


def _store(bench: Bench, state: ExecutionState) -> None:
    ids = list(state.stages)

    def about(stage_id: str) -> dict[str, Any]:
        place = {"stage": StageRef(id=stage_id, name=stage_id), "index": ids.index(stage_id), "total": len(ids)}
        return {"execution_id": state.execution_id, "seq": state.next_seq, **place}

    for line in bench.told:
        if line.startswith("started "):
            state.apply(StageStarted(**about(line.removeprefix("started "))))
    for stage_id, finished in bench.told.calls:
        state.apply(CallCompleted(**about(stage_id), **dict(finished)))
    for stage_id, step in bench.told.steps:
        state.apply(StepCompleted(**about(stage_id), **dict(step)))


async def test_a_finished_call_is_reused_and_the_stage_costs_it_once() -> None:
    bench = Bench()
    result = await bench.run(await lose(bench, definition(prompt("a"), prompt("b")), "completed a"))
    assert bench.models.messages == ["b"]
    assert [(stage.output, stage.cost, stage.model) for stage in result.stages] == [
        ("a", 0.5, "scripted:m"),
        ("b", 0.5, "scripted:m"),
    ]
    assert (result.summary.total_cost, result.summary.total_input_tokens) == (1.0, 20)
    assert bench.told.outcomes["a"].calls == 1


async def test_a_call_in_flight_is_made_again() -> None:
    bench = Bench()
    result = await bench.run(await lose(bench, definition(prompt("a")), "called a"))
    assert bench.models.messages == ["a"]
    assert result.summary.total_cost == 0.5


async def test_of_a_foreach_only_the_items_that_were_not_finished_are_asked_again() -> None:
    bench = Bench()
    foreach = {"items": ["x", "y", "z"], "max_parallel": 1}
    pipeline = definition(prompt("a", prompt={"user": "{{ item }}"}, foreach=foreach))
    result = await bench.run(await lose(bench, pipeline, "called a", times=3))
    assert bench.models.messages == ["z"]
    assert result.output == {"results": ["x", "y", "z"], "dropped": []}
    assert result.summary.total_cost == 1.5


async def test_of_equal_calls_each_finished_one_is_given_once() -> None:
    bench = Bench(Models(answers={"q": ["first", "second", "third"]}))

    async def ask_thrice(context: FunctionContext) -> list[str]:
        return [(await context.complete("q", model="m")).text for _ in range(3)]

    bench.functions["ask"] = ask_thrice
    result = await bench.run(await lose(bench, definition(call("a", "ask")), "called a", times=3))
    assert bench.models.messages == ["q"]
    # The third answer was lost with its runner, and the script goes on after it.
    assert result.output == ["first", "second", "third"]


async def test_calls_that_a_function_makes_side_by_side_are_told_apart() -> None:
    bench = Bench()

    async def ask_all(context: FunctionContext) -> list[str]:
        answers = await asyncio.gather(*(context.complete(text, model="m") for text in "xyz"))
        return [answer.text for answer in answers]

    bench.functions["ask"] = ask_all
    result = await bench.run(await lose(bench, definition(call("a", "ask")), "called a", times=2))
    assert len(bench.models.messages) == 2
    assert result.output == ["x", "y", "z"]
    assert result.summary.total_cost == 1.5


async def test_an_answer_that_was_refused_is_refused_again_without_being_asked_for_again() -> None:
    answers = {"a": [{"wrong": 1}, {"right": 1}]}
    bench = Bench(Models(answers=answers))
    stage = prompt("a", output={"type": "object", "required": ["right"]}, retries=2)
    result = await bench.run(await lose(bench, definition(stage), "calling a", times=2))
    assert len(bench.models.messages) == 1
    assert "<problem>" in bench.models.messages[0]
    assert result.output == {"right": 1}
    assert result.summary.total_cost == 1.0


async def test_a_failure_that_was_paid_for_is_kept_and_one_that_cost_nothing_is_not() -> None:
    spent = ModelCallFailed("cut short", spent=Spent(7, 9, 0.25), code="truncated", is_retryable=True)
    free = ModelCallFailed("busy", spent=Spent(), code="transport", is_retryable=True)
    bench = Bench(Models(answers={"a": [free, spent, "good"]}))
    state = await lose(bench, definition(prompt("a", retries=3)), "calling a", times=3)
    assert [finished.fault and finished.fault.code for _, finished in bench.told.calls] == ["truncated"]
    result = await bench.run(state)
    assert len(bench.models.messages) == 1
    assert (result.output, result.summary.total_cost, result.summary.total_output_tokens) == ("good", 0.75, 14)


async def test_a_budget_counts_what_was_spent_before_the_runner_was_lost() -> None:
    bench = Bench()

    async def ask_thrice(context: FunctionContext) -> list[str]:
        return [(await context.complete(text, model="m")).text for text in "xyz"]

    bench.functions["ask"] = ask_thrice
    pipeline = definition(call("a", "ask"), budget={"calls": 2, "on_exceeded": "fail"})
    result = await bench.run(await lose(bench, pipeline, "calling a", times=2))
    assert bench.models.messages == ["y"]
    assert (result.status, result.error_code) == ("failed", "budget_exceeded")


async def test_a_stage_that_is_cancelled_after_it_was_resumed_costs_what_its_finished_calls_did() -> None:
    bench = Bench()
    state = await lose(bench, definition(prompt("a")), "completed a")
    cancel = asyncio.Event()
    cancel.set()
    result = await bench.run(state, cancel=cancel)
    assert (result.status, result.summary.total_cost, bench.models.messages) == ("cancelled", 0.5, [])


async def test_a_step_is_done_once_though_its_function_runs_again() -> None:
    bench = Bench()
    done: list[str] = []

    async def work(context: FunctionContext) -> object:
        async def write(text: str) -> dict[str, str]:
            done.append(text)
            return {"written": text}

        first = await context.step("write", lambda: write("one"))
        second = await context.step("write", lambda: write("two"))
        return [first, second, (await context.complete("q", model="m")).text]

    bench.functions["work"] = work
    result = await bench.run(await lose(bench, definition(call("a", "work")), "called a"))
    assert done == ["one", "two"]
    assert result.output == [{"written": "one"}, {"written": "two"}, "q"]


async def test_a_step_is_not_done_again_by_a_repeated_attempt_while_its_model_calls_are() -> None:
    bench = Bench(Models(answers={"q": ["bad", "good"]}))
    done: list[int] = []

    async def work(context: FunctionContext) -> dict[str, Any]:
        async def write() -> int:
            done.append(1)
            return len(done)

        return {"row": await context.step("write", write), "text": (await context.complete("q", model="m")).text}

    bench.functions["work"] = work
    schema = {"type": "object", "properties": {"text": {"const": "good"}}}
    result = await bench.run(definition(call("a", "work", output=schema, retries=1)))
    assert (result.output, done) == ({"row": 1, "text": "good"}, [1])


async def test_what_a_step_gave_cannot_be_changed_by_who_asked_for_it() -> None:
    bench = Bench()

    async def work(context: FunctionContext) -> object:
        async def fetch() -> list[int]:
            return [1]

        rows = await context.step("fetch", fetch)
        rows.append(2)
        return [rows, (await context.complete("q", model="m")).text]

    bench.functions["work"] = work
    bench.models.answers["q"] = ["bad", "good"]
    shape = {"prefixItems": [{"maxItems": 2}, {"const": "good"}]}
    result = await bench.run(definition(call("a", "work", output=shape, retries=1)))
    assert result.output == [[1, 2], "good"]


async def test_a_step_is_not_done_once_it_is_found_that_the_execution_is_no_longer_ours() -> None:
    bench = Bench()
    done: list[int] = []

    async def work(context: FunctionContext) -> object:
        async def write() -> int:
            done.append(1)
            return 1

        return await context.step("write", write)

    bench.functions["work"] = work
    bench.told.raise_at["calling a"] = LostError()
    with pytest.raises(LostError):
        await bench.run(definition(call("a", "work")))
    assert done == []


async def test_a_step_must_return_json() -> None:
    bench = Bench()

    async def work(context: FunctionContext) -> object:
        async def fetch() -> object:
            return object()

        with pytest.raises(StageError, match="step 'fetch' returned something that is not JSON"):
            await context.step("fetch", fetch)
        return "told"

    bench.functions["work"] = work
    assert (await bench.run(definition(call("a", "work")))).output == "told"


async def test_the_time_that_a_finished_call_waits_for_the_log_is_not_the_stages() -> None:
    bench = Bench()
    waited: list[float] = []

    class SlowLog(NullProgress):
        async def call_completed(self, place: StagePlace, call: FinishedCall) -> None:
            waited.append(asyncio.get_running_loop().time())
            await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=1.3)

    result = await bench.run(definition(prompt("a", timeout="1s")), progress=SlowLog())
    assert (result.status, len(waited), len(bench.models.messages)) == ("success", 1, 1)


def test_a_key_names_everything_that_a_model_is_told_and_not_how_long_it_may_take() -> None:
    others: list[Callable[[], str]] = [
        lambda: call_key("b", None, REQUEST),
        lambda: call_key("a", 0, REQUEST),
        lambda: call_key("a", None, ModelRequest(REQUEST.spec, "other", "system", REQUEST.schema)),
        lambda: call_key("a", None, ModelRequest(REQUEST.spec, "user", None, REQUEST.schema)),
        lambda: call_key("a", None, ModelRequest(REQUEST.spec, "user", "system", {"type": "array"})),
        lambda: call_key(
            "a", None, ModelRequest(ModelSpec(use="scripted:m", seed=1), "user", "system", REQUEST.schema)
        ),
    ]
    key = call_key("a", None, REQUEST)
    assert key == call_key("a", None, ModelRequest(REQUEST.spec, "user", "system", {"type": "object"}, 9.0))
    assert len({key, *(other() for other in others)}) == 1 + len(others)
    assert len({step_key("a", None, "n", 0), step_key("a", None, "n", 1), step_key("a", 0, "n", 0)}) == 3


def test_a_key_can_be_made_of_half_characters() -> None:
    assert len(call_key("a", None, ModelRequest(REQUEST.spec, "\ud800"))) == 64


def test_a_journal_gives_equal_calls_in_the_order_in_which_they_ended() -> None:
    calls = [FinishedCall(key="ab" * 32, text=text) for text in ("one", "two")]
    journal = Journal(calls)
    assert [found and found.text for found in (journal.find_call("ab" * 32) for _ in range(3))] == ["one", "two", None]
    assert not journal.has_calls


async def test_whether_a_call_is_wanted_is_asked_last_when_all_that_takes_long_is_done() -> None:
    bench = Bench()
    ready: list[list[str]] = []
    bench.told.stop_at["calling a"] = lambda: ready.append([*bench.models.prepared, *bench.models.messages])
    await bench.run(definition(prompt("a")))
    assert ready == [["scripted:m"]]


async def test_a_call_that_is_found_again_tells_how_long_it_took_then() -> None:
    took: list[int] = []

    async def ask(context: FunctionContext) -> str:
        answer = await context.complete("q")
        took.append(answer.duration_ms)
        return answer.text

    bench = Bench(functions={"ask": ask})
    pipeline = definition(call("a", "ask"), call("b"))
    readings = iter(range(1000))
    bench.timing = Timing(sleep=bench.waits.sleep, monotonic=lambda: float(next(readings)))
    state = await lose(bench, pipeline, "completed a")
    assert [finished.duration for _, finished in bench.told.calls] == [1000]
    bench.timing = Timing(sleep=bench.waits.sleep, monotonic=lambda: 0.0)
    await bench.run(state)
    assert (took, bench.models.messages) == ([1000, 1000], [])


def test_a_call_that_was_cut_off_is_not_found_again() -> None:
    fault = CallFault(message="The call was cut off.", code=CUT_OFF, is_retryable=False)
    journal = Journal([FinishedCall(key="ab" * 32, input_tokens=3, fault=fault)])
    assert (journal.has_calls, journal.find_call("ab" * 32)) == (False, None)


async def test_what_a_call_had_cost_when_it_was_cut_off_is_kept() -> None:
    bench = Bench(Models(gates={"b": asyncio.Event()}, spent_on_abort=Spent(7, 2, 0.25)))
    budget = {"seconds": 0.05, "on_exceeded": "finish"}
    result = await bench.run(definition(prompt("b"), budget=budget))
    [(stage_id, kept)] = bench.told.calls
    assert (stage_id, kept.input_tokens, kept.cost, kept.fault and kept.fault.code) == ("b", 7, 0.25, CUT_OFF)
    assert (result.summary.total_cost, bench.models.aborted) == (0.25, ["b"])
