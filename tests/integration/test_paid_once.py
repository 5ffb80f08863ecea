"""What runners that are killed, drained or cut off have paid for is not paid for again. Real processes and sockets."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.provider_server import Answer, ProviderServer, failure, openai_answer
from tests.sockets import WAIT_SECONDS, Message, Socket, open_socket

PIPELINE = """
id: paid-v1
name: Paid
models: {{m: {{use: "openai:m", base_url: "{url}/v1", price: {{input: 1000000, output: 0}}}}}}
defaults: {{model: m, retries: 0}}
stages:
  - {{id: first, prompt: {{user: "first"}}}}
  - id: items
    timeout: {timeout}
    foreach: {{items: [a, b, c], max_parallel: 1}}
    prompt: {{user: "item {{{{ item }}}}"}}
output: "{{{{ stages['items'].results }}}}"
"""
WIDE = """
id: wide-v1
name: Wide
models: {{m: {{use: "openai:m", base_url: "{url}/v1", price: {{input: 1000000, output: 0}}}}}}
defaults: {{model: m, retries: 0}}
stages:
  - id: items
    foreach: {{items: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], max_parallel: 3}}
    prompt: {{user: "item {{{{ item }}}}"}}
"""
POISON = """
id: poison-v1
name: Poison
stages: [{id: kill, call: kill_runner}]
"""
# A plugin as anyone's: a module and the entry point of an installed package.
PLUGIN = "import os, signal\n\nasync def kill_runner(context):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
ENTRY_POINTS = "[stagecast.functions]\nkill_runner = poison_plugin:kill_runner\n"


def hanging() -> Answer:
    """An answer that never comes to its end."""
    return openai_answer("so far", hangs=True)


def asked(server: ProviderServer) -> list[str]:
    """What the model was asked, in order."""
    return [request.body["messages"][-1]["content"] for request in server.received]


@asynccontextmanager
async def paid_stack(
    nats: NatsServer,
    directory: Path,
    server: ProviderServer,
    *,
    stage_timeout: str = "60s",
    runners: int = 1,
    extra: Mapping[str, str] | None = None,
) -> AsyncGenerator[Stack]:
    (directory / "pipelines").mkdir()
    (directory / "pipelines" / "paid-v1.yaml").write_text(PIPELINE.format(url=server.url, timeout=stage_timeout))
    (directory / "pipelines" / "wide-v1.yaml").write_text(WIDE.format(url=server.url))
    env = {"STAGECAST_ACK_WAIT_SECONDS": "2", "STAGECAST_DRAIN_SECONDS": "0", **(extra or {})}
    async with running_stack(nats.url, directory, env=env, runners=runners) as stack:
        yield stack


async def start(stack: Stack, socket: Socket, pipeline: str = "paid-v1", **subscription: object) -> str:
    async with stack.http() as http:
        reply = await http.post(f"/api/pipelines/{pipeline}/run", json={"input": "hello"})
    execution_id = str(reply.json()["executionId"])
    assert (await socket.subscribe(execution_id, **subscription))["success"] is True
    return execution_id


async def until_in_flight(socket: Socket, item: int) -> list[Message]:
    """Wait until the call for this item of the foreach has begun to answer."""
    return await socket.until(lambda event: event["type"] == "stage:output" and event["item"] == item)


def result_of(events: list[Message]) -> dict[str, Any]:
    return events[-1]["result"]


def finished_item(index: int) -> Answer:
    return openai_answer(f"answer {index}", tokens=(1, 1))


@pytest.mark.parametrize("how", ["killed", "drained"])
async def test_a_runner_that_goes_in_the_midst_of_a_foreach_leaves_only_the_call_in_flight_to_pay_again(
    own_nats: NatsServer, tmp_path: Path, how: str
) -> None:
    async with ProviderServer.start() as server, paid_stack(own_nats, tmp_path, server) as stack:
        server.answers = [openai_answer("one", tokens=(1, 1)), finished_item(0), finished_item(1), hanging()]
        async with open_socket(stack.ws_url()) as socket:
            await start(stack, socket)
            await until_in_flight(socket, 2)
            server.answers = [finished_item(2)]
            gone = stack.runners.pop()
            await (gone.kill() if how == "killed" else gone.stop())
            await stack.add_runner()
            events = await socket.until(lambda event: event["type"] == "execution:completed")
    assert asked(server) == ["first", "item a", "item b", "item c", "item c"]
    assert result_of(events)["status"] == "success"
    assert result_of(events)["output"] == ["answer 0", "answer 1", "answer 2"]
    # The first stage and three items, one input token each, at a dollar; what the lost call cost nobody knows.
    assert result_of(events)["summary"]["totalCost"] == pytest.approx(4.0)  # pyright: ignore[reportUnknownMemberType]


async def test_the_journal_is_told_to_those_who_ask_for_all_events_and_to_nobody_else(
    own_nats: NatsServer, tmp_path: Path
) -> None:
    async with ProviderServer.start() as server, paid_stack(own_nats, tmp_path, server) as stack:
        server.answers = [openai_answer("one", tokens=(1, 1)), *map(finished_item, range(3))]
        async with open_socket(stack.ws_url()) as all_events, open_socket(stack.ws_url()) as default:
            execution_id = await start(stack, all_events, events="all")
            await default.subscribe(execution_id)
            everything = await all_events.until_end(execution_id)
            told = await default.until_end(execution_id)
    stored = [event for event in everything if event["type"] != "stage:output"]
    assert [event["seq"] for event in stored] == list(range(len(stored)))
    calls = [event for event in stored if event["type"] == "call:completed"]
    assert [(call["stage"]["id"], call["item"], call["text"], call["cost"]) for call in calls] == [
        ("first", None, "one", 1.0),
        ("items", 0, "answer 0", 1.0),
        ("items", 1, "answer 1", 1.0),
        ("items", 2, "answer 2", 1.0),
    ]
    assert stored[-2]["type"] == "execution:ending"
    journal = {"call:completed", "execution:ending"}
    assert [event for event in told if event["type"] != "stage:output"] == [
        event for event in stored if event["type"] not in journal
    ]


async def test_a_cancel_hangs_up_on_the_model_whichever_runner_asked_it(own_nats: NatsServer, tmp_path: Path) -> None:
    async with ProviderServer.start() as server, paid_stack(own_nats, tmp_path, server, runners=2) as stack:
        server.answers = [openai_answer("one", tokens=(1, 1)), finished_item(0), hanging()]
        async with open_socket(stack.ws_url()) as socket:
            execution_id = await start(stack, socket)
            await until_in_flight(socket, 1)
            server.hung_up.clear()
            async with stack.http() as http:
                replies = [await http.post(f"/api/executions/{execution_id}/cancel") for _ in range(2)]
            async with asyncio.timeout(WAIT_SECONDS):  # it takes some milliseconds; without the abort it never comes
                await server.hung_up.wait()
            events = await socket.until_end(execution_id)
            async with stack.http() as http:
                again = (await http.post(f"/api/executions/{execution_id}/cancel")).json()
    assert replies[0].json() == {"cancelled": True}
    assert again == {"cancelled": False}
    assert [event["type"] for event in events].count("execution:cancel_requested") == 1
    assert result_of(events)["status"] == "cancelled"
    assert result_of(events)["summary"]["totalCost"] == pytest.approx(2.0)  # pyright: ignore[reportUnknownMemberType]


async def test_a_broker_that_is_away_for_longer_than_a_stage_may_take_costs_no_call_twice(
    own_nats: NatsServer, tmp_path: Path
) -> None:
    async with ProviderServer.start() as server, paid_stack(own_nats, tmp_path, server, stage_timeout="3s") as stack:
        gate = asyncio.Event()
        slow = Answer(finished_item(0).pieces, gate=gate)
        server.answers = [openai_answer("one", tokens=(1, 1)), slow, finished_item(1), finished_item(2)]
        async with open_socket(stack.ws_url()) as socket:
            execution_id = await start(stack, socket)
            await until_in_flight(socket, 0)
            await own_nats.stop()
            gate.set()
            # Seven tries take five seconds: longer than the stage may take.
            await stack.runners[0].wait_for_event("append waits for the broker", times=7)
            await own_nats.restart()
            events = await socket.until_end(execution_id)
    assert asked(server) == ["first", "item a", "item b", "item c"]
    assert result_of(events)["status"] == "success"
    assert "stage:retrying" not in {event["type"] for event in events}


async def test_an_execution_that_kills_every_runner_is_given_up_and_others_go_on(
    own_nats: NatsServer, tmp_path: Path
) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "poison-v1.yaml").write_text(POISON)
    package = tmp_path / "site" / "poison_plugin-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: poison-plugin\nVersion: 1\n")
    (package / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "site" / "poison_plugin.py").write_text(PLUGIN)
    env = {"STAGECAST_ACK_WAIT_SECONDS": "2", "STAGECAST_MAX_LOST_CLAIMS": "2"}
    async with running_stack(own_nats.url, tmp_path, env=env, plugins=tmp_path / "site") as stack:
        async with open_socket(stack.ws_url()) as socket:
            execution_id = await start(stack, socket, "poison-v1")
            for _ in range(2):
                await stack.runners.pop().process.wait()
                await stack.add_runner()
            events = await socket.until_end(execution_id)
        async with stack.http() as http:
            reply = await http.post("/api/pipelines/echo-v1/run", json={"input": "x"}, headers={"Prefer": "wait=20"})
    assert [event.get("attempt") for event in events if event["type"].startswith("execution:re")] == [2, 3]
    assert (result_of(events)["status"], result_of(events)["errorCode"]) == ("failed", "runner_lost")
    assert reply.json()["status"] == "success"


async def test_an_execution_that_failed_at_its_end_is_run_again_for_the_price_of_its_end(
    own_nats: NatsServer, tmp_path: Path
) -> None:
    async with ProviderServer.start() as server, paid_stack(own_nats, tmp_path, server) as stack:
        server.answers = [openai_answer("one", tokens=(1, 1)), *(failure(400) for _ in range(3))]
        async with open_socket(stack.ws_url()) as socket:
            source = await start(stack, socket)
            failed = result_of(await socket.until_end(source))
            server.answers = [finished_item(index) for index in range(3)]
            async with stack.http() as http:
                reply = (await http.post(f"/api/executions/{source}/rerun")).json()
            await socket.subscribe(reply["executionId"])
            events = await socket.until_end(reply["executionId"])
    assert (failed["status"], failed["summary"]["totalCost"]) == ("failed", 1.0)
    assert (reply["rerunOf"], reply["reused"]) == (source, ["first"])
    assert asked(server) == ["first", *["item a", "item b", "item c"] * 2]
    result = result_of(events)
    assert (result["status"], result["rerunOf"], result["output"]) == (
        "success",
        source,
        ["answer 0", "answer 1", "answer 2"],
    )
    assert [(stage["reusedFrom"], stage["cost"]) for stage in result["stages"]] == [(source, 0.0), (None, 3.0)]
    told = [event["type"] for event in events if event["type"].startswith("stage:") and event["type"] != "stage:output"]
    assert told == ["stage:started", "stage:completed"] * 2


async def test_an_execution_that_reaches_its_limit_of_events_has_stored_every_answer_that_it_paid_for(
    own_nats: NatsServer, tmp_path: Path
) -> None:
    env = {"STAGECAST_MAX_EVENTS": "10"}
    async with ProviderServer.start() as server, paid_stack(own_nats, tmp_path, server, extra=env) as stack:
        server.answers = [*map(finished_item, range(12))]
        async with open_socket(stack.ws_url()) as socket:
            async with stack.http() as http:
                reply = await http.post("/api/pipelines/wide-v1/run", json={"input": "hello"})
            await socket.subscribe(reply.json()["executionId"], events="all")
            events = await socket.until_end(reply.json()["executionId"])
    stored = [event["type"] for event in events].count("call:completed")
    assert (result_of(events)["status"], result_of(events)["errorCode"]) == ("failed", "event_limit")
    assert result_of(events)["summary"]["totalCost"] == float(stored)
    # The limit is looked at before a call; what its neighbours still have in flight then is aborted.
    assert 0 <= len(asked(server)) - stored <= 2
