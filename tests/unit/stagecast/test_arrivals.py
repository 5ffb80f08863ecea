"""What waits for a subscription's reader: its bounds and its ending."""

import asyncio

from stagecast.arrivals import Arrivals, Closed, Message, Overflowed


def message(text: str) -> Message:
    return Message(text, {})


async def test_messages_come_in_order_and_the_ending_after_all_of_them():
    arrivals = Arrivals()
    assert not arrivals.is_answered
    for text in "abc":
        assert arrivals.put(message(text))
    arrivals.end(Closed(1012))
    arrivals.end(Overflowed())  # the first ending counts
    assert arrivals.put(message("too late"))
    assert arrivals.is_answered
    assert [await arrivals.next() for _ in range(5)] == [*map(message, "abc"), Closed(1012), Closed(1012)]


async def test_a_reader_that_waits_is_woken_by_a_message_and_by_the_ending():
    arrivals = Arrivals()
    waiting = asyncio.create_task(arrivals.next())
    await asyncio.sleep(0)
    arrivals.put(message("a"))
    assert await waiting == message("a")
    waiting = asyncio.create_task(arrivals.next())
    await asyncio.sleep(0)
    arrivals.end(Closed())
    assert await waiting == Closed()


async def test_there_is_room_for_so_many_messages_and_again_once_one_is_taken():
    arrivals = Arrivals(max_messages=2)
    assert [arrivals.put(message(text)) for text in "abc"] == [True, True, False]
    assert not arrivals.has_room.is_set()
    await arrivals.next()
    assert arrivals.has_room.is_set()
    assert arrivals.put(message("c"))


async def test_there_is_room_for_so_many_characters_but_always_for_one_message():
    arrivals = Arrivals(max_characters=5)
    assert arrivals.put(message("x" * 9))
    assert not arrivals.put(message("y"))
    await arrivals.next()
    assert [arrivals.put(message("abc")), arrivals.put(message("de")), arrivals.put(message("f"))] == [
        True,
        True,
        False,
    ]
