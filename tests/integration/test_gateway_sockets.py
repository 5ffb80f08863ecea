"""`/ws` when clients and brokers misbehave: who is told, who is closed, and that nothing is left behind."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from contracts.errors import CorruptLog, LogUnavailable
from contracts.events import LogEvent
from contracts.messages import CloseCode
from stagecast.jetstream_log import JetStreamLog
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.sockets import Message, Socket
from tests.unit.gateway.faulty_log import FaultyLog, until

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


async def test_what_is_no_valid_message_is_told_and_the_connection_stays_open(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    await append(log, *run_of(example))
    async with gateway.socket() as socket:
        for message in ("hello", "{", "[]", '{"type":"dance"}', b"\x00\x01", '{"type":"subscribe"}'):
            await socket.send(message)
            assert await socket.next() == INVALID
        assert (await socket.subscribe(example.id))["success"] is True
        assert numbers(await socket.until_end(example.id)) == list(range(6))


@pytest.mark.parametrize("how", ["close", "abort"])
async def test_a_client_that_goes_away_leaves_nothing(gateway: RunningGateway, log: JetStreamLog, how: str) -> None:
    examples = [Example() for _ in range(3)]
    for example in examples:
        await append(log, example.queued())
    tasks_before = len(asyncio.all_tasks())
    connection = await gateway.connection()
    socket = Socket(connection)
    for example in examples:
        await socket.subscribe(example.id)
        await socket.next()
    assert gateway.watched_count == 3
    if how == "abort":
        connection.transport.abort()
    await connection.close()
    await until(lambda: gateway.watched_count == 0)
    await until(lambda: len(asyncio.all_tasks()) <= tasks_before)


async def test_a_client_that_does_not_read_is_closed_and_delays_nobody(log: JetStreamLog, tmp_path: Path) -> None:
    example = Example()
    await append(log, example.queued(), example.started())
    async with (
        running_gateway(log, tmp_path, ws_send_timeout_seconds=0.3) as gateway,
        gateway.connection(max_queue=1) as slow,
        gateway.socket() as quick,
    ):
        await slow.send(json.dumps({"type": "subscribe", "executionId": example.id}))
        await quick.subscribe(example.id)
        seq = 2
        big = "x" * 500_000  # more than the buffers on the way hold, soon
        while gateway.gateway.relay.listener_count == 2 and seq < 1000:
            await append(log, example.stage_started(seq), example.stage_completed(seq + 1, output=big))
            await quick.until(lambda message, last=seq + 1: message.get("seq") == last)
            seq += 2
        assert gateway.gateway.relay.listener_count == 1
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await slow.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == CloseCode.TOO_SLOW


async def test_a_message_that_is_too_long_ends_the_connection_of_who_sent_it(gateway: RunningGateway) -> None:
    async with gateway.connection() as connection:
        await connection.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
    assert (await gateway.http.get("/healthz")).status_code == 200


async def test_a_log_that_cannot_be_read_ends_its_subscription_and_not_the_socket(tmp_path: Path) -> None:
    log, example, other = FaultyLog(), Example(), Example()
    await log.append(example.queued())
    await log.append(other.queued())
    log.refusal = CorruptLog("The test has broken it.")
    async with running_gateway(log, tmp_path) as gateway, gateway.socket() as socket:
        log.refused_reads = 1
        answer = await socket.subscribe(example.id)
        assert (answer["type"], answer["executionId"]) == ("error", example.id)
        await socket.subscribe(example.id)
        await socket.next()
        log.refused_reads = 1
        log.lost = {1}
        await log.append(example.started())
        await log.append(example.stage_started(2))
        answer = await socket.next()
        assert (answer["type"], answer["executionId"]) == ("error", example.id)
        await until(lambda: gateway.watched_count == 0)
        assert (await socket.subscribe(other.id))["success"] is True


async def test_subscribers_ride_out_a_broker_restart(nats_server: NatsServer, tmp_path: Path) -> None:
    example = Example()
    events = run_of(example)
    async with (
        jetstream_log(nats_server.url) as runner_log,
        jetstream_log(nats_server.url) as log,
        running_gateway(log, tmp_path, silence_seconds=0.2) as gateway,
        gateway.socket() as socket,
    ):
        await append(runner_log, *events[:3])
        await socket.subscribe(example.id)
        seen = await socket.until(lambda message: message.get("seq") == 2)
        await nats_server.kill()
        new = Example().id
        await socket.send({"type": "subscribe", "executionId": new})
        refused = await socket.next()
        assert (refused["type"], refused["executionId"]) == ("error", new)
        await nats_server.restart()
        await runner_log_ready(runner_log)
        await append(runner_log, *events[3:])
        assert numbers(seen + await socket.until_end(example.id)) == list(range(6))


async def runner_log_ready(log: JetStreamLog) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await log.ping()
            except LogUnavailable:
                await asyncio.sleep(0)
            else:
                return
