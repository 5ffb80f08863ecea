"""Somebody asks to finish: real processes, a real broker, and a model server that sees who hangs up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.provider_server import ProviderServer, anthropic_answer
from tests.sockets import WAIT_SECONDS, Message, Socket, open_socket

PIPELINE = """
id: search-v1
name: Search
models: {m: {use: "anthropic:m", price: {input: 1000000, output: 0}}}
defaults: {model: m, retries: 0}
stages:
  - {id: search, call: search}
  - {id: polish, prompt: {user: "polish"}}
  - {id: report, always: true, call: echo, with: {stage: 3, text: "{{ stages.search.output }}"}}
output: "{{ stages.search.output }}"
"""
# A plugin as anyone's: a module and the entry point of an installed package.
PLUGIN = """
from contracts.errors import BudgetExceeded

async def search(context):
    found = []
    try:
        for number in range(4):
            found.append((await context.complete(f"try {number}")).text)
            await context.progress(f"{number + 1} tried", {"found": len(found), "finishing": context.is_finishing})
    except BudgetExceeded:
        pass
    return found
"""
ENTRY_POINTS = "[stagecast.functions]\nsearch = search_plugin:search\n"


def asked(server: ProviderServer) -> list[str]:
    return [request.body["messages"][-1]["content"][0]["text"] for request in server.received]


def found(number: int) -> Any:
    return anthropic_answer(f"found {number}", tokens=(1, 1))


@asynccontextmanager
async def searching(nats: NatsServer, directory: Path, server: ProviderServer) -> AsyncGenerator[Stack]:
    (directory / "pipelines").mkdir()
    (directory / "pipelines" / "search-v1.yaml").write_text(PIPELINE)
    package = directory / "site" / "search_plugin-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: search-plugin\nVersion: 1\n")
    (package / "entry_points.txt").write_text(ENTRY_POINTS)
    (directory / "site" / "search_plugin.py").write_text(PLUGIN)
    env = {
        "STAGECAST_ACK_WAIT_SECONDS": "2",
        "ANTHROPIC_BASE_URL": server.url,
        "ANTHROPIC_API_KEY": "sk-ant-test-0123456789",
    }
    async with running_stack(nats.url, directory, env=env, plugins=directory / "site") as stack:
        yield stack


async def start(stack: Stack, socket: Socket) -> str:
    async with stack.http() as http:
        reply = await http.post("/api/pipelines/search-v1/run", json={"input": "hello"})
    execution_id = str(reply.json()["executionId"])
    assert (await socket.subscribe(execution_id))["success"] is True
    return execution_id


async def finish(stack: Stack, execution_id: str) -> dict[str, Any]:
    async with stack.http() as http:
        return (await http.post(f"/api/executions/{execution_id}/finish")).json()


async def until_in_flight(socket: Socket, times: int) -> list[Message]:
    """Wait until this many answers have begun."""
    begun = 0

    def is_last(event: Message) -> bool:
        nonlocal begun
        begun += event["type"] == "stage:output"
        return begun == times

    return await socket.until(is_last)


def told(events: list[Message]) -> list[str]:
    return [event["message"] for event in events if event["type"] == "stage:progress"]


async def test_a_finish_hangs_up_on_the_model_and_keeps_the_best(own_nats: NatsServer, tmp_path: Path) -> None:
    async with ProviderServer.start() as server, searching(own_nats, tmp_path, server) as stack:
        server.answers = [found(0), anthropic_answer("so far", tokens=(1, 1), hangs=True)]
        async with open_socket(stack.ws_url()) as socket:
            execution_id = await start(stack, socket)
            before = await until_in_flight(socket, 2)
            server.hung_up.clear()
            reply = await finish(stack, execution_id)
            async with asyncio.timeout(WAIT_SECONDS):  # without the abort it never comes
                await server.hung_up.wait()
            events = before + await socket.until_end(execution_id)
            again = await finish(stack, execution_id)
    assert (reply, again) == ({"finishing": True}, {"finishing": False})
    result = events[-1]["result"]
    assert (result["status"], result["output"]) == ("success", ["found 0"])
    assert [(row["status"], row["reason"]) for row in result["stages"]] == [
        ("success", None),
        ("skipped", "somebody asked to finish"),
        ("success", None),
    ]
    # The provider had told what was read of the call that was cut off: one token of each call, at a dollar.
    assert result["summary"]["totalCost"] == pytest.approx(2.0)  # pyright: ignore[reportUnknownMemberType]
    assert [event["type"] for event in events].count("execution:finish_requested") == 1
    assert (told(events), asked(server)) == (["1 tried"], ["try 0", "try 1"])


async def test_a_runner_that_takes_over_goes_on_finishing_and_tells_nothing_twice(
    own_nats: NatsServer, tmp_path: Path
) -> None:
    async with ProviderServer.start() as server, searching(own_nats, tmp_path, server) as stack:
        server.answers = [found(0), found(1), anthropic_answer("so far", hangs=True)]
        async with open_socket(stack.ws_url()) as socket:
            execution_id = await start(stack, socket)
            before = await until_in_flight(socket, 3)
            await stack.runners.pop().kill()
            assert await finish(stack, execution_id) == {"finishing": True}
            await stack.add_runner()
            events = before + await socket.until_end(execution_id)
    result = events[-1]["result"]
    assert (result["status"], result["output"]) == ("success", ["found 0", "found 1"])
    assert (told(events), asked(server)) == (["1 tried", "2 tried"], ["try 0", "try 1", "try 2"])


async def test_progress_is_told_once_over_the_loss_of_a_runner(own_nats: NatsServer, tmp_path: Path) -> None:
    async with ProviderServer.start() as server, searching(own_nats, tmp_path, server) as stack:
        server.answers = [found(0), found(1), anthropic_answer("so far", hangs=True)]
        async with open_socket(stack.ws_url()) as socket:
            execution_id = await start(stack, socket)
            before = await until_in_flight(socket, 3)
            server.answers = [found(2), found(3), anthropic_answer("polished", tokens=(1, 1))]
            await stack.runners.pop().kill()
            await stack.add_runner()
            events = before + await socket.until_end(execution_id)
            async with stack.http() as http:
                log = (await http.get(f"/api/executions/{execution_id}/events?stream=false")).json()
    assert events[-1]["result"]["output"] == [f"found {number}" for number in range(4)]
    progress = [event for event in log["events"] if event["type"] == "stage:progress"]
    assert told(events) == [event["message"] for event in progress] == [f"{number} tried" for number in range(1, 5)]
    assert [event["data"]["found"] for event in progress] == [1, 2, 3, 4]
