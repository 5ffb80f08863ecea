"""What subscribers are told besides events: where things stand, what is not kept any more, life cycles, the end."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from contracts.events import LogEvent
from contracts.messages import CloseCode
from contracts.results import PipelineInput, PipelineResult
from stagecast.jetstream_log import JetStreamLog
from stagecast.log import ExecutionLog
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.sockets import Socket
from tests.unit.gateway.faulty_log import FaultyLog, until


@pytest.fixture
async def log(shared_nats: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(shared_nats.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


def run_of(example: Example) -> list[LogEvent]:
    return [example.queued(), example.started(), example.stage_started(2), example.completed(3, "failed")]


async def append(log: ExecutionLog, *events: LogEvent) -> None:
    for event in events:
        await log.append(event)


def result_of(example: Example) -> PipelineResult:
    end = example.completed(0).result
    return end.model_copy(update={"execution_id": example.id, "input": PipelineInput(prompt="hello")})


@pytest.mark.parametrize("after", [None, -1, 0, 1])
async def test_the_marker_comes_behind_the_history_and_before_what_happens_from_then_on(
    gateway: RunningGateway, log: JetStreamLog, after: int | None
) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:2])
    async with gateway.socket() as socket:
        welcome = await socket.subscribe(example.id, **({} if after is None else {"after": after}))
        first = 0 if after is None else after + 1
        assert (welcome["from"], welcome["to"], welcome["recovered"]) == (first, 1, True)
        assert [(await socket.next_of_all())["seq"] for _ in range(first, 2)] == list(range(first, 2))
        assert await socket.next_of_all() == {"type": "caught_up", "executionId": example.id, "seq": 1}
        await append(log, *events[2:])
        assert [message["seq"] for message in await socket.until_end(example.id)] == [2, 3]


async def test_the_marker_counts_events_that_are_not_shown(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, *run_of(example)[:3], example.call_completed(3))
    async with gateway.socket() as socket:
        await socket.subscribe(example.id, after=1)
        assert (await socket.next_of_all())["seq"] == 2
        assert await socket.next_of_all() == {"type": "caught_up", "executionId": example.id, "seq": 3}


async def test_who_asks_for_what_is_not_there_is_told_where_the_execution_stands(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:2])
    async with gateway.socket() as socket:
        welcome = await socket.subscribe(example.id, after=40)
        assert (welcome["recovered"], welcome["from"], welcome["to"]) == (False, 2, 1)
        assert welcome["snapshot"]["status"] == "running"
        assert welcome["snapshot"]["lastSeq"] == 1
        assert await socket.next_of_all() == {"type": "caught_up", "executionId": example.id, "seq": 1}
        await append(log, *events[2:])
        assert [message["seq"] for message in await socket.until_end(example.id)] == [2, 3]


async def test_an_execution_that_has_left_the_log_is_told_from_its_saved_result(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    await append(log, *run_of(example))
    result = result_of(example)
    summary = result.summary.model_copy(update={"total_cost": None})
    filename = await gateway.outputs.save(result.model_copy(update={"summary": summary}))
    await log.purge(example.id)
    async with gateway.socket() as socket:
        welcome = await socket.subscribe(example.id, after=1)
        assert (welcome["success"], welcome["recovered"], welcome["status"]) == (True, False, "success")
        assert (welcome["snapshot"]["id"], welcome["snapshot"]["filename"]) == (example.id, filename)
        assert welcome["snapshot"]["result"]["summary"]["totalCost"] is None  # unknown is never 0, nor left out
        end = await socket.next_of_all()
        assert (end["type"], end["filename"], "seq" in end) == ("execution:completed", filename, False)
        assert await socket.next_of_all() == {"type": "caught_up", "executionId": example.id}
        assert (await socket.subscribe(example.id))["recovered"] is False  # it has ended, and may be asked for again
    view = (await gateway.http.get(f"/api/executions/{example.id}")).json()
    assert (view["status"], view["filename"], view["lastSeq"]) == ("success", filename, -1)


async def test_life_cycles_of_all_or_of_one_pipeline_come_in_order_and_no_stage_does(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    examples = [Example() for _ in range(20)]
    async with (
        jetstream_log(nats_server.url) as log,
        running_gateway(log, tmp_path) as gateway,
        gateway.socket() as all_of_them,
        gateway.socket() as of_one,
        gateway.socket() as of_another,
    ):
        await all_of_them.send({"type": "subscribe", "executionId": "*"})
        assert await all_of_them.next() == {"type": "subscribed", "executionId": "*", "success": True}
        for socket, pipeline in ((of_one, "example-v1"), (of_another, "another-v1")):
            await socket.send({"type": "subscribe", "pipelineId": pipeline})
            assert await socket.next() == {"type": "subscribed", "pipelineId": pipeline, "success": True}
        for events in zip(*(run_of(example) for example in examples), strict=True):
            await append(log, *events)
        for socket in (all_of_them, of_one):
            ends = 0
            while ends < len(examples):
                ends += (await socket.next())["type"] == "execution:completed"
            for example in examples:
                of_it = [message["type"] for message in socket.received if message.get("executionId") == example.id]
                assert of_it == ["execution:queued", "execution:started", "execution:completed"]
        other = Example()
        await append(log, other.queued().model_copy(update={"pipeline_id": "another-v1"}), other.started())
        assert [(await of_another.next())["executionId"] for _ in range(2)] == [other.id, other.id]
        await of_another.send({"type": "unsubscribe", "pipelineId": "another-v1"})
        assert await of_another.next() == {"type": "unsubscribed", "pipelineId": "another-v1"}


async def test_a_lost_broker_connection_is_told_to_who_hears_life_cycles(tmp_path: Path) -> None:
    log = FaultyLog()
    async with running_gateway(log, tmp_path) as gateway, gateway.socket() as socket:
        await socket.send({"type": "subscribe", "executionId": "*"})
        await socket.next()
        gateway.lifecycle.mark_lost()
        assert await socket.next() == {"type": "gap", "executionId": "*"}
        example = Example()
        await log.append(example.queued())
        assert (await socket.next())["executionId"] == example.id
        await socket.send({"type": "unsubscribe", "executionId": "*"})
        await socket.next()
        await until(lambda: not gateway.lifecycle.is_watched)


async def test_repeated_offences_close_the_socket(log: JetStreamLog, tmp_path: Path) -> None:
    async with running_gateway(log, tmp_path, ws_max_bad_messages=2) as gateway, gateway.socket() as socket:
        for _ in range(2):
            await socket.send("nonsense")
            assert (await socket.next())["message"] == "Invalid message format"
        await socket.send("nonsense")
        assert await closed_with(socket) == CloseCode.BAD_MESSAGES


async def test_a_client_that_holds_as_many_connections_as_it_may_gets_no_more(
    log: JetStreamLog, tmp_path: Path
) -> None:
    async with running_gateway(log, tmp_path, max_connections_per_client=2) as gateway:
        async with gateway.socket() as one, gateway.socket():
            async with gateway.socket() as third:
                assert await closed_with(third) == CloseCode.TOO_MANY
            example = Example()
            await append(log, example.queued())
            assert (await gateway.http.get(f"/api/executions/{example.id}/events")).status_code == 429
            assert (await one.subscribe(example.id))["success"] is True
        async with gateway.socket() as again:
            assert (await again.subscribe(example.id))["success"] is True


async def test_a_socket_that_watches_nothing_is_closed_and_one_that_watches_stays(
    log: JetStreamLog, tmp_path: Path
) -> None:
    example = Example()
    await append(log, example.queued())
    async with (
        running_gateway(log, tmp_path, ws_idle_seconds=0.01) as gateway,
        gateway.socket() as watching,
        gateway.socket() as idle,
    ):
        await watching.subscribe(example.id)
        await watching.next()
        assert await closed_with(idle) == CloseCode.IDLE
        await append(log, example.started())
        assert (await watching.next())["seq"] == 1


async def test_a_gateway_that_goes_down_tells_every_socket_to_come_back(log: JetStreamLog, tmp_path: Path) -> None:
    async with running_gateway(log, tmp_path) as gateway:
        sockets = [Socket(await gateway.connection()) for _ in range(20)]
        gateway.server.should_exit = True
        for socket in sockets:
            assert await closed_with(socket) == CloseCode.GOING_AWAY
            closed = socket.connection.protocol.close_rcvd
            assert closed is not None
            assert "resume" in closed.reason


async def test_messages_are_compressed_only_where_that_is_set(log: JetStreamLog, tmp_path: Path) -> None:
    example = Example()
    await append(log, *run_of(example))
    for is_set in (False, True):
        async with running_gateway(log, tmp_path, ws_deflate=is_set) as gateway, gateway.socket() as socket:
            assert bool(socket.connection.protocol.extensions) is is_set
            await socket.subscribe(example.id)
            assert [message["seq"] for message in await socket.until_end(example.id)] == [0, 1, 2, 3]


async def test_a_page_of_another_origin_cannot_open_a_socket(gateway: RunningGateway) -> None:
    for origin in ("https://evil.example", "null"):
        with pytest.raises(InvalidStatus) as refused:
            await gateway.connection(origin=origin)
        assert refused.value.response.status_code == 403
        assert json.loads(refused.value.response.body or b"")["code"] == "origin_not_allowed"
    async with gateway.connection(origin=gateway.server.address()) as connection:
        await connection.ping()


async def closed_with(socket: Socket) -> int:
    """Wait until the server closes, and return its code."""
    async with asyncio.timeout(20):
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await socket.connection.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code
