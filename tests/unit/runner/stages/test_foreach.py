import asyncio

import pytest

from contracts.errors import ModelError
from runner.stages.foreach import MAX_ITEMS
from stagecast.functions import FunctionContext
from tests.unit.runner.scripts import Bench, Models, call, definition, others, prompt

NO = ModelError("no", code="refused")


def each(items: object, **keys: object) -> dict[str, object]:
    foreach = {
        "items": items,
        "as": "word",
        **{key: keys.pop(key) for key in ("max_parallel", "min_ok") if key in keys},
    }
    return {"id": "a", "prompt": {"user": "{{ word }}"}, "foreach": foreach, **keys}


async def test_successes_come_in_item_order_and_the_rest_is_dropped_with_reasons() -> None:
    bench = Bench(Models({"y": NO}))
    after = call("b", arguments={"value": ["{{ stages.a.results }}", "{{ stages.a.dropped | length }}"]})
    result = await bench.run(definition(each(["x", "y", "z"]), after))
    assert result.stages[0].output == {
        "results": ["x", "z"],
        "dropped": [{"item": "y", "index": 1, "reason": "no"}],
    }
    assert (result.output, result.status) == ([["x", "z"], 1], "success")


async def test_items_end_in_any_order_and_are_given_in_theirs() -> None:
    gates = {"x": asyncio.Event()}
    bench = Bench(Models(gates=gates))
    running = asyncio.create_task(bench.run(definition(each(["x", "y", "z"]))))
    await bench.models.until_asked(3)
    gates["x"].set()
    assert (await running).output["results"] == ["x", "y", "z"]


async def test_no_more_items_are_at_work_than_max_parallel() -> None:
    gates = {str(number): asyncio.Event() for number in range(6)}
    bench = Bench(Models(gates=gates))
    running = asyncio.create_task(bench.run(definition(each([*gates], max_parallel=2))))
    await bench.models.until_asked(2)
    for _ in range(10):
        await asyncio.sleep(0)
    assert bench.models.messages == ["0", "1"]
    for gate in gates.values():
        gate.set()
    assert (await running).output["results"] == [*gates]
    assert bench.models.most_in_flight == 2


async def test_items_can_be_a_template_or_a_list_with_templates() -> None:
    assert (await Bench().run(definition(each("{{ [1, 2] }}")))).output["results"] == ["1", "2"]
    assert (await Bench().run(definition(each(["{{ inputs.input }}", "x"])))).output["results"] == ["hello", "x"]


@pytest.mark.parametrize("items", ["{{ inputs.input }}", "{{ {'a': 1} }}", f"{{{{ range({MAX_ITEMS + 1}) | list }}}}"])
async def test_items_that_are_no_list_or_too_many_fail_the_stage(items: str) -> None:
    bench = Bench()
    result = await bench.run(definition(each(items)))
    assert (result.error_code, bench.models.requests) == ("bad_items", [])


async def test_fewer_successes_than_min_ok_fail_the_stage() -> None:
    bench = Bench(Models({"y": NO, "z": NO}))
    result = await bench.run(definition(each(["x", "y", "z"], min_ok=2)))
    assert (result.status, result.error_code) == ("failed", "too_few_items")
    assert result.stages[0].error == "1 of 3 items succeeded; min_ok is 2. The first one failed so: no"


async def test_no_items_are_fine_only_where_none_need_to_succeed() -> None:
    assert (await Bench().run(definition(each([], min_ok=0)))).output == {"results": [], "dropped": []}
    assert (await Bench().run(definition(each([])))).status == "failed"


async def test_an_item_is_repeated_on_its_own_and_told_with_its_number() -> None:
    busy = ModelError("busy", code="overloaded", is_retryable=True)
    bench = Bench(Models({"y": [busy, "done"]}))
    result = await bench.run(definition(each(["x", "y"], retries=1)))
    assert result.output["results"] == ["x", "done"]
    assert "retrying a[1]: attempt 2 in 1000 ms: overloaded" in bench.told
    assert sorted(bench.told.texts) == [("a", "done", 1), ("a", "x", 0)]


async def test_a_check_that_refuses_an_item_drops_it() -> None:
    bench = Bench(checks={"not_y": lambda context, value: "it is y" if context.item == value == "y" else None})
    result = await bench.run(definition(each(["x", "y"], check=["not_y"])))
    assert [row["reason"] for row in result.output["dropped"]] == ["The check 'not_y' refused it: it is y"]


async def test_a_function_runs_for_each_item_too() -> None:
    stage = call("a", foreach={"items": [1, 2]}, arguments={"value": {"n": "{{ item }}"}})
    assert (await Bench().run(definition(stage))).output["results"] == [{"n": 1}, {"n": 2}]


async def test_a_function_that_is_not_installed_fails_the_stage_and_drops_nothing() -> None:
    result = await Bench().run(definition(call("a", "unheard_of", foreach={"items": [1, 2]})))
    assert (result.status, result.error_code) == ("failed", "missing_setting")


async def test_a_cancel_aborts_every_item_in_flight() -> None:
    cancel = asyncio.Event()
    bench = Bench(Models(gates={"x": asyncio.Event(), "y": asyncio.Event()}))
    running = asyncio.create_task(bench.run(definition(each(["x", "y", "z"], max_parallel=2)), cancel=cancel))
    await bench.models.until_asked(2)
    cancel.set()
    assert (await running).status == "cancelled"
    assert (sorted(bench.models.aborted), bench.models.messages) == (["x", "y"], ["x", "y"])
    assert not others()


async def test_a_budget_that_says_finish_drops_the_items_it_no_longer_allows() -> None:
    bench = Bench()
    pipeline = definition(
        each(["x", "y", "z"], max_parallel=3), prompt("b"), budget={"calls": 2, "on_exceeded": "finish"}
    )
    result = await bench.run(pipeline)
    assert result.stages[0].output["results"] == ["x", "y"]
    assert [row["item"] for row in result.stages[0].output["dropped"]] == ["z"]
    assert (result.status, result.stages[1].status) == ("success", "skipped")


async def test_a_budget_that_says_fail_ends_the_stage_and_aborts_what_is_in_flight() -> None:
    bench = Bench(Models(gates={"x": asyncio.Event()}))
    result = await bench.run(definition(each(["x", "y", "z"]), budget={"calls": 2}))
    assert (result.status, result.error_code) == ("failed", "budget_exceeded")
    assert (bench.models.aborted, others()) == (["x"], set())


async def test_a_foreach_that_is_skipped_offers_results_all_the_same() -> None:
    stage = each(["x"], when=[{"if": "false"}], output_when_skipped={"results": [7]})
    after = call("b", arguments={"value": ["{{ stages.a.results }}", "{{ stages.a.dropped }}"]})
    assert (await Bench().run(definition(stage, after))).output == [[7], []]


async def test_an_item_cut_short_by_its_own_client_is_dropped_and_not_lost() -> None:
    async def stray(_context: FunctionContext) -> None:
        raise asyncio.CancelledError

    stage = call("a", "stray", foreach={"items": [1, 2], "min_ok": 0})
    result = await Bench(functions={"stray": stray}).run(definition(stage))
    assert [row["index"] for row in result.output["dropped"]] == [0, 1]
