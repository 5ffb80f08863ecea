import asyncio

import pytest

from runner.time_limit import TimeLimit, clock_stopped


async def never(seconds: float) -> None:
    await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=seconds)


async def test_what_takes_longer_is_ended() -> None:
    limit = TimeLimit(0.01)
    with pytest.raises(TimeoutError):
        async with limit:
            await never(30)
    assert limit.is_expired


async def test_time_while_the_clock_is_stopped_does_not_count() -> None:
    async with TimeLimit(1.0) as limit:
        with clock_stopped():
            await never(1.3)
    assert not limit.is_expired


async def test_after_the_clock_goes_on_only_what_was_left_is_left() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError):
        async with TimeLimit(0.1):
            with clock_stopped():
                await never(1.3)
            began = loop.time()
            await never(30)
    assert loop.time() - began < 1.2


async def test_every_limit_around_is_stopped_also_from_a_task_inside() -> None:
    async def tell() -> None:
        with clock_stopped():
            await never(1.3)

    async with TimeLimit(1.0), TimeLimit(1.0), asyncio.TaskGroup() as group:
        group.create_task(tell())
        group.create_task(tell())


async def test_a_task_that_outlives_its_limit_stops_nothing() -> None:
    release = asyncio.Event()

    async def tell() -> None:
        with clock_stopped():
            await release.wait()

    async with TimeLimit(30):
        task = asyncio.create_task(tell())
        await never(0)
    release.set()
    await task
