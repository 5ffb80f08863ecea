import asyncio
from collections.abc import AsyncGenerator

import pytest

from contracts.envelope import StageRef
from contracts.errors import LimitReached, LogUnavailable
from contracts.events import (
    ExecutionCancelRequested,
    ExecutionQueued,
    ExecutionResumed,
    LogEvent,
    StageStarted,
)
from contracts.ids import new_execution_id
from runner.claim import Claim, ClaimLost
from runner.known_log import KnownLog, read_known
from runner.terms import DEFAULT_TERMS, Terms
from stagecast.log import Delivery
from stagecast.memory_log import MemoryLog

DEFINITION = {"id": "p", "name": "P", "stages": [{"id": "a", "call": "echo"}, {"id": "b", "call": "echo"}]}


@pytest.fixture
async def log() -> AsyncGenerator[MemoryLog]:
    log = MemoryLog()
    yield log
    await log.close()


async def submit(log: MemoryLog) -> str:
    execution_id = new_execution_id()
    await log.append(ExecutionQueued(execution_id=execution_id, seq=0, pipeline_id="p", pipeline=DEFINITION, input="x"))
    return execution_id


async def delivered(log: MemoryLog) -> Delivery:
    delivery = await log.next_delivery(timeout_seconds=5)
    assert delivery is not None
    return delivery


async def claim_as(log: MemoryLog, delivery: Delivery, runner: str, terms: Terms = DEFAULT_TERMS) -> Claim:
    known = await read_known(log, delivery.execution_id)
    assert known is not None
    claim = Claim(log, delivery, known, runner, terms)
    await claim.take()
    return claim


def started(execution_id: str, stage: str = "a") -> StageStarted:
    return StageStarted(execution_id=execution_id, stage=StageRef(id=stage, name=stage), index=0, total=2)


async def types_in(log: MemoryLog, execution_id: str) -> list[str]:
    return [entry.type for entry in await log.read(execution_id)]


async def test_the_first_claim_says_started_and_a_later_one_says_resumed(log: MemoryLog) -> None:
    execution_id = await submit(log)
    delivery = await delivered(log)
    await claim_as(log, delivery, "one")
    await claim_as(log, delivery, "two")
    assert await types_in(log, execution_id) == ["execution:queued", "execution:started", "execution:resumed"]


async def test_a_runner_that_was_taken_over_cannot_append_and_its_event_is_not_stored(log: MemoryLog) -> None:
    execution_id = await submit(log)
    delivery = await delivered(log)
    old = await claim_as(log, delivery, "old")
    await claim_as(log, delivery, "new")
    with pytest.raises(ClaimLost):
        await old.append(started(execution_id))
    assert "stage:started" not in await types_in(log, execution_id)


async def test_nothing_that_waited_while_the_claim_was_lost_is_stored_after_it(log: MemoryLog) -> None:
    execution_id = await submit(log)
    delivery = await delivered(log)
    old = await claim_as(log, delivery, "old")
    await claim_as(log, delivery, "new")
    appends = [old.append(started(execution_id, stage)) for stage in "ab"]
    outcomes = await asyncio.gather(old.catch_up(), *appends, old.release("x"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ClaimLost] * 4
    assert await types_in(log, execution_id) == ["execution:queued", "execution:started", "execution:resumed"]


async def test_a_lost_claim_does_not_renew_the_new_owners_delivery(log: MemoryLog) -> None:
    await submit(log)
    delivery = await delivered(log)
    old = await claim_as(log, delivery, "old")
    await claim_as(log, delivery, "new")
    with pytest.raises(ClaimLost):
        await old.catch_up()
    with pytest.raises(ClaimLost):
        async with asyncio.timeout(30):
            await old.renew_for_ever(every_seconds=0.0)


async def test_two_runners_that_claim_at_once_leave_one_owner(log: MemoryLog) -> None:
    execution_id = await submit(log)
    delivery = await delivered(log)
    logs = [await read_known(log, execution_id) for _ in range(2)]
    claims = [
        Claim(log, delivery, known, name) for known, name in zip(logs, ["one", "two"], strict=True) if known is not None
    ]
    outcomes = await asyncio.gather(*(claim.take() for claim in claims), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ClaimLost", "NoneType"]
    assert (await types_in(log, execution_id)).count("execution:started") == 1


async def test_a_cancel_request_takes_a_slot_and_the_owner_goes_on_after_it(log: MemoryLog) -> None:
    execution_id = await submit(log)
    claim = await claim_as(log, await delivered(log), "one")
    await log.append(ExecutionCancelRequested(execution_id=execution_id, seq=2))
    assert not claim.cancel_requested.is_set()
    await claim.append(started(execution_id))
    assert claim.cancel_requested.is_set()
    assert (await types_in(log, execution_id))[2:] == ["execution:cancel_requested", "stage:started"]


async def test_events_appended_side_by_side_get_numbers_without_holes(log: MemoryLog) -> None:
    execution_id = await submit(log)
    claim = await claim_as(log, await delivered(log), "one")
    await asyncio.gather(claim.append(started(execution_id, "a")), claim.append(started(execution_id, "b")))
    assert [entry.seq for entry in await log.read(execution_id)] == [0, 1, 2, 3]


async def test_a_released_execution_is_resumed_by_another_runner_at_once(log: MemoryLog) -> None:
    execution_id = await submit(log)
    claim = await claim_as(log, await delivered(log), "one")
    await claim.release("the runner shuts down")
    known = await read_known(log, execution_id)
    assert known is not None
    assert (known.state.status, known.state.runner) == ("queued", None)
    again = await claim_as(log, await delivered(log), "two")
    assert again.attempt == 2
    assert again.state.status == "running"


class FlakyLog(MemoryLog):
    """Stores the next append and loses the answer, as a connection does that breaks at the wrong moment."""

    def __init__(self) -> None:
        super().__init__()
        self.is_answer_lost = False
        self.lost = asyncio.Event()

    async def append(self, event: LogEvent) -> int:
        size = await super().append(event)
        if self.is_answer_lost:
            self.is_answer_lost = False
            self.lost.set()
            raise LogUnavailable("the answer was lost")
        return size


async def test_an_append_that_was_cut_off_after_it_was_stored_is_taken_for_ones_own(log: MemoryLog) -> None:
    flaky = FlakyLog()
    execution_id = await submit(flaky)
    claim = await claim_as(flaky, await delivered(flaky), "one")
    flaky.is_answer_lost = True
    appending = asyncio.create_task(claim.append(started(execution_id, "a")))
    await flaky.lost.wait()
    appending.cancel()
    await asyncio.gather(appending, return_exceptions=True)
    await claim.append(started(execution_id, "b"))
    assert [entry.type for entry in await flaky.read(execution_id)][2:] == ["stage:started", "stage:started"]
    assert claim.state.stages["a"].phase == "running"
    await flaky.close()


async def test_a_runner_that_was_frozen_longer_than_its_lease_reads_the_log_before_it_renews(log: MemoryLog) -> None:
    execution_id = await submit(log)
    delivery = await delivered(log)
    old = await claim_as(log, delivery, "old", Terms(lease_seconds=0.0))
    await log.append(ExecutionResumed(execution_id=execution_id, seq=2, attempt=2, runner="new"))
    with pytest.raises(ClaimLost):
        async with asyncio.timeout(30):
            await old.renew_for_ever(every_seconds=0.01)


async def test_a_runner_that_was_given_an_execution_twice_takes_it_once(log: MemoryLog) -> None:
    execution_id = await submit(log)
    delivery = await delivered(log)
    known = [await read_known(log, execution_id) for _ in range(2)]
    first, second = (Claim(log, delivery, each, "same") for each in known if each is not None)
    await first.take()
    with pytest.raises(ClaimLost):
        await second.take()
    assert await types_in(log, execution_id) == ["execution:queued", "execution:started"]


async def test_a_claim_that_was_not_renewed_for_a_lease_is_confirmed_by_the_log(log: MemoryLog) -> None:
    execution_id = await submit(log)
    delivery = await delivered(log)
    fresh = await claim_as(log, delivery, "old", Terms(lease_seconds=1000.0))
    overdue = Claim(log, delivery, KnownLog(fresh.state, 0), "old", Terms(lease_seconds=0.0))
    await log.append(ExecutionResumed(execution_id=execution_id, seq=2, attempt=2, runner="new"))
    await fresh.confirm()
    with pytest.raises(ClaimLost):
        await overdue.confirm()


async def test_a_claim_ends_at_a_limit_and_its_end_is_stored_all_the_same(log: MemoryLog) -> None:
    execution_id = await submit(log)
    claim = await claim_as(log, await delivered(log), "one", Terms(max_events=2))
    with pytest.raises(LimitReached):
        await claim.append(started(execution_id))
    await claim.end(lambda _: started(execution_id))
    assert await types_in(log, execution_id) == ["execution:queued", "execution:started", "stage:started"]


async def test_the_limit_is_looked_at_before_something_is_paid_for_and_what_was_paid_for_is_stored(
    log: MemoryLog,
) -> None:
    execution_id = await submit(log)
    claim = await claim_as(log, await delivered(log), "one", Terms(max_events=3))
    await claim.confirm()
    await claim.append(started(execution_id))
    with pytest.raises(LimitReached):
        await claim.confirm()
    await claim.keep(started(execution_id))
    assert len(await types_in(log, execution_id)) == 4


async def test_events_that_are_appended_side_by_side_keep_the_limit(log: MemoryLog) -> None:
    execution_id = await submit(log)
    claim = await claim_as(log, await delivered(log), "one", Terms(max_events=4))
    outcomes = await asyncio.gather(*(claim.append(started(execution_id)) for _ in range(5)), return_exceptions=True)
    assert [type(outcome).__name__ for outcome in outcomes] == ["NoneType"] * 2 + ["LimitReached"] * 3
    assert len(await types_in(log, execution_id)) == 4
