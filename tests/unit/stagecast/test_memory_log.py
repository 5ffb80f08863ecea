import pytest

from stagecast.memory_log import MemoryLog
from tests.example_events import Example


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_the_lease_follows_the_given_clock() -> None:
    clock = Clock()
    log = MemoryLog(ack_wait_seconds=20, clock=clock)
    await log.append(Example().queued())
    delivery = await log.next_delivery(timeout_seconds=0)
    assert delivery is not None
    clock.now += 19
    assert await log.next_delivery(timeout_seconds=0) is None
    await delivery.renew()
    clock.now += 19
    assert await log.next_delivery(timeout_seconds=0) is None
    clock.now += 1
    assert await log.next_delivery(timeout_seconds=0) is not None


async def test_an_append_that_would_leave_a_hole_is_a_programming_error() -> None:
    log, example = MemoryLog(), Example()
    await log.append(example.queued())
    with pytest.raises(ValueError, match="hole"):
        await log.append(example.stage_started(2))
