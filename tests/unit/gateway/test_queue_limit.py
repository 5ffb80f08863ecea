"""When the queue counts as full, and how seldom the broker is asked."""

import asyncio

import pytest

from contracts.errors import LogUnavailable, QueueFull
from gateway.queue_limit import QueueLimit
from stagecast.memory_log import MemoryLog
from tests.example_events import Example


class CountedLog(MemoryLog):
    """Counts the readings of its queue, and refuses them when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.readings = 0
        self.is_away = False

    async def queue_depth(self) -> int:
        self.readings += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise LogUnavailable("The test refuses readings.")
        return await super().queue_depth()


class Gate:
    """A limit with a clock that the test moves."""

    def __init__(self, max_queued: int) -> None:
        self.log = CountedLog()
        self.now = 100.0
        self.limit = QueueLimit(self.log, max_queued, clock=lambda: self.now)

    async def submit(self, log: MemoryLog | None = None) -> bool:
        """Submit as a gateway does; tell whether it was let in."""
        try:
            async with self.limit.place():
                await (log or self.log).append(Example().queued())
        except QueueFull:
            return False
        return True


async def test_so_many_may_wait_and_no_more() -> None:
    gate = Gate(3)
    assert [await gate.submit() for _ in range(5)] == [True, True, True, False, False]
    assert await gate.log.queue_depth() == 3


async def test_what_a_runner_took_makes_room_at_once() -> None:
    gate = Gate(2)
    assert [await gate.submit() for _ in range(3)] == [True, True, False]
    await gate.log.next_delivery(timeout_seconds=1)
    assert [await gate.submit() for _ in range(2)] == [True, False]


async def test_the_broker_is_asked_once_a_second_while_there_is_room() -> None:
    gate = Gate(1000)
    for _ in range(100):
        await gate.submit()
    assert gate.log.readings == 1
    gate.now += 1.0
    for _ in range(100):
        await gate.submit()
    assert gate.log.readings == 2


async def test_submissions_at_the_same_time_share_one_reading_and_do_not_overtake_the_limit() -> None:
    gate = Gate(7)
    let_in = await asyncio.gather(*(gate.submit() for _ in range(50)))
    assert sum(let_in) == 7
    assert gate.log.readings == 1


async def test_what_is_being_stored_while_the_queue_is_read_anew_still_counts() -> None:
    gate = Gate(2)
    is_let_in, may_end = asyncio.Event(), asyncio.Event()

    async def store_slowly() -> None:
        async with gate.limit.place():
            is_let_in.set()
            await may_end.wait()

    storing = asyncio.create_task(store_slowly())
    await is_let_in.wait()
    gate.now += 5.0
    assert [await gate.submit() for _ in range(2)] == [True, False]
    may_end.set()
    await storing


async def test_what_other_gateways_let_in_is_seen_with_the_next_reading() -> None:
    gate = Gate(2)
    assert await gate.submit()
    for _ in range(5):
        await gate.log.append(Example().queued())
    gate.now += 1.0
    assert not await gate.submit()


async def test_a_broker_that_does_not_answer_refuses_nobody_here() -> None:
    gate = Gate(1)
    gate.log.is_away = True
    assert [await gate.submit() for _ in range(2)] == [True, True]
    gate.log.is_away = False
    assert not await gate.submit()


async def test_without_a_limit_the_broker_is_never_asked() -> None:
    gate = Gate(0)
    assert all([await gate.submit() for _ in range(20)])
    assert gate.log.readings == 0


async def test_a_client_that_goes_away_while_the_queue_is_read_does_not_spoil_it_for_others() -> None:
    gate = Gate(5)
    leaving = asyncio.create_task(gate.submit())
    staying = asyncio.create_task(gate.submit())
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
