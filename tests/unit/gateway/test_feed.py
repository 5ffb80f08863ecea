"""Feeds, whatever a broker does to what is heard: each event once, in order, whenever somebody begins to listen."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import CorruptLog, ExecutionNotFound, StagecastError
from contracts.events import JOURNAL_TYPES, LogEvent, encode
from contracts.messages import Gap, Subscribed
from gateway.feed import PAGE, Feed, FeedOptions
from gateway.relay import Relay
from gateway.subscription import FROM_START, MAILBOX, View
from gateway.subscriptions import Subscriptions
from stagecast.log import Entry
from tests.example_events import Example
from tests.unit.gateway.faulty_log import WAIT_SECONDS, FaultyLog, settle, until
from tests.unit.gateway.hub import collect

OPTIONS = FeedOptions(silence_seconds=60.0, retry_seconds=0.001)


@dataclass(eq=False)
class Ear:
    """Writes down what it hears."""

    heard: list[int | None] = field(default_factory=list[int | None])
    failure: StagecastError | None = None

    def hear(self, entry: Entry) -> None:
        self.heard.append(entry.seq)

    def fail(self, error: StagecastError) -> None:
        self.failure = error


def log_of(example: Example, retries: int) -> list[LogEvent]:
    """Write a whole log: claimed, a stage that calls a model and retries some times, the end."""
    events: list[LogEvent] = [example.queued(), example.started(), example.stage_started(2)]
    for number in range(retries):
        events.append(example.stage_retrying(len(events)))
        if number % 3:
            events += [example.call_completed(len(events)), example.step_completed(len(events) + 1)]
    events.append(example.stage_completed(len(events)))
    return [*events, example.ending(len(events)), example.completed(len(events) + 1)]


async def opened(log: FaultyLog, example: Example) -> Feed:
    feed = Feed(log, example.id, OPTIONS)
    await feed.opening
    return feed


@st.composite
def bad_lines(draw: st.DrawFn) -> tuple[int, int, Sequence[int]]:
    """Draw a log, how much of it is stored at first, and what is heard of it in which order, again or never."""
    retries = draw(st.integers(0, 5))
    size = len(log_of(Example(), retries))
    return retries, draw(st.integers(1, size)), draw(st.lists(st.integers(0, size - 1), max_size=3 * size))


@given(bad_lines(), st.integers(FROM_START, 22), st.booleans())
def test_whatever_is_heard_twice_too_early_or_never_each_event_comes_once_and_in_order(
    line: tuple[int, int, Sequence[int]], after: int, with_journal: bool
) -> None:
    retries, stored_at_first, heard = line

    async def run() -> None:
        log, example = FaultyLog(), Example()
        events = log_of(example, retries)
        log.lost = set(range(len(events)))  # nothing is heard but what is drawn
        for event in events[:stored_at_first]:
            await log.append(event)
        relay = Relay(log, OPTIONS)
        subscriptions = Subscriptions(log, relay)
        subscription = await subscriptions.open(example.id, View(after, with_journal))
        feed = await relay.join(example.id)
        collecting = asyncio.create_task(collect(subscription))
        for event in events[stored_at_first:]:
            await log.append(event)
        for number in heard:
            entry = Entry(example.id, events[number].type, number, encode(events[number]))
            await feed._deliver(entry)  # pyright: ignore[reportPrivateUsage] - the broker's side of it
            await asyncio.sleep(0)
        feed.doubt()
        first = min(after, stored_at_first - 1) + 1
        wanted = [event.seq for event in events[first:] if with_journal or event.type not in JOURNAL_TYPES]
        assert [entry.seq for entry in await collecting] == (wanted or [events[-1].seq])
        relay.leave(feed)
        await relay.close()

    asyncio.run(run())


async def test_a_feed_hears_while_it_reads_and_tells_it_once() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    log.reading.clear()
    feed = Feed(log, example.id, OPTIONS)
    await until(lambda: log.reads == 1)
    await log.append(example.started())
    log.reading.set()
    await feed.opening
    ear = Ear()
    feed.listeners[ear] = None
    await log.append(example.stage_started(2))
    await until(lambda: feed.last == 2)
    assert ear.heard in ([2], [1, 2])  # number 1 was read, or heard and then told
    await feed.close()


async def test_what_another_gateway_has_told_already_is_known_here_too() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    relay = Relay(log, OPTIONS)
    subscriptions = Subscriptions(log, relay)
    first = await subscriptions.open(example.id)
    log.lost = {1, 2}  # not heard here yet
    await log.append(example.started())
    await log.append(example.stage_started(2))
    second = await subscriptions.open(example.id, View(2))
    assert (second.welcome.recovered, second.welcome.from_, second.welcome.to) == (True, 3, 2)
    first.close()
    second.close()
    await relay.close()


async def test_one_read_serves_everybody_when_an_event_was_lost() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    feed = await opened(log, example)
    ears = [Ear() for _ in range(50)]
    feed.listeners.update(dict.fromkeys(ears))
    reads_before = log.reads
    log.lost = {1}
    await log.append(example.started())
    await log.append(example.stage_started(2))
    await until(lambda: feed.last == 2)
    assert log.reads == reads_before + 1
    assert all(ear.heard == [1, 2] for ear in ears)
    await feed.close()


async def test_a_log_with_a_hole_is_told_to_everybody_and_nobody_joins_it_any_more() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    relay = Relay(log, OPTIONS)
    feed = await relay.join(example.id)
    ear = Ear()
    feed.listeners[ear] = None
    log.refusal, log.refused_reads, log.lost = CorruptLog("The test has broken it."), 1, {1}
    await log.append(example.started())
    await log.append(example.stage_started(2))
    await until(lambda: ear.failure is not None)
    assert await relay.join(example.id) is not feed


async def test_a_long_history_is_given_in_pages_and_what_comes_meanwhile_behind_it() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    await log.append(example.started())
    count = 4 * PAGE
    big = "x" * 4000  # more than a feed keeps
    for number in range(count):
        await log.append(example.call_completed(2 + 2 * number))
        await log.append(example.stage_completed(3 + 2 * number, output=big))
    relay = Relay(log, OPTIONS)
    subscription = await Subscriptions(log, relay).open(example.id)
    await log.append(example.completed(2 + 2 * count))
    seen = [entry.seq for entry in await collect(subscription)]
    assert seen == [0, 1, *range(3, 2 + 2 * count, 2), 2 + 2 * count]
    await relay.close()


async def test_who_does_not_read_holds_a_bounded_number_and_gets_everything_later() -> None:
    log, example = FaultyLog(), Example()
    for event in (example.queued(), example.started(), example.stage_started(2)):
        await log.append(event)
    relay = Relay(log, OPTIONS)
    subscription = await Subscriptions(log, relay).open(example.id)
    last = 3 * MAILBOX
    for seq in range(3, last):
        await log.append(example.stage_retrying(seq))
        await log.publish_text(example.stage_output(f"{seq}"))
        await settle()
    assert len(subscription._waiting) <= MAILBOX + 1  # pyright: ignore[reportPrivateUsage] - the marker is one more
    await log.append(example.completed(last))
    entries = await collect(subscription)
    assert [entry.seq for entry in entries if entry.seq is not None] == list(range(last + 1))
    texts = sum(entry.seq is None for entry in entries)
    assert texts + subscription.dropped == last - 3
    assert subscription.dropped > 0
    await relay.close()


async def test_a_broker_that_is_away_while_old_pages_are_read_is_ridden_out() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    await log.append(example.started())
    for seq in range(2, 402):
        await log.append(example.stage_completed(seq, output="x" * 8000))
    relay = Relay(log, OPTIONS)
    subscription = await Subscriptions(log, relay).open(example.id)
    log.refused_reads = 3
    async with asyncio.timeout(WAIT_SECONDS):
        assert [(await anext(subscription)).seq for _ in range(402)] == list(range(402))
    assert log.refused_reads == 0
    subscription.close()
    await relay.close()


async def test_who_reads_what_retention_removes_meanwhile_is_told_and_does_not_spin() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    await log.append(example.started())
    for seq in range(2, 402):
        await log.append(example.stage_retrying(seq).model_copy(update={"error": "x" * 8000}))
    await log.append(example.completed(402))
    relay = Relay(log, OPTIONS)
    subscriptions = Subscriptions(log, relay)
    slow, late = await subscriptions.open(example.id), await subscriptions.open(example.id)
    await log.purge(example.id)
    reads_before = log.reads
    for subscription in (slow, late):
        async with asyncio.timeout(WAIT_SECONDS):
            with pytest.raises(CorruptLog):
                await collect(subscription)
        subscription.close()
    assert log.reads <= reads_before + 2
    with pytest.raises(ExecutionNotFound):  # from here on it is the archive's
        await subscriptions.open(example.id)
    await relay.close()


async def test_a_feed_that_is_given_up_while_it_opens_reads_nothing_later() -> None:
    log, example = FaultyLog(), Example()
    await log.append(example.queued())
    log.watching.clear()
    relay = Relay(log, FeedOptions(silence_seconds=0.001, retry_seconds=0.001))
    joining = asyncio.create_task(relay.join(example.id))
    await settle()
    joining.cancel()
    await asyncio.gather(joining, return_exceptions=True)
    log.watching.set()
    await relay.close()
    reads_before = log.reads
    witness = await relay.join(example.id)  # its own alarm goes off many times
    await until(lambda: log.reads >= reads_before + 10)
    relay.leave(witness)
    await relay.close()
    reads_at_the_end = log.reads
    await settle()
    assert log.reads == reads_at_the_end
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_a_damaged_execution_does_not_end_the_feed_of_all_life_cycles() -> None:
    log, damaged, sound = FaultyLog(), Example(), Example()
    await log.append(damaged.queued())
    lifecycle = Subscriptions(log, Relay(log, OPTIONS)).lifecycle
    subscription = await lifecycle.join(Subscribed(execution_id="*", success=True), lambda _: True)
    log.refusal, log.refused_reads = CorruptLog("The test has damaged it."), 1
    await log.append(damaged.started())
    await settle()
    await log.append(sound.queued())
    await settle()
    assert isinstance(await subscription.next_ready(), Gap)
    heard = await subscription.next_ready()
    assert isinstance(heard, Entry)
    assert heard.execution_id == sound.id
    subscription.close()
    await lifecycle.close()
