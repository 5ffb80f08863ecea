"""The JavaScript client and what a gateway tells beside events: life cycles, markers, what is not kept, limits."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.web.node import Node, driving
from tests.web.pages import open_pages

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = {"firstRetryMs": 20, "longestRetryMs": 100, "crowdedMs": 20, "longestCrowdedMs": 100}
LIFE = ["execution:queued", "execution:started", "execution:completed"]


def without_gaps(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what says that something may be missing, which a gateway may always say."""
    return [item for item in items if item["type"] != "gap"]


async def submit(stack: Stack, **options: Any) -> str:
    async with stack.http() as http:
        reply = await http.post("/api/pipelines/echo-v1/run", json={"input": "hello", "options": options})
    return str(reply.raise_for_status().json()["executionId"])


async def test_a_marker_stands_between_what_was_stored_and_what_happens_now(stack: Stack, node: Node) -> None:
    async with driving(node, stack.url) as driver:
        how = {"options": {"delay_ms": 100}, "events": "all"}
        await driver.do("loop", name="run", method="run", args=["echo-v1", "hello"], how=how)
        items = await driver.items_to_end("run")
    (marker,) = [item for item in items if item["type"] == "caught_up"]
    stored = items[: items.index(marker)]
    assert [item["seq"] for item in stored] == list(range(marker["seq"] + 1))
    assert items[-1]["type"] == "execution:completed"


async def test_a_number_that_never_was_is_told_with_a_snapshot_and_it_goes_on(stack: Stack, node: Node) -> None:
    async with driving(node, stack.url) as driver:
        execution_id = await submit(stack, delay_ms=300)
        await driver.do("loop", name="a", method="follow", args=[execution_id], how={"after": 500, "events": "all"})
        gap, *rest = await driver.items_to_end("a")
    assert (gap["type"], gap["recovered"], gap["snapshot"]["id"]) == ("subscribed", False, execution_id)
    numbers = [item["seq"] for item in rest if ":" in item["type"] and "seq" in item]
    assert numbers == list(range(gap["to"] + 1, gap["to"] + 1 + len(numbers)))
    assert rest[-1]["type"] == "execution:completed"


async def test_the_life_cycle_of_executions_is_told_beside_an_execution(stack: Stack, node: Node) -> None:
    async with driving(node, stack.url) as driver:
        await driver.do("loop", name="life", method="lifecycle", how={"pipelineId": "echo-v1"})
        assert await driver.item("life") == {"type": "gap", "pipelineId": "echo-v1"}
        await driver.do("loop", name="run", method="run", args=["echo-v1", "hello"], how={"events": "all"})
        items = await driver.items_to_end("run")
        life: list[dict[str, Any]] = []
        while not life or life[-1]["type"] != "execution:completed":
            life.append(await driver.item("life"))
        assert without_gaps(life) == [item for item in items if item["type"] in LIFE]
        assert [item["seq"] for item in items if "at" in item] == list(range(life[-1]["seq"] + 1))


async def test_a_dashboard_hears_of_all_executions_and_of_what_it_may_have_missed(
    shared_nats: NatsServer, tmp_path: Path, browser: Browser
) -> None:
    async with (
        running_stack(shared_nats.url, tmp_path) as stack,
        open_pages(browser, stack.url) as (_, [tab]),
    ):
        await tab.watch("lifecycle", client={"timing": QUICK, "patienceMs": 60_000})
        await tab.until("gap")
        first = await submit(stack)
        heard = without_gaps(await tab.until("execution:completed", executionId=first))
        assert [item["type"] for item in heard] == LIFE
        await stack.gateways.pop(0).kill()
        await tab.state("waiting")
        await stack.add_gateway({"STAGECAST_PORT": str(urlsplit(stack.url).port)})
        assert await tab.until("gap") == [{"type": "gap", "executionId": "*"}]
        second = await submit(stack)
        heard = without_gaps(await tab.until("execution:completed", executionId=second))
        assert [item["type"] for item in heard] == LIFE


async def test_who_is_one_too_many_comes_later(shared_nats: NatsServer, tmp_path: Path, one_node: Node) -> None:
    async with (
        running_stack(shared_nats.url, tmp_path, env={"STAGECAST_MAX_CONNECTIONS_PER_CLIENT": "1"}) as stack,
        driving(one_node, stack.url, timing=QUICK) as first,
        driving(one_node, stack.url, timing=QUICK) as second,
    ):
        execution_id = await submit(stack, delay_ms=200)
        await first.do("loop", name="a", method="follow", args=[execution_id])
        await first.state("open")
        await second.do("loop", name="b", method="follow", args=[execution_id])
        assert (await second.state("waiting"))["closeCode"] == 4429
        whole = await first.items_to_end("a")
        late = await second.items_to_end("b")
        assert [item for item in late if "at" in item] == [item for item in whole if "at" in item]


async def test_more_subscriptions_than_a_connection_may_have_are_served_in_turn(
    shared_nats: NatsServer, tmp_path: Path, one_node: Node
) -> None:
    async with (
        running_stack(shared_nats.url, tmp_path, env={"STAGECAST_WS_MAX_SUBSCRIPTIONS": "2"}) as stack,
        driving(one_node, stack.url, timing=QUICK) as driver,
    ):
        ids = [await submit(stack, delay_ms=50) for _ in range(6)]
        for execution_id in ids:
            await driver.do("loop", name=execution_id, method="follow", args=[execution_id], how={"events": "all"})
        for execution_id in ids:
            items = [item for item in await driver.items_to_end(execution_id) if "at" in item]
            assert [item["seq"] for item in items] == list(range(len(items)))
        assert await driver.finish() == 0
