"""The relay: one watch an execution, and nothing left behind by whoever comes, goes or gives up."""

import asyncio

import pytest

from contracts.errors import ExecutionNotFound, LogUnavailable
from gateway.relay import Relay
from tests.example_events import Example
from tests.unit.gateway.faulty_log import FaultyLog, settle


async def queued(log: FaultyLog) -> Example:
    example = Example()
    await log.append(example.queued())
    return example


async def test_however_many_join_there_is_one_watch_and_one_read() -> None:
    log = FaultyLog()
    example, relay = await queued(log), Relay(log)
    feeds = await asyncio.gather(*(relay.join(example.id) for _ in range(50)))
    assert (log.open_watches, log.reads, relay.watched_count, len(set(feeds))) == (1, 1, 1, 1)


async def test_the_watch_ends_with_the_last_one_and_not_before() -> None:
    log = FaultyLog()
    example, relay = await queued(log), Relay(log)
    one, two = await relay.join(example.id), await relay.join(example.id)
    relay.leave(one)
    await relay.close()
    assert log.open_watches == 1
    relay.leave(two)
    assert relay.watched_count == 1  # not forgotten while it is being closed
    await relay.close()
    assert (log.open_watches, relay.watched_count) == (0, 0)


async def test_a_newcomer_is_not_let_into_a_feed_that_is_going_away() -> None:
    log = FaultyLog()
    example, relay = await queued(log), Relay(log)
    relay.leave(await relay.join(example.id))
    newcomer = await relay.join(example.id)
    await relay.close()
    assert log.open_watches == 1
    await log.append(example.started())
    await settle()
    assert newcomer.last == 1


@pytest.mark.parametrize("refused", ["watch", "read", "unknown"])
async def test_whoever_cannot_join_leaves_nothing(refused: str) -> None:
    log = FaultyLog()
    example, relay = (Example() if refused == "unknown" else await queued(log)), Relay(log)
    log.refused_watches, log.refused_reads = int(refused == "watch"), int(refused == "read")
    joining = [asyncio.create_task(relay.join(example.id)) for _ in range(3)]
    for outcome in await asyncio.gather(*joining, return_exceptions=True):
        assert isinstance(outcome, ExecutionNotFound if refused == "unknown" else LogUnavailable)
    await relay.close()
    assert (log.open_watches, relay.watched_count) == (0, 0)
    if refused != "unknown":
        assert (await relay.join(example.id)).last == 0  # a failure is not kept


async def test_whoever_gives_up_while_joining_leaves_nothing() -> None:
    log, example = FaultyLog(), Example()
    log.watching.clear()
    relay = Relay(log)
    joining = asyncio.create_task(relay.join(example.id))
    await settle()
    joining.cancel()
    await asyncio.gather(joining, return_exceptions=True)
    log.watching.set()
    await relay.close()
    assert (log.open_watches, relay.watched_count) == (0, 0)


async def test_one_who_gives_up_does_not_take_the_others_feed_away() -> None:
    log = FaultyLog()
    example, relay = await queued(log), Relay(log)
    log.watching.clear()
    leaving, staying = asyncio.create_task(relay.join(example.id)), asyncio.create_task(relay.join(example.id))
    await settle()
    leaving.cancel()
    log.watching.set()
    feed = await staying
    await log.append(example.started())
    await settle()
    assert feed.last == 1


async def test_after_an_interruption_every_feed_reads_its_log_again() -> None:
    log = FaultyLog()
    relay = Relay(log)
    examples = [await queued(log) for _ in range(2)]
    feeds = [await relay.join(example.id) for example in examples]
    log.lost = {1}
    for example in examples:
        await log.append(example.started())
    relay.mark_all_lost()
    await settle()
    assert [feed.last for feed in feeds] == [1, 1]
