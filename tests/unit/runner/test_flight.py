import asyncio

import pytest

from runner.flight import Flight
from tests.unit.runner.virtual import run_virtually


async def sleep_in(flight: Flight, seconds: float) -> bool:
    """Tell whether the block came to its end."""
    async with flight:
        await asyncio.sleep(seconds)
        return True
    return False


def test_a_block_ends_when_its_time_is_over() -> None:
    async def test() -> None:
        flight = Flight(2.0)
        assert (await sleep_in(flight, 5.0), flight.is_cut) == (False, True)
        assert asyncio.get_running_loop().time() == pytest.approx(2.0, abs=0.01)

    run_virtually(test)


def test_a_block_that_is_cut_ends_at_once() -> None:
    async def test() -> None:
        flight = Flight(None)
        asyncio.get_running_loop().call_later(1.0, flight.cut)
        assert (await sleep_in(flight, 5.0), flight.is_cut) == (False, True)
        assert asyncio.get_running_loop().time() == pytest.approx(1.0, abs=0.01)

    run_virtually(test)


def test_a_block_in_time_is_left_alone_and_cutting_it_later_does_nothing() -> None:
    async def test() -> None:
        flight = Flight(2.0)
        flight.cut()
        assert (await sleep_in(flight, 1.0), flight.is_cut) == (True, False)
        flight.cut()
        await asyncio.sleep(5.0)
        assert not flight.is_cut

    run_virtually(test)


def test_cutting_twice_is_cutting_once() -> None:
    async def test() -> None:
        flight = Flight(None)
        asyncio.get_running_loop().call_later(1.0, flight.cut)
        asyncio.get_running_loop().call_later(1.0, flight.cut)
        assert not await sleep_in(flight, 5.0)
        await asyncio.sleep(1.0)  # a cancellation that was left over would end this

    run_virtually(test)


async def test_the_cancellation_of_others_and_their_time_outs_go_through() -> None:
    task = asyncio.create_task(sleep_in(Flight(60.0), 60.0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await sleep_in(Flight(60.0), 60.0)
    with pytest.raises(TimeoutError):
        async with Flight(60.0):
            raise TimeoutError


async def test_a_block_that_catches_its_end_is_done() -> None:
    said: list[str] = []
    flight = Flight(0)
    async with flight:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            said.append("done all the same")
    assert said == ["done all the same"]
