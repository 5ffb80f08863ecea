"""The journal, which runners store for each other: who hears it, who does not, and that nothing is missed for it."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from contracts.envelope import StoredEvent
from contracts.events import LogEvent
from stagecast.client import Client
from stagecast.jetstream_log import JetStreamLog
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.sockets import Message
from tests.unit.gateway.faulty_log import until

WAIT_SECONDS = 30.0
JOURNALLED = {3, 4, 6}


@pytest.fixture
async def log(shared_nats: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(shared_nats.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


def run_of(example: Example) -> list[LogEvent]:
    return [
        example.queued(),
        example.started(),
        example.stage_started(2),
        example.call_completed(3),
        example.step_completed(4),
        example.stage_completed(5),
        example.ending(6),
        example.completed(7),
    ]


async def append(log: JetStreamLog, *events: LogEvent) -> None:
    for event in events:
        await log.append(event)


def numbers(messages: list[Message]) -> list[int | None]:
    return [message.get("seq") for message in messages]


@pytest.mark.parametrize("stored_before", [1, 3, 4, 5, 7, 8])
async def test_a_subscriber_gets_it_only_where_all_events_were_asked_for(
    gateway: RunningGateway, log: JetStreamLog, stored_before: int
) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:stored_before])
    async with gateway.socket() as plain, gateway.socket() as thorough:
        await plain.subscribe(example.id)
        await thorough.subscribe(example.id, events="all")
        await append(log, *events[stored_before:])
        assert numbers(await thorough.until_end(example.id)) == list(range(8))
        assert numbers(await plain.until_end(example.id)) == [seq for seq in range(8) if seq not in JOURNALLED]


@pytest.mark.parametrize(("after", "rest"), [(2, [5, 7]), (3, [5, 7]), (5, [7]), (6, [7]), (7, [7]), (99, [7])])
async def test_whoever_resumes_goes_on_and_hears_the_end_whatever_lies_between(
    gateway: RunningGateway, log: JetStreamLog, after: int, rest: list[int]
) -> None:
    example = Example()
    await append(log, *run_of(example))
    async with gateway.socket() as socket:
        await socket.subscribe(example.id, after=after)
        assert numbers(await socket.until_end(example.id)) == rest
        await until(lambda: gateway.watched_count == 0)


async def test_subscribing_again_on_the_same_socket_may_ask_for_the_other_kind(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:6])
    async with gateway.socket() as socket:
        await socket.subscribe(example.id)
        assert numbers(await socket.until(lambda message: message.get("seq") == 5)) == [0, 1, 2, 5]
        assert (await socket.subscribe(example.id, events="all", after=2))["success"] is True
        await append(log, *events[6:])
        assert numbers(await socket.until_end(example.id)) == [3, 4, 5, 6, 7]


async def test_the_client_gets_it_where_it_asks_and_is_not_disturbed_where_it_does_not(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    await append(log, *run_of(example))
    async with asyncio.timeout(WAIT_SECONDS), Client(str(gateway.http.base_url)) as client:
        plain = [event async for event in client.follow(example.id)]
        thorough = [event async for event in client.follow(example.id, events="all")]
    assert [event.seq for event in plain if isinstance(event, StoredEvent)] == [0, 1, 2, 5, 7]
    assert [event.seq for event in thorough if isinstance(event, StoredEvent)] == list(range(8))


async def test_a_request_that_waits_is_answered_at_the_end_and_not_when_it_is_decided(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    run = gateway.http.post("/api/pipelines/example-v1/run", json={"input": "x"}, headers={"Prefer": "wait=30"})
    waiting = asyncio.create_task(run)
    await until(lambda: gateway.watched_count == 1)
    example = Example((await log.list_executions(limit=1)).executions[0].id)
    await append(log, example.started(), example.ending(2))
    async with gateway.socket() as socket:  # the ending has come this far, and the request still waits
        await socket.subscribe(example.id, events="all")
        await socket.until(lambda message: message.get("seq") == 2)
    assert not waiting.done()
    await log.append(example.completed(3, output="done"))
    assert (await waiting).json()["output"] == "done"


async def test_there_is_nothing_to_cancel_once_the_end_is_decided(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, *run_of(example)[:7])
    reply = await gateway.http.post(f"/api/executions/{example.id}/cancel")
    assert (reply.status_code, reply.json()) == (200, {"cancelled": False})
    assert len(await log.read(example.id)) == 7


async def test_what_is_only_decided_cannot_be_run_again_yet(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, *run_of(example)[:7])
    path = f"/api/executions/{example.id}/rerun"
    assert (await gateway.http.post(path)).json()["code"] == "execution_running"
    await log.append(example.completed(7))
    assert (await gateway.http.post(path)).status_code == 200
