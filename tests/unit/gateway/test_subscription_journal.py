"""Subscriptions and the journal: it is counted for everybody, and given to whoever asks for all events."""

import asyncio

import pytest

from contracts.events import LogEvent
from gateway.subscription import FROM_START, View
from tests.example_events import Example
from tests.unit.gateway.faulty_log import settle
from tests.unit.gateway.hub import Hub, collect


def journalled_run_of(example: Example) -> list[LogEvent]:
    return [
        example.queued(),
        example.started(),
        example.stage_started(2),
        example.call_completed(3),
        example.stage_completed(4),
        example.ending(5),
        example.completed(6),
    ]


@pytest.mark.parametrize("joins_at", range(1, 8))
@pytest.mark.parametrize("after", [FROM_START, 2, 3, 4, 5])
async def test_the_journal_is_counted_and_not_given_whenever_one_joins(joins_at: int, after: int) -> None:
    hub, example = Hub(), Example()
    events = journalled_run_of(example)
    await hub.append(*events[:joins_at])
    async with hub.subscribed(example, after) as subscription:
        collecting = asyncio.create_task(collect(subscription))
        await settle()
        await hub.append(*events[joins_at:])
        entries = await collecting
    first = min(after, joins_at - 1) + 1
    assert [entry.seq for entry in entries] == [seq for seq in range(first, 7) if seq not in (3, 5)]
    reads = 1 if after < joins_at else 3  # who asks for what is not there yet: it is looked for, then a snapshot
    assert hub.log.reads == reads  # what is not given leaves no hole that would have to be looked for


async def test_who_resumes_after_the_end_hears_it_again_without_the_journal() -> None:
    hub, example = Hub(), Example()
    await hub.append(*journalled_run_of(example))
    subscription = await hub.subscriptions.open(example.id, View(6))
    assert [entry.seq for entry in await collect(subscription)] == [6]
    await hub.relay.close()


async def test_who_asks_for_all_gets_the_journal_in_its_place() -> None:
    hub, example = Hub(), Example()
    events = journalled_run_of(example)
    await hub.append(*events[:2])
    subscription = await hub.subscriptions.open(example.id, View(with_journal=True))
    await hub.append(*events[2:])
    assert [entry.seq for entry in await collect(subscription)] == list(range(7))
    await hub.relay.close()
