"""Subscriptions on a log with a broker's faults: in order, each once, from whenever on, and nothing left behind."""

import asyncio

import pytest

from contracts.errors import ExecutionNotFound, LogUnavailable
from contracts.events import LogEvent
from gateway.subscription import Subscription, View
from stagecast.log import Entry
from tests.example_events import Example
from tests.unit.gateway.faulty_log import WAIT_SECONDS, settle, until
from tests.unit.gateway.hub import Hub, collect


def run_of(example: Example) -> list[LogEvent]:
    return [
        example.queued(),
        example.started(),
        example.stage_started(2),
        example.stage_completed(3),
        example.stage_skipped(4, 1),
        example.completed(5),
    ]


async def next_of(subscription: Subscription) -> Entry:
    async with asyncio.timeout(WAIT_SECONDS):
        return await anext(subscription)


@pytest.mark.parametrize("joins_at", range(1, 7))
async def test_a_subscriber_gets_every_event_once_in_order_whenever_it_joins(joins_at: int) -> None:
    hub, example = Hub(), Example()
    events = run_of(example)
    await hub.append(*events[:joins_at])
    async with hub.subscribed(example) as subscription:
        collecting = asyncio.create_task(collect(subscription))
        await hub.append(*events[joins_at:])
        entries = await collecting
    assert [entry.seq for entry in entries] == list(range(6))
    assert [entry.data for entry in entries] == [entry.data for entry in await hub.log.read(example.id)]


async def test_events_stored_while_the_history_is_read_come_once() -> None:
    hub, example = Hub(), Example()
    events = run_of(example)
    await hub.append(*events[:2])
    hub.log.reading.clear()
    opening = asyncio.create_task(hub.subscriptions.open(example.id))
    await until(lambda: hub.log.reads == 1)
    await hub.append(*events[2:])
    hub.log.reading.set()
    assert [entry.seq for entry in await collect(await opening)] == list(range(6))


@pytest.mark.parametrize("after", [0, 3, 4])
async def test_it_goes_on_after_the_number_that_was_seen_last(after: int) -> None:
    hub, example = Hub(), Example()
    await hub.append(*run_of(example))
    async with hub.subscribed(example, after) as subscription:
        assert [entry.seq for entry in await collect(subscription)] == list(range(after + 1, 6))


@pytest.mark.parametrize("after", [5, 6, 1_000_000])
async def test_the_end_alone_comes_again_and_it_ends_when_the_end_was_seen_already(after: int) -> None:
    hub, example = Hub(), Example()
    await hub.append(*run_of(example))
    subscription = await hub.subscriptions.open(example.id, View(after))
    assert [(entry.type, entry.seq) for entry in await collect(subscription)] == [("execution:completed", 5)]
    await hub.relay.close()
    assert (hub.log.open_watches, hub.relay.watched_count) == (0, 0)


@pytest.mark.parametrize("after", [2, 3, 5, 1_000_000])
async def test_a_number_beyond_the_last_event_of_a_running_execution_stands_for_that_event(after: int) -> None:
    hub, example = Hub(), Example()
    events = run_of(example)
    await hub.append(*events[:3])
    async with hub.subscribed(example, after) as subscription:
        await hub.append(*events[3:])
        assert [entry.seq for entry in await collect(subscription)] == [3, 4, 5]


async def test_it_leaves_the_feed_by_itself_after_the_terminal_event() -> None:
    hub, example = Hub(), Example()
    await hub.append(*run_of(example))
    await collect(await hub.subscriptions.open(example.id))
    await hub.relay.close()
    assert (hub.log.open_watches, hub.relay.watched_count) == (0, 0)


@pytest.mark.parametrize("lost", [{2}, {2, 3}, {3, 4}, {0, 1, 2, 3, 4}])
async def test_events_that_the_live_feed_lost_are_read_from_the_log(lost: set[int]) -> None:
    hub, example = Hub(), Example()
    events = run_of(example)
    await hub.append(events[0])
    hub.log.lost = lost
    async with hub.subscribed(example) as subscription:
        await hub.append(*events[1:])
        assert [entry.seq for entry in await collect(subscription)] == list(range(6))


async def test_the_last_event_is_found_after_a_silence_when_the_live_feed_lost_it() -> None:
    hub, example = Hub(silence_seconds=0.02), Example()
    events = run_of(example)
    await hub.append(events[0])
    hub.log.lost = {5}
    async with hub.subscribed(example) as subscription:
        await hub.append(*events[1:])
        assert [entry.seq for entry in await collect(subscription)] == list(range(6))


async def test_the_log_is_read_at_once_after_the_broker_connection_was_interrupted() -> None:
    hub, example = Hub(), Example()
    await hub.append(example.queued())
    hub.log.lost = {1}
    async with hub.subscribed(example) as subscription:
        assert (await next_of(subscription)).seq == 0
        await hub.append(example.started())
        hub.relay.mark_all_lost()
        assert (await next_of(subscription)).seq == 1


async def test_a_broker_that_is_away_is_ridden_out() -> None:
    hub, example = Hub(), Example()
    events = run_of(example)
    await hub.append(events[0])
    hub.log.lost = {1}
    async with hub.subscribed(example) as subscription:
        hub.log.refused_reads = 3
        await hub.append(*events[1:])
        assert [entry.seq for entry in await collect(subscription)] == list(range(6))
        assert hub.log.refused_reads == 0


async def test_a_broker_that_is_away_when_a_loss_is_suspected_is_asked_again() -> None:
    hub, example = Hub(), Example()
    await hub.append(example.queued())
    hub.log.lost = {1}
    async with hub.subscribed(example) as subscription:
        await next_of(subscription)
        await hub.append(example.started())
        hub.log.refused_reads = 2
        hub.relay.mark_all_lost()
        assert (await next_of(subscription)).seq == 1


async def test_an_unknown_execution_is_refused_and_leaves_nothing() -> None:
    hub = Hub()
    with pytest.raises(ExecutionNotFound):
        await hub.subscriptions.open(Example().id)
    await hub.relay.close()
    assert (hub.log.open_watches, hub.relay.watched_count) == (0, 0)


async def test_a_broker_that_is_away_at_the_beginning_is_told_and_leaves_nothing() -> None:
    hub = Hub()
    hub.log.refused_reads = 1
    with pytest.raises(LogUnavailable):
        await hub.subscriptions.open(Example().id)
    await hub.relay.close()
    assert hub.log.open_watches == 0


async def test_live_text_comes_in_its_place_and_only_live() -> None:
    hub, example = Hub(), Example()
    await hub.append(example.queued(), example.started(), example.stage_started(2))
    hub.log.reading.clear()
    opening = asyncio.create_task(hub.subscriptions.open(example.id))
    await until(lambda: hub.log.reads == 1)
    await hub.log.publish_text(example.stage_output("while the history is read"))
    await settle()
    hub.log.reading.set()
    subscription = await opening
    await hub.log.publish_text(example.stage_output("live"))
    await hub.append(example.stage_completed(3), example.completed(4))
    entries = await collect(subscription)
    assert [entry.seq for entry in entries] == [0, 1, 2, None, 3, 4]
    assert b'"live"' in entries[3].data


async def test_text_does_not_come_while_an_event_before_it_is_missing() -> None:
    hub, example = Hub(), Example()
    await hub.append(example.queued(), example.started())
    hub.log.lost = {2}
    async with hub.subscribed(example) as subscription:
        await hub.append(example.stage_started(2))
        await hub.log.publish_text(example.stage_output("of a stage whose start was not heard"))
        await hub.append(example.stage_completed(3), example.completed(4))
        assert [entry.seq for entry in await collect(subscription)] == [0, 1, 2, 3, 4]


async def test_text_heard_while_a_gap_is_being_filled_does_not_come_after_it() -> None:
    hub, example = Hub(), Example()
    await hub.append(example.queued(), example.started(), example.stage_started(2))
    async with hub.subscribed(example) as subscription:
        for _ in range(3):
            await next_of(subscription)
        reads_before = hub.log.reads
        hub.log.reading.clear()
        hub.log.lost = {3}
        hearing = asyncio.create_task(next_of(subscription))
        await hub.append(example.stage_completed(3), example.stage_started(4, 1))
        await until(lambda: hub.log.reads > reads_before)
        await hub.log.publish_text(example.stage_output("written before the stage was completed"))
        await settle()
        hub.log.reading.set()
        assert [(await hearing).seq, (await next_of(subscription)).seq] == [3, 4]
        await hub.append(example.completed(5))
        assert [entry.seq for entry in await collect(subscription)] == [5]


async def test_many_who_miss_the_same_event_cost_the_broker_one_read() -> None:
    hub, example = Hub(), Example()
    events = run_of(example)
    await hub.append(events[0])
    subscriptions = [await hub.subscriptions.open(example.id) for _ in range(30)]
    reads_before = hub.log.reads
    hub.log.lost = {1}
    collecting = asyncio.gather(*map(collect, subscriptions))
    await hub.append(*events[1:])
    assert all(len(entries) == 6 for entries in await collecting)
    assert hub.log.reads == reads_before + 1
