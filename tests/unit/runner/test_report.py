"""What is stored of a function's progress. That live text flows is shown where it is heard."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from contracts.errors import LimitReached
from contracts.events import ExecutionQueued, LogEvent, StageProgress
from contracts.ids import new_execution_id
from contracts.results import StageOutcome
from runner.claim import Claim
from runner.known_log import read_known
from runner.progress import Note, StagePlace
from runner.report import Report
from runner.terms import DEFAULT_TERMS, Terms
from stagecast.memory_log import MemoryLog

PLACE = StagePlace("a", "a", 0, 1)
DEFINITION = {"id": "p", "name": "P", "stages": [{"id": "a", "call": "echo"}]}


class SlowToAnswer(MemoryLog):
    """Stores what it is given, and for one event leaves the writer without an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.silent_about: str | None = None
        self.is_silent = asyncio.Event()

    async def append(self, event: LogEvent) -> int:
        size = await super().append(event)
        if event.type == self.silent_about:
            self.silent_about = None
            self.is_silent.set()
            await asyncio.get_running_loop().create_future()
        return size


@pytest.fixture
async def log() -> AsyncGenerator[SlowToAnswer]:
    log = SlowToAnswer()
    yield log
    await log.close()


async def report_on(log: MemoryLog, terms: Terms = DEFAULT_TERMS) -> tuple[Report, Claim]:
    execution_id = new_execution_id()
    await log.append(ExecutionQueued(execution_id=execution_id, seq=0, pipeline_id="p", pipeline=DEFINITION, input="x"))
    delivery = await log.next_delivery(timeout_seconds=5)
    known = await read_known(log, execution_id)
    assert delivery is not None
    assert known is not None
    claim = Claim(log, delivery, known, "one", terms)
    await claim.take()
    report = Report(claim, log)
    await report.stage_started(PLACE)
    return report, claim


async def progress_in(log: MemoryLog, claim: Claim) -> list[str]:
    entries = await log.read(claim.execution_id)
    events = (entry.event() for entry in entries)
    return [event.message for event in events if isinstance(event, StageProgress)]


async def test_each_note_is_stored_once(log: SlowToAnswer) -> None:
    report, claim = await report_on(log)
    for note in (Note("one", {"n": 1}, 0, None), Note("two", None, 1, None), Note("one again", None, 0, None)):
        await report.stage_progressed(PLACE, note)
    await report.stage_progressed(PLACE, Note("of an item", None, 0, 3))
    assert await progress_in(log, claim) == ["one", "two", "of an item"]


async def test_a_note_whose_telling_was_cut_off_is_not_stored_twice(log: SlowToAnswer) -> None:
    report, claim = await report_on(log)
    log.silent_about = "stage:progress"
    telling = asyncio.create_task(report.stage_progressed(PLACE, Note("one", None, 0, None)))
    await log.is_silent.wait()
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    await report.stage_progressed(PLACE, Note("one", None, 0, None))
    await report.stage_progressed(PLACE, Note("two", None, 1, None))
    assert await progress_in(log, claim) == ["one", "two"]


async def test_nothing_is_stored_once_the_stage_has_ended(log: SlowToAnswer) -> None:
    report, claim = await report_on(log)
    await report.stage_completed(PLACE, StageOutcome(status="success"))
    await report.stage_progressed(PLACE, Note("late", None, 0, None))
    assert await progress_in(log, claim) == []


async def test_progress_counts_against_what_the_log_may_grow_to(log: SlowToAnswer) -> None:
    report, _ = await report_on(log, Terms(max_events=4))
    await report.stage_progressed(PLACE, Note("one", None, 0, None))
    with pytest.raises(LimitReached):
        await report.stage_progressed(PLACE, Note("two", None, 1, None))
