"""What a function tells of itself: once, however often it runs again."""

import asyncio
from typing import Any

import pytest

from contracts.envelope import StageRef
from contracts.errors import StageError
from contracts.events import StageProgress, StageStarted
from contracts.state import ExecutionState
from stagecast.functions import FunctionContext
from tests.unit.runner.scripts import Bench, Models, begin, call, definition, resume


def messages(bench: Bench) -> list[str]:
    return [note.message for _, note in bench.told.notes]


async def test_a_function_tells_how_far_it_is_in_order_with_data() -> None:
    async def score(context: FunctionContext) -> None:
        await context.progress("one scored", {"score": 0.5})
        await context.progress("two\nscored")

    bench = Bench(functions={"score": score})
    await bench.run(definition(call("a", "score")))
    assert [(stage, note.message, note.data, note.item) for stage, note in bench.told.notes] == [
        ("a", "one scored", {"score": 0.5}, None),
        ("a", "two scored", None, None),
    ]


async def test_an_attempt_that_is_repeated_tells_only_what_the_one_before_had_not() -> None:
    async def score(context: FunctionContext) -> str:
        await context.progress("begun")
        answer = (await context.complete("q")).text
        if answer == "good":
            await context.progress("found one")
        return answer

    bench = Bench(Models(answers={"q": ["bad", "good"]}), functions={"score": score})
    await bench.run(definition(call("a", "score", retries=1, output={"const": "good"})))
    assert messages(bench) == ["begun", "found one"]


async def test_each_item_of_a_foreach_tells_for_itself() -> None:
    async def score(context: FunctionContext, *, of: str) -> None:
        await context.progress(f"{of} begun")
        await context.progress(f"{of} done")

    bench = Bench(functions={"score": score})
    foreach = {"items": ["x", "y"], "max_parallel": 1}
    await bench.run(definition(call("a", "score", arguments={"of": "{{ item }}"}, foreach=foreach)))
    assert [(note.item, note.message) for _, note in bench.told.notes] == [
        (0, "x begun"),
        (0, "x done"),
        (1, "y begun"),
        (1, "y done"),
    ]


async def test_another_runner_tells_nothing_that_the_one_before_had_told() -> None:
    async def score(context: FunctionContext) -> None:
        for number in range(3):
            await context.progress(f"{number} scored")

    bench = Bench(functions={"score": score})
    state = begin(definition(call("a", "score")))
    _begin_stage(state, told=2)
    await bench.run(resume(state))
    assert messages(bench) == ["2 scored"]


def _begin_stage(state: ExecutionState, told: int) -> None:
    about: dict[str, Any] = {"execution_id": state.execution_id, "stage": StageRef(id="a", name="a")}
    about |= {"index": 0, "total": 1}
    state.apply(StageStarted(**about, seq=state.next_seq))
    for number in range(told):
        state.apply(StageProgress(**about, seq=state.next_seq, message=f"{number} scored"))


@pytest.mark.parametrize("data", [object(), float("nan"), "x" * 70_000, ["\ud800"]])
async def test_data_that_no_event_can_carry_is_refused_and_not_told(data: object) -> None:
    async def score(context: FunctionContext) -> str:
        with pytest.raises(StageError) as caught:
            await context.progress("so far", data)
        return caught.value.code

    bench = Bench(functions={"score": score})
    assert (await bench.run(definition(call("a", "score")))).output == "bad_output"
    assert messages(bench) == []


async def test_a_long_message_is_cut_and_a_secret_in_it_is_hidden() -> None:
    async def score(context: FunctionContext) -> None:
        await context.progress("Authorization: Bearer sk-abcdefghijklmnopqrstuvwxyz0123456789 " + "x" * 900)

    bench = Bench(functions={"score": score})
    await bench.run(definition(call("a", "score")))
    [message] = messages(bench)
    assert len(message) == 501
    assert "abcdefghijklmnopqrstuvwxyz" not in message


async def test_a_task_that_a_function_left_behind_tells_nothing_after_its_stage() -> None:
    left: list[asyncio.Task[None]] = []
    go = asyncio.Event()

    async def leave(context: FunctionContext) -> None:
        async def later() -> None:
            await go.wait()
            await context.progress("late")

        left.append(asyncio.create_task(later()))

    async def let_go(_context: FunctionContext) -> list[object]:
        go.set()
        return [getattr(failure, "code", None) for failure in await asyncio.gather(*left, return_exceptions=True)]

    bench = Bench(functions={"leave": leave, "let_go": let_go})
    result = await bench.run(definition(call("a", "leave"), call("b", "let_go")))
    assert (result.output, messages(bench)) == (["stage_ended"], [])


async def test_progress_that_cannot_be_told_ends_the_run() -> None:
    async def score(context: FunctionContext) -> None:
        await context.progress("so far")

    bench = Bench(functions={"score": score})
    bench.told.raise_at["progress a"] = ConnectionError("lost")
    with pytest.raises(ConnectionError):
        await bench.run(definition(call("a", "score")))
