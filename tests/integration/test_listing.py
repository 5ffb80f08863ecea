"""The list of executions, for every implementation of the log: order, pages, rows."""

import asyncio
import itertools
from itertools import pairwise

import pytest

from contracts.errors import InvalidInput
from contracts.requests import ExecutionListing, ExecutionView
from contracts.state import fold
from stagecast.broker import Broker, BrokerSettings
from stagecast.listing import ListingReader
from stagecast.log import ExecutionLog
from stagecast.payloads import PayloadStore
from stagecast.selection import Selection
from stagecast.stored import StreamReader
from stagecast.topology import EXECUTIONS
from tests.example_events import Example
from tests.integration.logs import LogPair, jetstream_log
from tests.nats_server import NatsServer


async def submit(log: ExecutionLog, count: int, *, events: int = 0) -> list[str]:
    """Submit executions one after the other, each with this many events behind its first."""
    examples = [Example() for _ in range(count)]
    for example in examples:
        await log.append(example.queued())
        for seq in range(1, events + 1):
            await log.append(example.cancel_requested(seq))
    return [example.id for example in examples]


async def read_pages(log: ExecutionLog, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    before: str | None = None
    while True:
        page = await log.list_executions(limit=limit, before=before)
        pages.append([row.id for row in page.executions])
        before = page.next_before
        if before is None:
            return pages


async def test_an_empty_log_has_one_empty_page(empty_logs: LogPair) -> None:
    page = await empty_logs.log.list_executions(limit=10)
    assert (list(page.executions), page.next_before) == ([], None)


@pytest.mark.parametrize("events", [0, 3])
async def test_pages_hold_every_execution_once_newest_first(empty_logs: LogPair, events: int) -> None:
    submitted = await submit(empty_logs.log, 25, events=events)
    for limit in (1, 7, 24, 25, 26, 400):
        pages = await read_pages(empty_logs.other, limit)
        assert [execution_id for page in pages for execution_id in page] == submitted[::-1]
        assert all(len(page) == limit for page in pages[:-1])
        assert pages[-1]


async def test_a_page_is_found_behind_executions_with_very_many_events(empty_logs: LogPair) -> None:
    early = await submit(empty_logs.log, 6)
    burst = await submit(empty_logs.log, 300)
    long = await submit(empty_logs.log, 1, events=1500)
    late = await submit(empty_logs.log, 150)
    submitted = early + burst + long + late
    for limit in (2, 5, 40):
        pages = await read_pages(empty_logs.other, limit)
        assert [execution_id for page in pages for execution_id in page] == submitted[::-1]


async def test_later_submissions_do_not_move_the_next_page(empty_logs: LogPair) -> None:
    submitted = await submit(empty_logs.log, 6)
    page = await empty_logs.log.list_executions(limit=3)
    await submit(empty_logs.other, 4)
    rest = await empty_logs.log.list_executions(limit=3, before=page.next_before)
    assert [row.id for row in rest.executions] == submitted[2::-1]
    assert rest.next_before is None


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "1.5", "1\n", "٣", "9" * 40, "exec_1703187600000_a"])
async def test_a_cursor_that_no_page_gave_is_refused(empty_logs: LogPair, before: str) -> None:
    with pytest.raises(InvalidInput):
        await empty_logs.log.list_executions(limit=3, before=before)


async def test_a_row_shows_what_the_whole_log_would(empty_logs: LogPair) -> None:
    queued, running, released, taken_over, ended, large = (Example() for _ in range(6))
    histories = [
        (queued, [queued.queued(), queued.cancel_requested(1), queued.finish_requested(2)]),
        (running, [running.queued(), running.started(), running.stage_started(2)]),
        (released, [released.queued(), released.started(), released.released(2)]),
        (taken_over, [taken_over.queued(), taken_over.started(), taken_over.released(2), taken_over.resumed(3)]),
        (ended, [ended.queued(), ended.started(), ended.completed(2, "early_exit")]),
        (large, [large.queued("x" * 1_200_000), large.started(), large.completed(2, "failed", "y" * 1_200_000)]),
    ]
    for _, events in histories:
        for event in events:
            await empty_logs.log.append(event)
    expected: list[ExecutionListing] = []
    for _, events in histories:
        entries = await empty_logs.log.read(events[0].execution_id)
        state = fold(entry.stored_event() for entry in entries)
        assert state is not None
        view = ExecutionView.of(state)
        expected.append(ExecutionListing.model_validate(view.model_dump(include=set(ExecutionListing.model_fields))))
    for _ in range(2):  # the second time from what is remembered
        page = await empty_logs.other.list_executions(limit=10)
        assert list(page.executions) == expected[::-1]


async def test_a_row_moves_on_after_it_was_listed(empty_logs: LogPair) -> None:
    example = Example()
    seen: list[str] = []
    for event in (example.queued(), example.started(), example.completed(2)):
        await empty_logs.log.append(event)
        page = await empty_logs.other.list_executions(limit=1)
        seen.append(page.executions[0].status)
    assert seen == ["queued", "running", "success"]


async def test_lists_asked_for_at_the_same_time_agree(empty_logs: LogPair) -> None:
    await submit(empty_logs.log, 12)
    pages = await asyncio.gather(*(empty_logs.log.list_executions(limit=5) for _ in range(8)))
    assert all(one == other for one, other in pairwise(pages))


async def owned_pages(log: ExecutionLog, owner: str, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    before: str | None = None
    while True:
        page = await log.list_executions(limit=limit, before=before, selection=Selection(owner=owner))
        assert {row.owner for row in page.executions} <= {owner}
        pages.append([row.id for row in page.executions])
        before = page.next_before
        if before is None:
            return pages


@pytest.mark.parametrize("limit", [1, 3, 5, 400])
async def test_an_owners_pages_hold_theirs_once_newest_first_and_nobody_elses(empty_logs: LogPair, limit: int) -> None:
    owners = ["alice", "bob", None, "bob", "alice", "bob"] * 5
    submitted: dict[str | None, list[str]] = {}
    for owner in owners:
        example = Example()
        await empty_logs.log.append(example.queued().model_copy(update={"owner": owner}))
        await empty_logs.log.append(example.started())
        submitted.setdefault(owner, []).append(example.id)
    for owner in ("alice", "bob", "nobody"):
        pages = await owned_pages(empty_logs.other, owner, limit)
        assert [execution_id for page in pages for execution_id in page] == submitted.get(owner, [])[::-1]
        assert all(len(page) == limit for page in pages[:-1])


async def test_an_owner_behind_very_many_others_is_found_on_a_later_page(nats_server: NatsServer) -> None:
    async with jetstream_log(nats_server.url) as log:
        mine = Example()
        await log.append(mine.queued("x" * 3_000_000).model_copy(update={"owner": "alice"}))  # kept apart, in parts
        await submit(log, 2400)
        pages = await owned_pages(log, "alice", 10)
        assert len(pages) > 1
        assert pages[-1] == [mine.id]


async def pages_of(log: ExecutionLog | ListingReader, limit: int, selection: Selection) -> list[list[str]]:
    pages: list[list[str]] = []
    before: str | None = None
    while True:
        if isinstance(log, ListingReader):
            page = await log.page(limit, before, selection)
        else:
            page = await log.list_executions(limit=limit, before=before, selection=selection)
        pages.append([row.id for row in page.executions])
        before = page.next_before
        if before is None:
            return pages


async def submit_of_all_kinds(log: ExecutionLog, count: int) -> dict[str, list[str]]:
    """Submit executions in turn; return the ids by what a selection finds them by, newest first."""
    found: dict[str, list[str]] = {}
    for number in range(count):
        example = Example()
        pipeline = "rare-v1" if number % 9 == 4 else "example-v1"
        queued = example.queued("a Rare\nneedle" if number % 10 == 3 else "hay").model_copy(
            update={"pipeline_id": pipeline, "owner": ("alice", None)[number % 2]}
        )
        await log.append(queued)
        status = ("queued", "running", "failed")[number % 3]
        if status != "queued":
            await log.append(example.started())
        if status == "failed":
            await log.append(example.completed(2, "failed"))
        for key in (pipeline, queued.owner, status, "needle" if number % 10 == 3 else "hay", "all", example.id):
            found.setdefault(str(key), []).insert(0, example.id)
    return found


def selections(found: dict[str, list[str]]) -> list[tuple[Selection, list[str]]]:
    one = found["needle"][-1]

    def both(left: str, right: str) -> list[str]:
        return [each for each in found[left] if each in found[right]]

    return [
        (Selection(), found["all"]),
        (Selection(text="  "), found["all"]),
        (Selection(pipeline_id="rare-v1"), found["rare-v1"]),
        (Selection(pipeline_id="rare"), []),
        (Selection(status="queued"), found["queued"]),
        (Selection(status="running"), found["running"]),
        (Selection(status="failed", text="hay"), both("failed", "hay")),
        (Selection(text="rare  NEEDLE"), found["needle"]),
        (Selection(text=one.upper()), [one]),
        (Selection(owner="alice", text="example-V1"), both("alice", "example-v1")),
        (Selection(owner="bob", text="needle"), []),
    ]


@pytest.mark.parametrize("limit", [1, 7, 400])
async def test_selected_pages_hold_what_is_wanted_once_newest_first(empty_logs: LogPair, limit: int) -> None:
    found = await submit_of_all_kinds(empty_logs.log, 130)
    for _ in range(2):  # the second time from what is remembered
        for selection, expected in selections(found):
            pages = await pages_of(empty_logs.other, limit, selection)
            assert [execution_id for page in pages for execution_id in page] == expected, selection
            assert all(len(page) <= limit for page in pages)


async def test_a_selected_row_moves_on_after_it_was_listed(empty_logs: LogPair) -> None:
    example = Example()
    for event, status in (
        (example.queued(), "queued"),
        (example.started(), "running"),
        (example.completed(2), "success"),
    ):
        await empty_logs.log.append(event)
        for other in ("queued", "running", "success"):
            pages = await pages_of(empty_logs.other, 5, Selection(status=other))
            assert pages == [[example.id] if other == status else []]


async def test_what_is_searched_is_an_input_stored_apart_and_an_error_too(empty_logs: LogPair) -> None:
    large, failed = Example(), Example()
    await empty_logs.log.append(large.queued("Needle" + "x" * 1_200_000))
    await empty_logs.log.append(failed.queued())
    end = failed.completed(1, "failed", "y" * 1_200_000)
    end = end.model_copy(update={"result": end.result.model_copy(update={"error": "It sank."})})
    await empty_logs.log.append(end)
    for _ in range(2):
        assert await pages_of(empty_logs.other, 5, Selection(text="needle")) == [[large.id]]
        assert await pages_of(empty_logs.other, 5, Selection(text="sank")) == [[failed.id]]
        rows = (await empty_logs.other.list_executions(limit=2)).executions
        assert [row.excerpt for row in rows] == ["hello", "Needle" + "x" * 154]


async def test_looking_stops_after_its_time_and_goes_on_from_there(nats_server: NatsServer) -> None:
    async with jetstream_log(nats_server.url) as log:
        found = await submit_of_all_kinds(log, 320)
        broker = Broker(BrokerSettings(nats_url=nats_server.url), name="test")
        await broker.start()
        await broker.wait_ready(10)
        clock = itertools.count(0.0, 60.0)
        reader = ListingReader(StreamReader(broker, EXECUTIONS), PayloadStore(broker), clock=lambda: next(clock))
        for limit in (3, 1000):
            for selection, expected in selections(found):
                pages = await pages_of(reader, limit, selection)
                assert [execution_id for page in pages for execution_id in page] == expected, selection
        looked = await reader.page(1000, None, Selection(text="nothing"))
        assert (list(looked.executions), looked.next_before is None) == ([], False)  # one batch of 100
        await broker.close()
