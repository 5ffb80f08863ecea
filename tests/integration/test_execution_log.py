"""The promises of `stagecast.log`, for every implementation of it: the log, and hearing it live."""

import asyncio

import pytest

from contracts.errors import Fenced, InvalidId
from contracts.events import ExecutionCancelRequested, ExecutionFinishRequested, LogEvent, encode
from contracts.ids import new_execution_id
from contracts.state import fold
from stagecast.log import Entry, ExecutionLog
from tests.example_events import Example
from tests.integration.logs import WAIT_SECONDS, LogPair

WIDENING_IDS = ["exec_1703187600000_*", "*", ">", "a.b", "exec_1703187600000_aaaaaaaaaaaaaaaa\n", "", "exec 1"]


async def append_all(log: ExecutionLog, *events: LogEvent) -> None:
    for event in events:
        await log.append(event)


async def numbers_heard(heard: "asyncio.Queue[Entry]", count: int) -> list[int | None]:
    async with asyncio.timeout(WAIT_SECONDS):
        return [(await heard.get()).seq for _ in range(count)]


async def try_append(log: ExecutionLog, event: LogEvent) -> bool:
    try:
        await log.append(event)
    except Fenced:
        return False
    return True


async def test_what_was_appended_is_read_back_byte_for_byte_in_order(logs: LogPair) -> None:
    example = Example()
    events = [example.queued(), example.started(), example.stage_started(2), example.stage_completed(3)]
    await append_all(logs.log, *events)
    entries = await logs.other.read(example.id)
    assert [entry.data for entry in entries] == [encode(event) for event in events]
    assert [(entry.seq, entry.type, entry.execution_id) for entry in entries] == [
        (event.seq, event.type, example.id) for event in events
    ]
    state = fold(entry.stored_event() for entry in entries)
    assert state is not None
    assert state.stages["first"].output == "done"


async def test_a_slot_is_written_once_however_many_race_for_it(logs: LogPair) -> None:
    for _ in range(5):
        example = Example()
        await logs.log.append(example.queued())
        claims = [example.started(runner=f"runner-{number}") for number in range(12)]
        won = await asyncio.gather(
            *(try_append(logs.log if number % 2 else logs.other, claim) for number, claim in enumerate(claims))
        )
        assert won.count(True) == 1
        stored = (await logs.log.read(example.id))[1]
        assert stored.data == encode(claims[won.index(True)])


async def test_racers_that_write_the_very_same_bytes_do_not_both_win(logs: LogPair) -> None:
    example = Example()
    await logs.log.append(example.queued())
    event = example.cancel_requested(1)
    copies = [event.model_copy() for _ in range(8)]
    won = await asyncio.gather(*(try_append(logs.log, copy) for copy in copies))
    assert won.count(True) == 1


async def test_a_slot_holds_one_event_whatever_its_type(logs: LogPair) -> None:
    example = Example()
    await append_all(logs.log, example.queued(), example.cancel_requested(1))
    with pytest.raises(Fenced):
        await logs.other.append(example.started(1))


async def test_a_submission_cannot_be_repeated(logs: LogPair) -> None:
    example = Example()
    await logs.log.append(example.queued("mine"))
    with pytest.raises(Fenced):
        await logs.other.append(example.queued("yours"))
    [entry] = await logs.log.read(example.id)
    assert b"mine" in entry.data


async def test_appending_the_same_event_again_is_recognised_as_done(logs: LogPair) -> None:
    example = Example()
    event = example.queued()
    await logs.log.append(event)
    await logs.log.append(event)
    assert len(await logs.log.read(example.id)) == 1


async def test_an_event_without_a_number_is_refused(logs: LogPair) -> None:
    with pytest.raises(ValueError, match="number"):
        await logs.log.append(Example().queued().model_copy(update={"seq": -1}))


async def test_a_refused_event_is_never_heard(logs: LogPair) -> None:
    example = Example()
    heard: asyncio.Queue[Entry] = asyncio.Queue()
    watch = await logs.other.watch(example.id, heard.put)
    await append_all(logs.log, example.queued(), example.started(runner="winner"))
    with pytest.raises(Fenced):
        await logs.other.append(example.started(runner="loser"))
    await logs.log.append(example.stage_started(2))
    assert await numbers_heard(heard, 3) == [0, 1, 2]
    await watch.close()
    assert heard.empty()


async def test_an_event_is_heard_only_after_it_is_stored(logs: LogPair) -> None:
    example = Example()
    stored_when_heard: asyncio.Queue[bool] = asyncio.Queue()

    async def look(entry: Entry) -> None:
        entries = await logs.log.read(example.id)
        await stored_when_heard.put(entry in entries)

    watch = await logs.log.watch(example.id, look)
    await append_all(logs.other, example.queued(), *(example.cancel_requested(seq) for seq in range(1, 20)))
    async with asyncio.timeout(WAIT_SECONDS):
        assert all([await stored_when_heard.get() for _ in range(20)])
    await watch.close()


async def test_a_watcher_hears_the_stored_bytes_and_live_text_in_order(logs: LogPair) -> None:
    example, stranger = Example(), Example()
    heard: asyncio.Queue[Entry] = asyncio.Queue()
    watch = await logs.other.watch(example.id, heard.put)
    queued, text, started = example.queued(), example.stage_output("Once"), example.started()
    await logs.log.append(queued)
    await logs.log.publish_text(text)
    await append_all(logs.log, stranger.queued(), started)
    async with asyncio.timeout(WAIT_SECONDS):
        entries = [await heard.get() for _ in range(3)]
    assert [entry.data for entry in entries] == [encode(queued), encode(text), encode(started)]
    assert [entry.seq for entry in entries] == [0, None, 1]
    assert entries[1].event() == text.model_copy(update={"at": entries[1].event().at})
    assert len(await logs.log.read(example.id)) == 2
    await watch.close()


async def test_nothing_is_heard_after_a_watch_is_closed(logs: LogPair) -> None:
    example = Example()
    heard: asyncio.Queue[Entry] = asyncio.Queue()
    closed: asyncio.Queue[Entry] = asyncio.Queue()
    watch = await logs.log.watch(example.id, heard.put)
    ended = await logs.log.watch(example.id, closed.put)
    await ended.close()
    await ended.close()
    await logs.log.append(example.queued())
    assert await numbers_heard(heard, 1) == [0]
    assert closed.empty()
    await watch.close()


async def test_a_slow_watcher_gets_one_entry_at_a_time(logs: LogPair) -> None:
    example = Example()
    may_go_on, at_work = asyncio.Event(), 0
    heard: list[int | None] = []

    async def deliver(entry: Entry) -> None:
        nonlocal at_work
        at_work += 1
        assert at_work == 1
        await may_go_on.wait()
        heard.append(entry.seq)
        at_work -= 1
        if entry.seq == 2:
            done.set()

    done = asyncio.Event()
    watch = await logs.log.watch(example.id, deliver)
    await append_all(logs.log, example.queued(), example.started(), example.stage_started(2))
    may_go_on.set()
    await asyncio.wait_for(done.wait(), WAIT_SECONDS)
    assert heard == [0, 1, 2]
    await watch.close()


async def test_what_is_asked_of_all_executions_is_heard_each_wish_by_itself(logs: LogPair) -> None:
    examples = [Example(), Example()]
    cancels, finishes = asyncio.Queue[str](), asyncio.Queue[str]()
    watches = [
        await logs.other.watch_requests(ExecutionCancelRequested, cancels.put),
        await logs.other.watch_requests(ExecutionFinishRequested, finishes.put),
    ]
    for example in examples:
        await append_all(logs.log, example.queued(), example.finish_requested(1), example.cancel_requested(2))
    async with asyncio.timeout(WAIT_SECONDS):
        for heard in (cancels, finishes):
            assert [await heard.get(), await heard.get()] == [example.id for example in examples]
    assert (cancels.empty(), finishes.empty()) == (True, True)
    for watch in watches:
        await watch.close()


async def test_only_what_is_new_is_read_after_a_number(logs: LogPair) -> None:
    example = Example()
    await append_all(logs.log, example.queued(), *(example.cancel_requested(seq) for seq in range(1, 60)))
    for after in (0, 10, 27, 58):
        numbers = [entry.seq for entry in await logs.log.read(example.id, after=after)]
        assert numbers == list(range(after + 1, 60))
    assert await logs.log.read(example.id, after=59) == []
    assert await logs.log.read(example.id, after=10_000) == []


async def test_a_log_of_more_than_1024_events_is_read_whole(logs: LogPair) -> None:
    example = Example()
    count = 1100
    await append_all(logs.log, example.queued(), *(example.cancel_requested(seq) for seq in range(1, count)))
    assert [entry.seq for entry in await logs.other.read(example.id)] == list(range(count))
    assert [entry.seq for entry in await logs.other.read(example.id, after=3)] == list(range(4, count))


async def test_a_log_is_read_without_holes_while_it_grows(logs: LogPair) -> None:
    example = Example()
    await logs.log.append(example.queued())
    writing = asyncio.create_task(append_all(logs.log, *(example.cancel_requested(seq) for seq in range(1, 150))))
    while not writing.done():
        entries = await logs.other.read(example.id)
        assert [entry.seq for entry in entries] == list(range(len(entries)))
        await asyncio.sleep(0)
    await writing
    assert len(await logs.other.read(example.id)) == 150


async def test_an_event_larger_than_a_broker_message_arrives_whole(logs: LogPair) -> None:
    example = Example()
    heard: asyncio.Queue[Entry] = asyncio.Queue()
    watch = await logs.other.watch(example.id, heard.put)
    events = [example.queued("é" * 1_500_000), example.started(), example.stage_completed(2, output=["x" * 2_500_000])]
    await append_all(logs.log, *events)
    assert [entry.data for entry in await logs.other.read(example.id)] == [encode(event) for event in events]
    async with asyncio.timeout(WAIT_SECONDS):
        assert [(await heard.get()).data for _ in events] == [encode(event) for event in events]
    with pytest.raises(Fenced):
        await logs.other.append(example.queued("ü" * 1_500_000))
    await logs.log.append(events[0])
    await watch.close()


async def test_an_unknown_execution_has_no_events(logs: LogPair) -> None:
    assert await logs.log.read(new_execution_id()) == []


@pytest.mark.parametrize("execution_id", WIDENING_IDS)
async def test_an_id_that_breaks_its_pattern_never_becomes_a_subject(logs: LogPair, execution_id: str) -> None:
    await logs.log.append(Example().queued())
    heard: asyncio.Queue[Entry] = asyncio.Queue()
    with pytest.raises(InvalidId):
        await logs.log.read(execution_id)
    with pytest.raises(InvalidId):
        await logs.log.watch(execution_id, heard.put)


async def test_a_ping_is_answered(logs: LogPair) -> None:
    await asyncio.wait_for(logs.log.ping(), WAIT_SECONDS)
