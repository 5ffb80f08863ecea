"""A store that is full: nothing half-written stays, what runs waits and goes on, and submitting works again after room.

Full is what the log's own limit says, or the disk that the broker may use.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import utc_now
from contracts.errors import LogUnavailable
from contracts.events import ExecutionStarted, LogEvent
from contracts.state import ExecutionState, fold
from runner.claim import Claim
from runner.known_log import KnownLog
from stagecast.jetstream_log import JetStreamLog
from stagecast.retention import Retention
from stagecast.topology import EXECUTIONS, PAYLOADS
from tests.example_events import Example
from tests.gateway_server import running_gateway
from tests.integration.logs import WAIT_SECONDS, jetstream_log
from tests.nats_server import NatsServer

LIMIT = 400_000  # bytes
SMALL_DISK = f"jetstream {{ store_dir: $NATS_STORE_DIR, max_file_store: {LIMIT} }}"
RUN = "/api/pipelines/example-v1/run"
START_FAILED = {"error": "Execution failed to start", "code": "log_unavailable"}


@asynccontextmanager
async def small_log(kind: str, directory: Path) -> AsyncGenerator[JetStreamLog]:
    """A log with room for some hundred events."""
    extra = SMALL_DISK if kind == "disk" else ""
    limits = {"log_max_bytes": LIMIT} if kind == "log" else {}
    async with NatsServer.start(directory, extra=extra) as server, jetstream_log(server.url, **limits) as log:
        yield log


@pytest.fixture(params=["log", "disk"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[JetStreamLog]:
    async with small_log(request.param, tmp_path) as log:
        yield log


async def fill(log: JetStreamLog) -> list[Example]:
    """Submit, run and end executions until the log takes nothing more; return those that have ended."""
    ended: list[Example] = []
    with pytest.raises(LogUnavailable):
        while True:
            example = Example()
            await log.append(example.queued("x" * 2_000))
            await log.append(example.started())
            await log.append(example.completed(2))
            ended.append(example)
    filler = Example()
    with pytest.raises(LogUnavailable):  # what submissions must leave to others, others may take
        for seq in range(10_000):
            await log.append(filler.cancel_requested(seq))
    return ended


async def sweep(log: JetStreamLog) -> int:
    later = utc_now() + timedelta(hours=2)
    return await Retention(log, retention_hours=1, idempotency_hours=1, now=lambda: later).sweep()


async def claim_of(log: JetStreamLog, example: Example) -> Claim:
    delivery = await log.next_delivery(timeout_seconds=WAIT_SECONDS)
    assert delivery is not None
    state = fold(entry.stored_event() for entry in await log.read(example.id))
    assert isinstance(state, ExecutionState)
    return Claim(log, delivery, KnownLog(state, 0), "runner-a")


async def test_a_refused_submission_leaves_nothing_behind(log: JetStreamLog, tmp_path: Path) -> None:
    ended = await fill(log)
    before = [row.id for row in (await log.list_executions(limit=500)).executions]
    depth = await log.queue_depth()
    async with running_gateway(log, tmp_path) as gateway:
        for text in ("small", "y" * 3_000):
            reply = await gateway.http.post(RUN, json={"input": text})
            assert (reply.status_code, reply.json()) == (500, START_FAILED)
        assert [row.id for row in (await log.list_executions(limit=500)).executions] == before
        assert await log.queue_depth() == depth
        assert await sweep(log) >= len(ended)
        reply = await gateway.http.post(RUN, json={"input": "now there is room"})
        assert reply.status_code == 200
        assert len(await log.read(reply.json()["executionId"])) == 1


async def test_a_running_execution_waits_for_room_and_goes_on(log: JetStreamLog) -> None:
    example = Example()
    await log.append(example.queued())
    claim = await claim_of(log, example)
    await fill(log)
    taking = asyncio.create_task(claim.take())
    with pytest.raises(LogUnavailable):  # asked after it, so it has been refused, too
        await log.append(example.released(1))
    assert len(await log.read(example.id)) == 1
    assert not taking.done()
    await sweep(log)
    async with asyncio.timeout(WAIT_SECONDS):
        await taking
    entries = await log.read(example.id)
    assert [type(entry.stored_event()) for entry in entries[1:]] == [ExecutionStarted]


@pytest.mark.parametrize("log", ["log"], indirect=True)
async def test_submissions_leave_room_for_what_runs(log: JetStreamLog) -> None:
    examples: list[Example] = []
    with pytest.raises(LogUnavailable, match="full but for"):
        while True:
            example = Example()
            await log.append(example.queued("x" * 2_000))
            examples.append(example)
    for example in examples[:10]:
        await log.append(example.started())
        await log.append(example.completed(2))
    assert await sweep(log) == 10


async def test_a_large_event_that_was_refused_leaves_no_payload(tmp_path: Path) -> None:
    async with (
        NatsServer.start(tmp_path, extra="max_payload: 16384") as server,
        jetstream_log(server.url, log_max_bytes=LIMIT) as log,
    ):
        await fill(log)
        running = Example()
        refused: list[LogEvent] = [running.completed(0, output="y" * 50_000), Example().queued("y" * 50_000)]
        client = Client()
        await client.connect(server.url)
        for event in refused:
            with pytest.raises(LogUnavailable):
                await log.append(event)
            assert (await JetStreamContext(client).stream_info(PAYLOADS)).state.messages == 0
        await sweep(log)
        for event in refused:
            await log.append(event)
        assert (await JetStreamContext(client).stream_info(EXECUTIONS)).config.discard == "new"
        await client.close()
