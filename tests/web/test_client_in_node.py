"""The JavaScript client in Node, against real processes: what it does, and what it survives."""

import re
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.web.node import HERE, Driver, Node, driving, run_node_tests

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = {"firstRetryMs": 20, "longestRetryMs": 200, "silenceMs": 300, "answerMs": 300}


def numbers_of(items: list[dict[str, Any]]) -> list[int]:
    return [item["seq"] for item in items if ":" in item["type"] and "seq" in item]


async def test_the_client_keeps_its_promises(stack: Stack, node: Node) -> None:
    code, said = await run_node_tests(node, "client.test.js", STAGECAST_TEST_URL=stack.url)
    assert code == 0, said
    written = len(re.findall(r"^test\(", (HERE / "client.test.js").read_text(), re.MULTILINE))
    assert re.search(rf"^\S+ pass {written}$", said, re.MULTILINE), said


async def follow_over_a_loss(driver: Driver, stack: Stack, lose: Any) -> list[dict[str, Any]]:
    """Run, lose the connection after the second stage, and return all that was told."""
    how = {"options": {"delay_ms": 300}, "events": "all"}
    await driver.do("loop", name="run", method="run", args=["echo-v1", "hello"], how=how)
    items: list[dict[str, Any]] = []
    while not items or (items[-1]["type"], items[-1].get("index")) != ("stage:completed", 1):
        items.append(await driver.item("run"))
    await lose()
    return items + await driver.items_to_end("run")


async def test_a_gateway_that_is_killed_and_comes_back_leaves_no_gap(
    shared_nats: NatsServer, tmp_path: Path, one_node: Node
) -> None:
    async with (
        running_stack(shared_nats.url, tmp_path) as stack,
        driving(one_node, stack.url, timing=QUICK) as driver,
    ):

        async def kill_and_restart() -> None:
            await stack.gateways[0].kill()
            assert (await driver.state("waiting"))["retryInMs"] <= QUICK["firstRetryMs"]
            await stack.add_gateway({"STAGECAST_PORT": str(urlsplit(stack.url).port)})
            stack.gateways.pop(0)

        items = await follow_over_a_loss(driver, stack, kill_and_restart)
        assert numbers_of(items) == list(range(len(numbers_of(items))))
        assert items[-1]["result"]["status"] == "success"
        assert await driver.finish() == 0


async def test_a_gateway_that_is_frozen_is_found_out_and_resumed_from(
    shared_nats: NatsServer, tmp_path: Path, one_node: Node
) -> None:
    async with (
        running_stack(shared_nats.url, tmp_path) as stack,
        driving(one_node, stack.url, timing=QUICK) as driver,
    ):

        async def freeze() -> None:
            stack.gateways[0].signal(signal.SIGSTOP)
            await driver.state("waiting")  # no message came, and no answer: the line looks open all the time
            stack.gateways[0].signal(signal.SIGCONT)

        items = await follow_over_a_loss(driver, stack, freeze)
        assert numbers_of(items) == list(range(len(numbers_of(items))))
        assert items[-1]["type"] == "execution:completed"


async def test_a_gateway_that_goes_down_in_order_is_resumed_from_on_another(
    shared_nats: NatsServer, tmp_path: Path, one_node: Node
) -> None:
    timing = {**QUICK, "spreadMs": 50}
    async with (
        running_stack(shared_nats.url, tmp_path) as stack,
        driving(one_node, stack.url, timing=timing) as driver,
    ):

        async def replace() -> None:
            await stack.gateways.pop(0).stop()
            assert (await driver.state("waiting"))["closeCode"] == 1012
            await stack.add_gateway({"STAGECAST_PORT": str(urlsplit(stack.url).port)})

        items = await follow_over_a_loss(driver, stack, replace)
        assert numbers_of(items) == list(range(len(numbers_of(items))))


async def test_a_program_ends_by_itself_when_its_run_has_ended(stack: Stack, node: Node) -> None:
    async with driving(node, stack.url) as driver:
        await driver.do("loop", name="run", method="run", args=["echo-v1", "hello"])
        await driver.items_to_end("run")
        assert await driver.finish() == 0
