"""`/ws` over real sockets and a real broker: every event once and in order, manners, and nothing left behind."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from contracts.events import LogEvent
from contracts.ids import new_execution_id
from stagecast.jetstream_log import JetStreamLog
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.sockets import Message
from tests.unit.gateway.faulty_log import until

INVALID = {"type": "error", "message": "Invalid message format"}


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
        example.stage_completed(3),
        example.stage_skipped(4, 1),
        example.completed(5),
    ]


async def append(log: JetStreamLog, *events: LogEvent) -> None:
    for event in events:
        await log.append(event)


def numbers(messages: list[Message]) -> list[int | None]:
    return [message.get("seq") for message in messages]


@pytest.mark.parametrize("stored_before", range(1, 7))
async def test_a_subscriber_gets_every_event_once_in_order_whenever_it_comes(
    gateway: RunningGateway, log: JetStreamLog, stored_before: int
) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:stored_before])
    async with gateway.socket() as socket:
        assert await socket.subscribe(example.id) == {
            "type": "subscribed",
            "executionId": example.id,
            "success": True,
            "status": ["queued", "running", "running", "running", "running", "success"][stored_before - 1],
            "from": 0,
            "to": stored_before - 1,
            "recovered": True,
        }
        await append(log, *events[stored_before:])
        assert numbers(await socket.until_end(example.id)) == list(range(6))


async def test_what_is_sent_is_what_was_stored_byte_for_byte(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, *run_of(example))
    async with gateway.connection() as connection:
        await connection.send(json.dumps({"type": "subscribe", "executionId": example.id}))
        assert json.loads(await connection.recv())["type"] == "subscribed"
        for entry in await log.read(example.id):
            assert str(await connection.recv()).encode() == entry.data


async def test_it_goes_on_after_the_last_number_seen_on_another_gateway(
    gateway: RunningGateway, log: JetStreamLog, shared_nats: NatsServer, tmp_path: Path
) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:3])
    async with gateway.socket() as socket:
        await socket.subscribe(example.id)
        seen = await socket.until(lambda message: message.get("seq") == 2)
    async with (
        jetstream_log(shared_nats.url) as other_log,
        running_gateway(other_log, tmp_path) as other,
        other.socket() as socket,
    ):
        await socket.subscribe(example.id, after=2)
        await append(log, *events[3:])
        assert numbers(seen + await socket.until_end(example.id)) == list(range(6))


async def test_an_execution_that_is_none_is_answered_without_success(gateway: RunningGateway) -> None:
    async with gateway.socket() as socket:
        for execution_id in (new_execution_id(), "exec_1", ">", "", "exec.*.queued"):
            refused = {"type": "subscribed", "executionId": execution_id, "success": False}
            assert await socket.subscribe(execution_id) == refused
        await until(lambda: gateway.watched_count == 0)


async def test_one_socket_watches_several_executions(gateway: RunningGateway, log: JetStreamLog) -> None:
    examples = [Example() for _ in range(5)]
    for example in examples:
        await append(log, example.queued())
    async with gateway.socket() as socket:
        for example in examples:
            await socket.send({"type": "subscribe", "executionId": example.id})
        for example in examples:
            await append(log, *run_of(example)[1:])
        ends: set[str] = set()

        def is_last(message: Message) -> bool:
            if message["type"] == "execution:completed":
                ends.add(message["executionId"])
            return len(ends) == len(examples)

        seen = await socket.until(is_last)
    for example in examples:
        of_it = [message for message in seen if message["executionId"] == example.id]
        assert of_it[0]["type"] == "subscribed"
        assert numbers(of_it[1:]) == list(range(6))


async def test_unsubscribing_ends_the_events_and_frees_the_feed(gateway: RunningGateway, log: JetStreamLog) -> None:
    example, other = Example(), Example()
    events = run_of(example)
    await append(log, events[0], other.queued())
    async with gateway.socket() as socket:
        await socket.subscribe(example.id)
        await socket.next()
        assert gateway.watched_count == 1
        await socket.send({"type": "unsubscribe", "executionId": example.id})
        assert await socket.next() == {"type": "unsubscribed", "executionId": example.id}
        await until(lambda: gateway.watched_count == 0)
        await append(log, *events[1:])
        assert (await socket.subscribe(other.id))["executionId"] == other.id
        assert (await socket.next())["executionId"] == other.id


async def test_subscribing_twice_starts_anew(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:3])
    async with gateway.socket() as socket:
        await socket.subscribe(example.id)
        assert numbers(await socket.until(lambda message: message.get("seq") == 2)) == [0, 1, 2]
        assert (await socket.subscribe(example.id, after=0))["success"] is True
        await append(log, *events[3:])
        assert numbers(await socket.until_end(example.id)) == [1, 2, 3, 4, 5]


async def test_a_subscription_ends_by_itself_and_the_socket_stays(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, *run_of(example))
    async with gateway.socket() as socket:
        for _ in range(2):
            await socket.subscribe(example.id)
            await socket.until_end(example.id)
            await until(lambda: gateway.watched_count == 0)


@pytest.mark.parametrize("after", [5, 99])
async def test_who_resumes_behind_the_end_gets_the_end_again_and_keeps_no_place(
    log: JetStreamLog, tmp_path: Path, after: int
) -> None:
    ended, other = Example(), Example()
    await append(log, *run_of(ended), other.queued())
    async with running_gateway(log, tmp_path, ws_max_subscriptions=1) as gateway, gateway.socket() as socket:
        assert (await socket.subscribe(ended.id, after=after))["success"] is True
        assert numbers(await socket.until_end(ended.id)) == [5]
        await until(lambda: gateway.watched_count == 0)
        assert (await socket.subscribe(other.id))["success"] is True
        assert (await socket.next())["executionId"] == other.id


async def test_who_resumes_beyond_what_is_stored_gets_what_comes(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:3])
    async with gateway.socket() as socket:
        await socket.subscribe(example.id, after=99)
        await append(log, *events[3:])
        assert numbers(await socket.until_end(example.id)) == [3, 4, 5]


async def test_live_text_comes_between_the_start_and_the_end_of_its_stage(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:2])
    async with gateway.socket() as socket:
        await socket.subscribe(example.id)
        await socket.until(lambda message: message.get("seq") == 1)
        await append(log, events[2])
        for text in ("Once", " upon", " a time"):
            await log.publish_text(example.stage_output(text))
        await append(log, *events[3:])
        seen = await socket.until_end(example.id)
    assert numbers(seen) == [2, None, None, None, 3, 4, 5]
    assert "".join(message.get("text", "") for message in seen) == "Once upon a time"


async def test_an_event_too_large_for_the_broker_arrives_whole_live_and_later(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    output = "y" * 3_000_000
    await append(log, example.queued(), example.started(), example.stage_started(2))
    async with gateway.socket() as live:
        await live.subscribe(example.id)
        await append(log, example.stage_completed(3, output=output), example.completed(4))
        seen = await live.until_end(example.id)
    async with gateway.socket() as later:
        await later.subscribe(example.id)
        assert await later.until_end(example.id) == seen
    assert seen[3]["result"]["output"] == output
