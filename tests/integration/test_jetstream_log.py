"""What only the JetStream log has: a broker that goes away and comes back, wire details that others rely on."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from contracts.errors import Fenced, LogUnavailable
from contracts.events import LogEvent, encode
from contracts.subjects import live_of, payload_of
from stagecast.broker import Broker, BrokerSettings
from stagecast.jetstream_log import JetStreamLog, LogSettings
from stagecast.log import Entry
from stagecast.payloads import PAYLOAD_HEADER
from stagecast.topology import EXECUTIONS, RUNNERS
from tests.example_events import Example
from tests.integration.logs import WAIT_SECONDS, jetstream_log
from tests.nats_server import NatsServer


@pytest.fixture
async def log(nats_server: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(nats_server.url) as log:
        yield log


@pytest.fixture
async def client(nats_server: NatsServer) -> AsyncGenerator[Client]:
    """An outside observer, or an operator."""
    client = Client()
    await client.connect(nats_server.url)
    yield client
    await client.close()


async def append_when_possible(log: JetStreamLog, event: LogEvent) -> int:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                return await log.append(event)
            except LogUnavailable:
                await asyncio.sleep(0)


async def test_an_append_fails_at_once_while_the_broker_is_down(nats_server: NatsServer, log: JetStreamLog) -> None:
    example = Example()
    await log.append(example.queued())
    await nats_server.stop()
    for event in (example.started(), Example().queued()):
        with pytest.raises(LogUnavailable):
            await asyncio.wait_for(log.append(event), 1)
    for call in (log.read(example.id), log.list_executions(limit=1), log.ping()):
        with pytest.raises(LogUnavailable):
            await asyncio.wait_for(call, 1)
    await nats_server.restart()
    await append_when_possible(log, example.stage_started(1))
    assert [entry.type for entry in await log.read(example.id)] == ["execution:queued", "stage:started"]


async def test_an_append_in_flight_ends_when_the_broker_dies(nats_server: NatsServer, log: JetStreamLog) -> None:
    example = Example()
    await log.append(example.queued())
    appending = [asyncio.create_task(log.append(example.cancel_requested(1))) for _ in range(20)]
    await asyncio.sleep(0)
    await nats_server.kill()
    outcomes = await asyncio.wait_for(asyncio.gather(*appending, return_exceptions=True), 2)
    assert {type(outcome) for outcome in outcomes} <= {type(None), Fenced, LogUnavailable}


@pytest.mark.parametrize("is_crash", [False, True], ids=["in order", "crash"])
async def test_a_waiting_runner_survives_a_restart_of_the_broker(
    nats_server: NatsServer, log: JetStreamLog, is_crash: bool
) -> None:
    waiting = asyncio.create_task(log.next_delivery(timeout_seconds=30))
    assert await log.next_delivery(timeout_seconds=0.1) is None
    await (nats_server.kill() if is_crash else nats_server.stop())
    await nats_server.restart()
    example = Example()
    await append_when_possible(log, example.queued())
    delivery = await asyncio.wait_for(waiting, WAIT_SECONDS)
    assert delivery is not None
    assert delivery.execution_id == example.id


async def test_a_watch_goes_on_after_a_restart_of_the_broker(nats_server: NatsServer, log: JetStreamLog) -> None:
    example = Example()
    heard: asyncio.Queue[Entry] = asyncio.Queue()
    watch = await log.watch(example.id, heard.put)
    await log.append(example.queued())
    await nats_server.restart()
    await append_when_possible(log, example.started())
    async with asyncio.timeout(WAIT_SECONDS):
        assert [(await heard.get()).seq for _ in range(2)] == [0, 1]
    await watch.close()


async def test_an_append_tried_again_after_a_restart_is_stored_once(nats_server: NatsServer, log: JetStreamLog) -> None:
    example = Example()
    event = example.queued()
    await log.append(event)
    await nats_server.restart()
    await append_when_possible(log, event)
    assert len(await log.read(example.id)) == 1


async def test_an_append_cut_off_by_a_cancellation_is_recognised_by_its_bytes(log: JetStreamLog) -> None:
    for turns in range(12):
        example = Example()
        event = example.queued()
        appending = asyncio.create_task(log.append(event))
        for _ in range(turns):
            await asyncio.sleep(0)
        appending.cancel()
        await asyncio.gather(appending, return_exceptions=True)
        if not appending.cancelled():
            continue  # it was through already
        await log.append(event.model_copy())
        assert [entry.data for entry in await log.read(example.id)] == [encode(event)]


async def test_a_deleted_consumer_is_made_again(log: JetStreamLog, client: Client) -> None:
    waiting = asyncio.create_task(log.next_delivery(timeout_seconds=30))
    assert await log.next_delivery(timeout_seconds=0.1) is None
    await JetStreamContext(client).delete_consumer(EXECUTIONS, RUNNERS)
    example = Example()
    await log.append(example.queued())
    delivery = await asyncio.wait_for(waiting, WAIT_SECONDS)
    assert delivery is not None
    assert delivery.execution_id == example.id


async def test_a_broker_that_lost_its_data_is_set_up_again(tmp_path: Path) -> None:
    storage = 'jetstream {{ store_dir: "{}" }}'
    first, second = storage.format(tmp_path / "one"), storage.format(tmp_path / "two")
    async with NatsServer.start(tmp_path, extra=first) as server, jetstream_log(server.url) as log:
        await log.append(Example().queued())
        await server.restart(extra=second)
        example = Example()
        await append_when_possible(log, example.queued())
        delivery = await log.next_delivery(timeout_seconds=WAIT_SECONDS)
        assert delivery is not None
        assert delivery.execution_id == example.id


async def test_a_log_may_be_made_before_its_broker_is_there(nats_server: NatsServer) -> None:
    await nats_server.stop()
    broker = Broker(BrokerSettings(nats_url=nats_server.url), name="early")
    log = JetStreamLog(broker, LogSettings())
    await broker.start()
    with pytest.raises(LogUnavailable):
        await log.open()
    with pytest.raises(LogUnavailable):
        await log.append(Example().queued())
    waiting = asyncio.create_task(log.next_delivery(timeout_seconds=30))
    await nats_server.restart()
    await broker.wait_ready(WAIT_SECONDS)
    await log.append(Example().queued())
    assert await asyncio.wait_for(waiting, WAIT_SECONDS) is not None
    await log.close()
    await broker.close()


async def test_an_outside_observer_hears_stored_events_with_their_number(log: JetStreamLog, client: Client) -> None:
    example = Example()
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    await client.subscribe(live_of(example.id), cb=heard.put)  # pyright: ignore[reportUnknownMemberType]
    await client.flush()
    event = example.queued()
    await log.append(event)
    message = await asyncio.wait_for(heard.get(), WAIT_SECONDS)
    assert message.subject == f"exec.{example.id}.execution_queued"
    assert message.data == encode(event)
    assert message.headers is not None
    assert message.headers["Nats-Subject"] == f"log.{example.id}.execution_queued.0"


async def test_a_large_event_is_heard_outside_as_a_stub_that_names_its_payload(
    log: JetStreamLog, client: Client
) -> None:
    example = Example()
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    await client.subscribe(live_of(example.id), cb=heard.put)  # pyright: ignore[reportUnknownMemberType]
    await client.flush()
    event = example.queued("x" * 3_000_000)
    await log.append(event)
    message = await asyncio.wait_for(heard.get(), WAIT_SECONDS)
    stub = json.loads(message.data)
    assert "input" not in stub
    assert (stub["type"], stub["executionId"], stub["seq"]) == ("execution:queued", example.id, 0)
    assert stub["payload"]["size"] == len(encode(event))
    assert message.headers is not None
    assert message.headers[PAYLOAD_HEADER] == f"{stub['payload']['digest']} {stub['payload']['size']}"
    kept = await JetStreamContext(client).stream_info("PAYLOADS")
    assert kept.state.messages == 3


async def test_a_small_message_limit_of_the_broker_is_kept(tmp_path: Path) -> None:
    async with NatsServer.start(tmp_path, extra="max_payload: 16384") as server, jetstream_log(server.url) as log:
        example = Example()
        events = [example.queued("x" * 5_000), example.cancel_requested(1), example.completed(2, output="y" * 200_000)]
        for event in events:
            await log.append(event)
        assert [entry.data for entry in await log.read(example.id)] == [encode(event) for event in events]


async def test_a_large_event_whose_payload_is_gone_is_not_passed_on(log: JetStreamLog, client: Client) -> None:
    example = Example()
    await log.append(example.queued("x" * 1_500_000))
    await JetStreamContext(client).purge_stream("PAYLOADS", subject=payload_of(example.id, "*"))
    with pytest.raises(LogUnavailable):
        await log.read(example.id)


async def test_an_execution_whose_beginning_left_the_log_is_unknown(log: JetStreamLog, client: Client) -> None:
    example = Example()
    await log.append(example.queued())
    await log.append(example.started())
    await JetStreamContext(client).purge_stream(EXECUTIONS, subject=f"log.{example.id}.*.0")
    assert await log.read(example.id) == []
    assert (await log.list_executions(limit=10)).executions == []


async def test_a_wait_that_times_out_holds_nothing_back_from_others(nats_server: NatsServer, log: JetStreamLog) -> None:
    async with jetstream_log(nats_server.url) as other:
        assert await log.next_delivery(timeout_seconds=0.1) is None
        await other.append(Example().queued())
        # Its pull request is still open at the broker, which answers it first.
        delivery = await other.next_delivery(timeout_seconds=0.7)
        assert delivery is not None


async def test_what_one_node_acknowledged_as_it_is_configured_for_production_is_there_after_its_crash(
    tmp_path: Path,
) -> None:
    async with NatsServer.start(tmp_path, sync_interval="always") as server, jetstream_log(server.url) as log:
        example = Example()
        events = [example.queued(), *(example.cancel_requested(seq) for seq in range(1, 40))]
        for event in events:
            await log.append(event)
        await server.kill()
        await server.restart()
        last = example.cancel_requested(40)
        await append_when_possible(log, last)
        assert [entry.data for entry in await log.read(example.id)] == [encode(event) for event in [*events, last]]
