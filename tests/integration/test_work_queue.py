"""The queue's promises in `stagecast.log`, for every implementation: delivered until acked, held while renewed."""

import asyncio
from contextlib import suppress

import pytest

from stagecast.log import Delivery, ExecutionLog
from tests.example_events import Example
from tests.integration.logs import ACK_WAIT_SECONDS, WAIT_SECONDS, LogPair


async def take(log: ExecutionLog) -> Delivery:
    delivery = await log.next_delivery(timeout_seconds=WAIT_SECONDS)
    assert delivery is not None
    return delivery


async def submit(log: ExecutionLog, count: int = 1) -> list[str]:
    examples = [Example() for _ in range(count)]
    for example in examples:
        await log.append(example.queued())
    return [example.id for example in examples]


async def test_a_submission_is_delivered_and_other_events_are_not(empty_logs: LogPair) -> None:
    example = Example()
    await empty_logs.log.append(example.queued())
    await empty_logs.log.append(example.started())
    delivery = await take(empty_logs.other)
    assert delivery.execution_id == example.id
    assert await empty_logs.log.next_delivery(timeout_seconds=0.2) is None


async def test_the_first_delivery_brings_event_0_and_a_later_one_does_not(empty_logs: LogPair) -> None:
    example = Example()
    await empty_logs.log.append(example.queued())
    first = await take(empty_logs.other)
    assert first.queued is not None
    assert [first.queued] == await empty_logs.log.read(example.id)
    await first.release()
    assert (await take(empty_logs.log)).queued is None


async def test_a_delivery_never_brings_a_part_of_event_0(empty_logs: LogPair) -> None:
    example = Example()
    await empty_logs.log.append(example.queued("x" * 2_000_000))
    [whole] = await empty_logs.log.read(example.id)
    assert (await take(empty_logs.other)).queued in (None, whole)


async def test_a_waiting_runner_gets_a_submission_that_comes_later(empty_logs: LogPair) -> None:
    waiting = asyncio.create_task(take(empty_logs.other))
    assert await empty_logs.log.next_delivery(timeout_seconds=0.1) is None
    [execution_id] = await submit(empty_logs.log)
    assert (await waiting).execution_id == execution_id


async def test_a_delivery_that_is_not_renewed_is_delivered_again(empty_logs: LogPair) -> None:
    [execution_id] = await submit(empty_logs.log)
    await take(empty_logs.log)
    again = await take(empty_logs.other)
    assert again.execution_id == execution_id


async def test_a_renewed_delivery_stays_held(empty_logs: LogPair) -> None:
    await submit(empty_logs.log)
    delivery = await take(empty_logs.log)
    for _ in range(3):
        assert await empty_logs.other.next_delivery(timeout_seconds=ACK_WAIT_SECONDS * 0.6) is None
        await delivery.renew()
    assert (await take(empty_logs.other)).execution_id == delivery.execution_id


async def test_an_acked_submission_never_comes_back(empty_logs: LogPair) -> None:
    await submit(empty_logs.log)
    delivery = await take(empty_logs.log)
    await delivery.ack()
    assert await empty_logs.other.next_delivery(timeout_seconds=ACK_WAIT_SECONDS * 1.5) is None


async def test_a_released_delivery_comes_back_at_once(empty_logs: LogPair) -> None:
    await submit(empty_logs.log)
    delivery = await take(empty_logs.log)
    await delivery.release()
    again = await empty_logs.other.next_delivery(timeout_seconds=ACK_WAIT_SECONDS * 0.5)
    assert again is not None
    assert again.execution_id == delivery.execution_id


async def test_a_delivery_released_with_a_delay_comes_back_after_it(empty_logs: LogPair) -> None:
    await submit(empty_logs.log)
    delivery = await take(empty_logs.log)
    await delivery.release(0.5)
    assert await empty_logs.other.next_delivery(timeout_seconds=0.25) is None
    assert (await take(empty_logs.other)).execution_id == delivery.execution_id


async def test_two_runners_share_the_work(empty_logs: LogPair) -> None:
    submitted = await submit(empty_logs.log, 20)
    taken: list[list[str]] = [[], []]

    async def work(mine: list[str], log: ExecutionLog) -> None:
        for _ in range(10):
            delivery = await take(log)
            mine.append(delivery.execution_id)
            await delivery.ack()

    await asyncio.gather(work(taken[0], empty_logs.log), work(taken[1], empty_logs.other))
    assert sorted(taken[0] + taken[1]) == sorted(submitted)
    assert await empty_logs.log.next_delivery(timeout_seconds=ACK_WAIT_SECONDS * 1.2) is None


async def test_many_tasks_of_one_runner_wait_side_by_side(empty_logs: LogPair) -> None:
    waiting = [asyncio.create_task(take(empty_logs.log)) for _ in range(10)]
    assert await empty_logs.other.next_delivery(timeout_seconds=0.1) is None
    submitted = await submit(empty_logs.other, 10)
    taken = [(await each).execution_id for each in waiting]
    assert sorted(taken) == sorted(submitted)


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancelled_wait_strands_no_submission(empty_logs: LogPair, turns: int) -> None:
    for _ in range(10):
        waiting = asyncio.create_task(empty_logs.log.next_delivery(timeout_seconds=WAIT_SECONDS))
        await asyncio.sleep(0)
        [execution_id] = await submit(empty_logs.other)
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        held: Delivery | None = None
        with suppress(asyncio.CancelledError):
            held = await waiting
        if held is None:
            # Well before `ack_wait` would bring it back.
            held = await empty_logs.other.next_delivery(timeout_seconds=ACK_WAIT_SECONDS * 0.5)
        assert held is not None
        assert held.execution_id == execution_id
        await held.ack()


async def test_a_submission_that_was_purged_is_neither_counted_nor_delivered(empty_logs: LogPair) -> None:
    gone, stays = await submit(empty_logs.log, 2)
    await empty_logs.log.purge(gone)
    assert await empty_logs.other.queue_depth() == 1
    assert (await take(empty_logs.other)).execution_id == stays
    assert await empty_logs.other.next_delivery(timeout_seconds=ACK_WAIT_SECONDS * 0.5) is None


async def test_a_delivery_whose_submission_was_purged_meanwhile_can_be_acked(empty_logs: LogPair) -> None:
    [execution_id] = await submit(empty_logs.log)
    delivery = await take(empty_logs.log)
    await empty_logs.other.purge(execution_id)
    await delivery.renew()
    await delivery.ack()
    assert await empty_logs.other.next_delivery(timeout_seconds=ACK_WAIT_SECONDS * 1.5) is None
