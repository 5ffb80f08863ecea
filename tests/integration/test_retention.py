"""How long executions stay in the log: the ended ones for a settable time, the others until they have ended."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.envelope import utc_now
from contracts.errors import LogUnavailable
from contracts.events import LogEvent
from contracts.ids import new_execution_id
from contracts.subjects import log_of
from stagecast.log import ExecutionLog
from stagecast.retention import RetainedLog, Retention
from stagecast.topology import EXECUTIONS, PAYLOADS
from tests.example_events import Example
from tests.integration.logs import WAIT_SECONDS, AnyLog, LogPair, jetstream_log
from tests.nats_server import NatsServer


def retention(log: RetainedLog, *, hours_later: float, idempotency_hours: float = 1) -> Retention:
    """Keep ended executions for ten hours, and look at the log so many hours from now."""
    now = utc_now() + timedelta(hours=hours_later)
    return Retention(log, retention_hours=10, idempotency_hours=idempotency_hours, now=lambda: now)


async def store(log: ExecutionLog, *events: LogEvent) -> None:
    for event in events:
        await log.append(event)


async def end(log: ExecutionLog, example: Example, text: str = "hello") -> None:
    await store(log, example.queued(text), example.started(), example.stage_started(2), example.completed(3))


async def listed(log: ExecutionLog) -> list[str]:
    return [row.id for row in (await log.list_executions(limit=100)).executions]


@asynccontextmanager
async def operator(server: NatsServer) -> AsyncGenerator[JetStreamContext]:
    client = Client()
    await client.connect(server.url)
    yield JetStreamContext(client)
    await client.close()


async def payload_parts(server: NatsServer) -> int:
    async with operator(server) as streams:
        return int((await streams.stream_info(PAYLOADS)).state.messages)


async def is_gone(log: ExecutionLog, execution_id: str) -> bool:
    try:
        return not await log.read(execution_id)
    except LogUnavailable:
        return False


async def test_an_ended_execution_leaves_the_log_after_its_time_and_not_before(empty_logs: LogPair) -> None:
    example = Example()
    await end(empty_logs.log, example)
    assert await retention(empty_logs.log, hours_later=9.9).sweep() == 0
    assert len(await empty_logs.other.read(example.id)) == 4
    assert await retention(empty_logs.log, hours_later=10.1).sweep() == 1
    assert await empty_logs.other.read(example.id) == []
    assert await listed(empty_logs.other) == []
    assert await retention(empty_logs.log, hours_later=10.1).sweep() == 0


async def test_an_execution_that_has_not_ended_stays_however_old_it_is(empty_logs: LogPair) -> None:
    waiting, running, ended, later = (Example() for _ in range(4))
    await store(empty_logs.log, waiting.queued())
    await store(empty_logs.log, running.queued(), running.started())
    await end(empty_logs.log, ended)
    await store(empty_logs.log, later.queued())
    assert await retention(empty_logs.log, hours_later=100_000).sweep() == 1
    assert await listed(empty_logs.other) == [later.id, running.id, waiting.id]
    await store(empty_logs.log, running.completed(2))
    assert [entry.seq for entry in await empty_logs.other.read(running.id)] == [0, 1, 2]


async def test_only_the_end_counts_not_when_it_was_submitted(empty_logs: LogPair) -> None:
    long_ago = Example(new_execution_id(1_700_000_000_000))
    await end(empty_logs.log, long_ago)
    assert await retention(empty_logs.log, hours_later=9.9).sweep() == 0
    assert await listed(empty_logs.other) == [long_ago.id]


async def test_what_may_still_be_repeated_under_its_key_stays(empty_logs: LogPair) -> None:
    await end(empty_logs.log, Example())
    assert await retention(empty_logs.log, hours_later=23.9, idempotency_hours=24).sweep() == 0
    assert await retention(empty_logs.log, hours_later=24.1, idempotency_hours=24).sweep() == 1


async def test_several_may_sweep_at_once(empty_logs: LogPair) -> None:
    examples = [Example() for _ in range(12)]
    for example in examples:
        await end(empty_logs.log, example)
    stays = Example()
    await store(empty_logs.log, stays.queued())
    sweepers: list[AnyLog] = [empty_logs.log, empty_logs.other] * 3
    await asyncio.gather(*(retention(log, hours_later=11).sweep() for log in sweepers))
    assert await listed(empty_logs.log) == [stays.id]
    assert [await empty_logs.log.read(example.id) for example in examples] == [[]] * 12


async def test_a_removal_that_was_cut_off_is_finished_by_the_next_sweep(nats_server: NatsServer) -> None:
    async with jetstream_log(nats_server.url) as log:
        for turns in range(0, 40, 3):
            example = Example()
            await end(log, example, "x" * 1_200_000)
            purging = asyncio.create_task(log.purge(example.id))
            for _ in range(turns):
                await asyncio.sleep(0)
            purging.cancel()
            await asyncio.gather(purging, return_exceptions=True)
        await retention(log, hours_later=10.1).sweep()
        await retention(log, hours_later=25.1).sweep()
        assert await log.next_end(0) is None
        assert await listed(log) == []
        assert await payload_parts(nats_server) == 0


async def test_payloads_of_submissions_that_came_to_nothing_are_removed_when_nobody_repeats_them(
    nats_server: NatsServer,
) -> None:
    async with jetstream_log(nats_server.url) as log:
        kept, refused = Example(), Example()
        await store(log, kept.queued("x" * 1_200_000), refused.queued("y" * 1_200_000))
        async with operator(nats_server) as streams:
            await streams.purge_stream(EXECUTIONS, subject=log_of(refused.id))
        assert await payload_parts(nats_server) == 4
        await retention(log, hours_later=24.9, idempotency_hours=24).sweep()
        assert await payload_parts(nats_server) == 4
        await retention(log, hours_later=25.1, idempotency_hours=24).sweep()
        assert await payload_parts(nats_server) == 2
        assert len(await log.read(kept.id)) == 1


async def test_sweeping_goes_on_after_the_broker_was_away(nats_server: NatsServer) -> None:
    async with jetstream_log(nats_server.url) as log:
        example = Example()
        await end(log, example)
        await nats_server.stop()
        sweeping = asyncio.create_task(retention(log, hours_later=11).run_for_ever(0.05))
        with pytest.raises(LogUnavailable):
            await retention(log, hours_later=11).sweep()
        await nats_server.restart()
        async with asyncio.timeout(WAIT_SECONDS):
            while not await is_gone(log, example.id):  # noqa: ASYNC110  nothing tells it
                await asyncio.sleep(0)
        assert not sweeping.done()
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
