"""Gateways and runners as the processes they are: several of each, killed, drained, and listened to from outside."""

import asyncio
import json
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import nats
import pytest
import pytest_asyncio

from contracts.envelope import BaseEvent
from contracts.events import decode, encode
from stagecast.client import Client
from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.sockets import open_socket

BIG = """
id: big-v1
name: Big
inputs: {primary: text, text: {type: string}}
stages:
  - {id: grow, call: echo, with: {text: "{{ inputs.text }}", size: 3000000}}
output: {length: "{{ stages.grow.output | tojson | length }}"}
"""
HOSTED = """
id: hosted-v1
name: Hosted
models: {fast: {use: "openai:gpt-5-mini"}}
defaults: {model: fast}
stages:
  - {id: ask, prompt: {user: "{{ inputs.input }}"}}
"""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[NatsServer]:
    async with NatsServer.start(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(broker: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    """Two gateways and two runners for the tests that leave them as they are."""
    directory = tmp_path_factory.mktemp("stack")
    (directory / "pipelines").mkdir()
    (directory / "pipelines" / "big-v1.yaml").write_text(BIG)
    (directory / "pipelines" / "hosted-v1.yaml").write_text(HOSTED)
    async with running_stack(broker.url, directory, gateways=2, runners=2) as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="module")
async def own_nats(tmp_path: Path) -> AsyncGenerator[NatsServer]:
    """A broker for a test that stops or kills what others would share."""
    (tmp_path / "nats").mkdir()
    async with NatsServer.start(tmp_path / "nats") as server:
        yield server


async def submit(stack: Stack, pipeline: str = "echo-v1", *, gateway: int = 0, **options: object) -> str:
    async with stack.http(gateway) as http:
        reply = await http.post(f"/api/pipelines/{pipeline}/run", json={"input": "hello", "options": options})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["executionId"])


async def watch_to_end(stack: Stack, execution_id: str, *, gateway: int) -> list[dict[str, object]]:
    async with open_socket(stack.ws_url(gateway)) as socket:
        assert (await socket.subscribe(execution_id, events="all"))["success"] is True
        return [event for event in await socket.until_end(execution_id) if event["type"] != "stage:output"]


async def test_two_gateways_and_two_runners_share_the_work_and_tell_the_same_story(stack: Stack) -> None:
    ids = [await submit(stack, gateway=number % 2, delay_ms=20) for number in range(20)]
    async with asyncio.TaskGroup() as group:
        first = [group.create_task(watch_to_end(stack, execution_id, gateway=0)) for execution_id in ids]
        second = [group.create_task(watch_to_end(stack, execution_id, gateway=1)) for execution_id in ids]
    for one, other in zip(first, second, strict=True):
        events = one.result()
        assert events == other.result()
        assert [event["seq"] for event in events] == list(range(len(events)))
        assert [event["type"] for event in events].count("execution:completed") == 1
    runners = {next(e for e in one.result() if e["type"] == "execution:started")["runner"] for one in first}
    assert len(runners) == 2
    async with stack.http(0) as http, stack.http(1) as other_http:
        rows = (await http.get("/api/outputs")).json()
        assert rows == (await other_http.get("/api/outputs")).json()
        listed = (await http.get("/api/executions")).json()
    assert {row["executionId"] for row in rows[:20]} == set(ids)
    assert [row["id"] for row in listed[:20]] == ids[::-1]
    assert {row["status"] for row in listed[:20]} == {"success"}


async def test_an_outside_consumer_hears_every_stored_event_with_its_number(stack: Stack) -> None:
    client = await nats.connect(stack.nats_url)  # pyright: ignore[reportUnknownMemberType] # nats-py's types have holes
    heard = await client.subscribe("exec.>")  # pyright: ignore[reportUnknownMemberType]
    await client.flush()
    execution_id = await submit(stack)
    seen: list[int] = []
    async for message in heard.messages:
        prefix, subject_id, event_name = message.subject.split(".")
        event = decode(message.data)
        assert (prefix, subject_id, event_name) == ("exec", execution_id, event.type.replace(":", "_"))
        assert message.headers is not None
        assert message.headers["Nats-Subject"] == f"log.{execution_id}.{event_name}.{len(seen)}"
        seen.append(json.loads(message.data)["seq"])
        if event.type == "execution:completed":
            break
    await client.close()
    assert seen == list(range(len(seen)))


async def test_a_gateway_that_is_killed_takes_no_execution_along(stack: Stack) -> None:
    doomed = await stack.add_gateway()
    execution_id = await submit(stack, gateway=-1, delay_ms=300)
    await doomed.kill()
    stack.gateways.pop()
    stack.urls.pop()
    events = await watch_to_end(stack, execution_id, gateway=0)
    assert events[-1]["result"]["status"] == "success"  # type: ignore[index]


async def test_a_runner_told_to_stop_hands_over_and_another_one_resumes(own_nats: NatsServer, tmp_path: Path) -> None:
    async with running_stack(own_nats.url, tmp_path, env={"STAGECAST_DRAIN_SECONDS": "0"}) as stack:
        execution_id = await submit(stack, delay_ms=1000)
        async with open_socket(stack.ws_url()) as socket:
            await socket.subscribe(execution_id, events="all")
            before = await socket.until(lambda event: event["type"] == "stage:completed")
            assert await stack.runners[0].stop() == 0
            await stack.add_runner()
            events = before + await socket.until_end(execution_id)
    types = [event["type"] for event in events]
    assert types.count("execution:released") == 1
    assert types.count("execution:resumed") == 1
    assert types.count("stage:completed") == 6
    assert events[-1]["result"]["status"] == "success"


async def test_a_runner_that_is_killed_is_replaced_after_its_lease(own_nats: NatsServer, tmp_path: Path) -> None:
    async with running_stack(own_nats.url, tmp_path, env={"STAGECAST_ACK_WAIT_SECONDS": "2"}) as stack:
        execution_id = await submit(stack, delay_ms=1000)
        async with open_socket(stack.ws_url()) as socket:
            await socket.subscribe(execution_id, events="all")
            before = await socket.until(lambda event: event["type"] == "stage:completed")
            await stack.runners.pop().kill()
            await stack.add_runner()
            events = before + await socket.until_end(execution_id)
    resumed = [event for event in events if event["type"] == "execution:resumed"]
    assert [event["attempt"] for event in resumed] == [2]
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert events[-1]["result"]["status"] == "success"


async def test_a_runner_that_was_frozen_writes_nothing_once_another_one_took_over(
    own_nats: NatsServer, tmp_path: Path
) -> None:
    async with running_stack(own_nats.url, tmp_path, env={"STAGECAST_ACK_WAIT_SECONDS": "2"}) as stack:
        execution_id = await submit(stack, delay_ms=1000)
        async with open_socket(stack.ws_url()) as socket:
            await socket.subscribe(execution_id, events="all")
            before = await socket.until(lambda event: event["type"] == "stage:completed")
            stack.runners[0].signal(signal.SIGSTOP)
            await stack.add_runner()
            before += await socket.until(lambda event: event["type"] == "execution:resumed")
            stack.runners[0].signal(signal.SIGCONT)
            await stack.runners[0].wait_for_event("claim lost")
            events = before + await socket.until_end(execution_id)
        async with stack.http() as http:
            view = (await http.get(f"/api/executions/{execution_id}")).json()
    assert view["status"] == "success"
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events].count("stage:completed") == 6


async def test_runners_are_seen_again_after_the_broker_lost_its_memory(own_nats: NatsServer, tmp_path: Path) -> None:
    async with running_stack(own_nats.url, tmp_path, env={"STAGECAST_ACK_WAIT_SECONDS": "10"}) as stack:
        await own_nats.kill()
        await own_nats.restart()
        await stack.gateways[0].wait_for_event("broker connected", times=2)
        await stack.runners[0].wait_for_event("announced to a broker that had forgotten us")
        async with stack.http() as http:
            assert (await http.get("/readyz")).json()["runners"] == 1


async def test_an_event_too_large_for_the_broker_reaches_subscribers_whole(stack: Stack) -> None:
    execution_id = await submit(stack, "big-v1")
    events = await watch_to_end(stack, execution_id, gateway=1)
    completed = next(event for event in events if event["type"] == "stage:completed")
    assert len(json.dumps(completed)) > 3_000_000
    assert events[-1]["result"]["status"] == "success"  # type: ignore[index]
    async with stack.http() as http:
        saved = (await http.get(f"/api/outputs/{events[-1]['filename']}")).json()
    assert saved == events[-1]["result"]


async def test_a_client_that_resumes_after_the_end_is_told_the_end_again(stack: Stack) -> None:
    execution_id = await submit(stack)
    last = (await watch_to_end(stack, execution_id, gateway=0))[-1]
    async with Client(stack.url) as client, asyncio.timeout(30):
        events = [event async for event in client.follow(execution_id, after=int(str(last["seq"])))]
    assert [encode(event) for event in events if isinstance(event, BaseEvent)] == [
        json.dumps(last, separators=(",", ":"), ensure_ascii=False).encode()
    ]


async def test_a_missing_provider_key_is_told_at_submission(stack: Stack) -> None:
    async with stack.http() as http:
        before = (await http.get("/api/executions")).json()
        reply = await http.post("/api/pipelines/hosted-v1/run", json={"input": "x"})
        assert reply.status_code == 400
        assert "OPENAI_API_KEY" in reply.json()["error"]
        assert reply.json()["code"] == "missing_setting"
        assert (await http.get("/api/executions")).json() == before


async def test_a_broken_pipeline_file_takes_nothing_else_down(stack: Stack) -> None:
    (stack.directory / "pipelines" / "broken.yaml").write_text("id: broken-v1\nname: Broken\nstages: [{id: a}]\n")
    async with stack.http() as http:
        ids = [row["id"] for row in (await http.get("/api/pipelines")).json()]
        assert "broken-v1" not in ids
        assert "echo-v1" in ids
        assert (await http.post("/api/pipelines/broken-v1/run", json={"input": "x"})).status_code == 500
        assert (await http.post("/api/pipelines/echo-v1/run", json={"input": "x"})).status_code == 200


async def test_services_end_with_code_0_on_sigterm(own_nats: NatsServer, tmp_path: Path) -> None:
    async with running_stack(own_nats.url, tmp_path) as stack:
        assert [await process.stop() for process in [*stack.gateways, *stack.runners]] == [0, 0]


async def test_services_start_without_a_broker_and_work_once_it_is_there(own_nats: NatsServer, tmp_path: Path) -> None:
    await own_nats.stop()
    directory = tmp_path
    (directory / "pipelines").mkdir(exist_ok=True)
    stack = Stack(own_nats.url, directory)
    starting = [asyncio.create_task(stack.add_gateway()), asyncio.create_task(stack.add_runner())]
    async with asyncio.timeout(30):
        while not (stack.gateways and stack.runners):  # noqa: ASYNC110  the processes are being spawned
            await asyncio.sleep(0)
        await stack.gateways[0].wait_for_event("listening")
        await stack.runners[0].wait_for(lambda line: "broker" in str(line.get("event")))
    await own_nats.restart()
    await asyncio.gather(*starting)
    try:
        async with stack.http() as http:
            ready = (await http.get("/readyz")).json()
        assert ready["ready"] is True
        assert ready["broker"] is True
        assert ready["runners"] == 1
    finally:
        for process in [*stack.gateways, *stack.runners]:
            await process.stop()
