"""The relay: one watch an execution, mailboxes that never hold anybody up, and nothing left behind."""

import asyncio

import pytest

from contracts.errors import LogUnavailable
from gateway.relay import Listener, Relay
from stagecast.log import Entry
from tests.example_events import Example
from tests.unit.gateway.faulty_log import WAIT_SECONDS, FaultyLog, settle


def stored(seq: int) -> Entry:
    return Entry("exec", "stage:started", seq, b"stored %d" % seq)


def text(number: int = 0) -> Entry:
    return Entry("exec", "stage:output", None, b"text %d" % number)


def mailbox(capacity: int) -> Listener:
    listener = Listener(lambda _: None, capacity)
    listener.finish_reading()
    return listener


async def next_of(listener: Listener) -> Entry | None:
    async with asyncio.timeout(WAIT_SECONDS):
        return await listener.next()


async def test_however_many_listen_there_is_one_watch_and_all_get_the_same_bytes() -> None:
    log, example = FaultyLog(), Example()
    relay = Relay(log)
    listeners = await asyncio.gather(*(relay.join(example.id) for _ in range(50)))
    assert (log.open_watches, relay.watched_count, relay.listener_count) == (1, 1, 50)
    await log.append(example.queued())
    entries = [await next_of(listener) for listener in listeners]
    first = entries[0]
    assert first is not None
    assert all(entry is not None and entry.data is first.data for entry in entries)


async def test_the_watch_ends_with_the_last_listener_and_not_before() -> None:
    log, example = FaultyLog(), Example()
    relay = Relay(log)
    one, two = await relay.join(example.id), await relay.join(example.id)
    one.close()
    one.close()
    await relay.close()
    assert log.open_watches == 1
    two.close()
    assert relay.watched_count == 1  # not forgotten while it is being closed
    await relay.close()
    assert (log.open_watches, relay.watched_count, relay.listener_count) == (0, 0, 0)


async def test_a_newcomer_is_not_let_into_a_feed_that_is_going_away() -> None:
    log, example = FaultyLog(), Example()
    relay = Relay(log)
    (await relay.join(example.id)).close()
    newcomer = await relay.join(example.id)
    await relay.close()
    assert log.open_watches == 1
    await log.append(example.queued())
    entry = await next_of(newcomer)
    assert entry is not None
    assert entry.seq == 0


async def test_whoever_cannot_join_leaves_nothing() -> None:
    log, example = FaultyLog(), Example()
    log.refused_watches = 1
    relay = Relay(log)
    with pytest.raises(LogUnavailable):
        await relay.join(example.id)
    await relay.close()
    assert (log.open_watches, relay.watched_count) == (0, 0)


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
    log, example = FaultyLog(), Example()
    log.watching.clear()
    relay = Relay(log)
    leaving, staying = asyncio.create_task(relay.join(example.id)), asyncio.create_task(relay.join(example.id))
    await settle()
    leaving.cancel()
    log.watching.set()
    listener = await staying
    await log.append(example.queued())
    assert await next_of(listener) is not None


async def test_live_text_is_dropped_before_any_stored_event() -> None:
    listener = mailbox(3)
    for entry in (stored(0), text(1), text(2), text(3), stored(1), stored(2)):
        listener.offer(entry)
    assert [await next_of(listener) for _ in range(3)] == [stored(0), stored(1), stored(2)]


async def test_a_full_mailbox_tells_that_stored_events_were_lost_after_giving_what_it_has() -> None:
    listener = mailbox(2)
    for seq in range(5):
        listener.offer(stored(seq))
    assert [await next_of(listener) for _ in range(3)] == [stored(0), stored(1), None]


async def test_text_from_before_the_log_was_read_is_thrown_away() -> None:
    listener = mailbox(8)
    listener.offer(text(1))
    listener.offer(stored(0))
    listener.begin_reading()
    listener.offer(text(2))
    listener.finish_reading()
    listener.offer(text(3))
    assert [await next_of(listener) for _ in range(2)] == [stored(0), text(3)]


async def test_a_lost_connection_is_told_to_every_listener() -> None:
    log = FaultyLog()
    relay = Relay(log)
    listeners = [await relay.join(Example().id) for _ in range(2)]
    relay.mark_all_lost()
    assert [await next_of(listener) for listener in listeners] == [None, None]


async def test_those_who_miss_the_same_share_one_read() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    relay = Relay(log)
    found = await asyncio.gather(*(relay.read_again(example.id, after=-1) for _ in range(20)))
    assert log.reads == 1
    assert all([entry.seq for entry in entries] == [0] for entries in found)
    await relay.read_again(example.id, after=-1)
    assert log.reads == 2


async def test_a_shared_read_goes_on_when_the_one_who_began_it_gives_up() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    log.reading.clear()
    relay = Relay(log)
    leaving, staying = (asyncio.create_task(relay.read_again(example.id, after=-1)) for _ in range(2))
    await settle()
    leaving.cancel()
    log.reading.set()
    assert [entry.seq for entry in await staying] == [0]
