"""The promises of `stagecast.log`, for every implementation of it: what is kept, counted and forgotten."""

import asyncio
from uuid import uuid4

from contracts.events import encode
from stagecast.log import ExecutionLog
from tests.example_events import Example
from tests.integration.logs import WAIT_SECONDS, LogPair


async def ids(log: ExecutionLog) -> list[str]:
    return [row.id for row in (await log.list_executions(limit=100)).executions]


async def test_an_append_tells_the_events_size(logs: LogPair) -> None:
    event = Example().queued()
    assert await logs.log.append(event) == len(encode(event))
    assert await logs.log.append(event) == len(encode(event))


async def test_an_event_too_large_for_a_message_counts_with_all_its_bytes(logs: LogPair) -> None:
    event = Example().queued("x" * 2_000_000)
    assert await logs.log.append(event) == len(encode(event)) > 2_000_000


async def test_the_first_value_of_a_key_is_kept_and_everybody_gets_it(logs: LogPair) -> None:
    key = f"key {uuid4()} with * and > and."
    assert await logs.log.recall(key) is None
    assert await logs.log.remember_first(key, b"one") == b"one"
    assert await logs.other.recall(key) == b"one"
    assert await logs.other.remember_first(key, b"two") == b"one"
    assert await logs.log.remember_first(key, b"one") == b"one"
    assert await logs.other.remember_first(f"{key}!", b"two") == b"two"


async def test_of_many_that_give_a_key_its_value_at_once_all_get_the_same(logs: LogPair) -> None:
    for _ in range(5):
        key = str(uuid4())
        kept = await asyncio.gather(
            *((logs.log, logs.other)[n % 2].remember_first(key, str(n).encode()) for n in range(16))
        )
        assert len(set(kept)) == 1


async def test_the_queue_is_as_deep_as_there_are_submissions_that_nobody_was_given(logs: LogPair) -> None:
    before = await logs.log.queue_depth()
    for _ in range(3):
        await logs.log.append(Example().queued())
    assert await logs.other.queue_depth() == before + 3
    delivery = await logs.log.next_delivery(timeout_seconds=WAIT_SECONDS)
    assert delivery is not None
    assert await logs.other.queue_depth() == before + 2


async def test_a_purged_execution_is_gone_and_others_stay(logs: LogPair) -> None:
    gone, stays = Example(), Example()
    for example in (gone, stays):
        await logs.log.append(example.queued("y" * 1_500_000))
        await logs.log.append(example.started())
    await logs.log.purge(gone.id)
    assert await logs.other.read(gone.id) == []
    assert gone.id not in await ids(logs.other)
    assert len(await logs.other.read(stays.id)) == 2
    assert stays.id in await ids(logs.other)
    await logs.other.purge(gone.id)
