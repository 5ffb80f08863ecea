"""The client against real gateways: many executions at once, through gateways that are killed and come back."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from contracts.envelope import StoredEvent
from contracts.errors import ExecutionNotFound
from contracts.events import LogEvent
from contracts.requests import RunReply
from stagecast import Client, Run
from stagecast.jetstream_log import JetStreamLog
from stagecast.updates import Update
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.unit.gateway.faulty_log import until

WAIT_SECONDS = 90.0


@pytest.fixture
async def log(shared_nats: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(shared_nats.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


def url_of(gateway: RunningGateway) -> str:
    return str(gateway.http.base_url).rstrip("/")


def run_of(example: Example) -> list[LogEvent]:
    return [
        example.queued(),
        example.started(),
        example.stage_started(2),
        example.stage_completed(3),
        example.stage_skipped(4, 1),
        example.completed(5),
    ]


async def append(log: JetStreamLog, *events: LogEvent) -> None:
    for event in events:
        await log.append(event)


def numbers(updates: list[Update]) -> list[int]:
    return [update.seq for update in updates if isinstance(update, StoredEvent)]


async def followed(client: Client, execution_id: str) -> list[Update]:
    return [update async for update in client.follow(execution_id)]


async def test_hundreds_of_executions_are_followed_over_a_few_sockets(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    examples = [Example() for _ in range(250)]
    await asyncio.gather(*(append(log, *run_of(example)[:2]) for example in examples))
    async with asyncio.timeout(WAIT_SECONDS), Client(url_of(gateway)) as client, asyncio.TaskGroup() as group:
        tasks = [group.create_task(followed(client, example.id)) for example in examples]
        await until(lambda: gateway.watched_count == len(examples))
        assert gateway.connection_count <= 3
        await asyncio.gather(*(append(log, *run_of(example)[2:]) for example in examples))
    for example, task in zip(examples, tasks, strict=True):
        assert numbers(task.result()) == list(range(6))
        assert {update.execution_id for update in task.result()} == {example.id}
    await until(lambda: gateway.watched_count == 0)


async def test_who_stops_following_is_forgotten_and_the_others_are_not(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    one, other = Example(), Example()
    await append(log, one.queued(), other.queued())
    async with asyncio.timeout(WAIT_SECONDS), Client(url_of(gateway)) as client:
        async with asyncio.TaskGroup() as group:
            staying = group.create_task(followed(client, other.id))
            async for _ in client.follow(one.id):
                break
            await until(lambda: gateway.watched_count == 1)
            await append(log, *run_of(one)[1:], *run_of(other)[1:])
        assert numbers(staying.result()) == list(range(6))
        assert numbers(await followed(client, one.id)) == list(range(6))
        with pytest.raises(ExecutionNotFound):
            await followed(client, Example().id)


async def test_a_reader_that_is_slower_than_what_happens_misses_nothing(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    slow, other = Example(), Example()
    await append(log, slow.queued(), other.queued())
    async with asyncio.timeout(WAIT_SECONDS), Client(url_of(gateway)) as client, asyncio.TaskGroup() as group:
        beside = group.create_task(followed(client, other.id))
        reading = client.follow(slow.id)
        seen = [await anext(reading)]
        await append(log, slow.started())
        # More than its bounded room holds: 4 million characters.
        for seq in range(2, 102, 2):
            await append(log, slow.stage_started(seq), slow.stage_completed(seq + 1, output="x" * 200_000))
        await append(log, slow.completed(102), *run_of(other)[1:])
        await asyncio.wait({beside})
        seen += [update async for update in reading]
    assert numbers(seen) == list(range(103))
    assert numbers(beside.result()) == list(range(6))


async def collected(run: Run[RunReply]) -> list[Update]:
    return [update async for update in run]


async def restart_gateway(stack: Stack) -> None:
    await stack.gateways.pop().kill()
    await stack.add_gateway({"STAGECAST_PORT": str(urlsplit(stack.urls.pop()).port)})


async def test_a_gateway_that_is_killed_and_comes_back_in_the_middle_takes_no_event_along(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with (
        asyncio.timeout(WAIT_SECONDS),
        running_stack(nats_server.url, tmp_path) as stack,
        Client(stack.url) as client,
        asyncio.TaskGroup() as group,
    ):
        runs = [client.run("echo-v1", "hello", {"delay_ms": 700}) for _ in range(10)]
        followers = [group.create_task(collected(run)) for run in runs]
        for _ in range(2):  # the second time as fresh executions have joined those that are under way
            run = client.run("echo-v1", "hello", {"delay_ms": 700})
            followers.append(group.create_task(collected(run)))
            async for event in run:
                if event.type == "stage:completed":
                    break
            await restart_gateway(stack)
    for follower in followers:
        updates = follower.result()
        assert numbers(updates) == sorted(set(numbers(updates)))
        types = [update.type for update in updates]
        assert (types.count("stage:completed"), types[0], types[-1]) == (6, "execution:queued", "execution:completed")
