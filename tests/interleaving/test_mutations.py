"""The proof that the interleavings can fail: with a safeguard taken out of the product, they must show what breaks."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from contracts.events import ExecutionCompleted, LogEvent, encode
from contracts.results import PipelineResult
from contracts.state import ExecutionState
from runner.account import Account
from runner.claim import Claim
from runner.ending import Ending
from runner.journal import Journal
from runner.result import result_of_state
from stagecast.log import Entry
from stagecast.memory_log import MemoryLog
from tests.integration import test_execution_log as contract
from tests.integration.logs import jetstream_pair
from tests.interleaving import invariants
from tests.interleaving.explorer import Broken, explore
from tests.interleaving.pipelines import PIPELINES
from tests.interleaving.schedule import Plan, plans
from tests.interleaving.world import CALLED_ONCE, DONE_ONCE, QUIET
from tests.nats_server import NatsServer

_EXAMPLES = 300  # the most that are looked at; a fault is found in far fewer


def promises_broken(make_log: Callable[..., MemoryLog] = MemoryLog) -> frozenset[str]:
    """Look at always the same interleavings, and return what the first broken one breaks; empty if none is."""
    broken: set[str] = set()

    @settings(
        max_examples=_EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(plans(*PIPELINES))
    def look(plan: Plan) -> None:
        if broken:
            return
        try:
            explore(plan, make_log)
        except Broken as error:
            broken.update(violation.promise for violation in error.violations)

    look()
    return frozenset(broken)


class UnfencedLog(MemoryLog):
    """Stores whatever comes, like a broker that is not told what to expect of the slot."""

    async def append(self, event: LogEvent) -> int:
        """Store an event, in a slot of its own or in one that is taken."""
        record = self._records.get(event.execution_id)
        if record is None or event.seq >= len(record.events) or record.events[event.seq] is event:
            return await super().append(event)
        entry = Entry(event.execution_id, event.type, event.seq, encode(event))
        record.events.append(event)
        record.entries.append(entry)
        self._publish(entry)
        return len(entry.data)


def find_nothing(self: Journal, key: str) -> None:
    """The journal does not look."""


def check_nothing(self: Claim) -> None:
    """A claim forgets that it was lost."""


def is_never_told(self: Journal, item: int | None, number: int) -> bool:
    """The journal does not know what was told."""
    return False


async def append_always(self: Claim, event: LogEvent, is_needless: Callable[[ExecutionState], bool]) -> None:
    """What the log has already is stored again."""
    await self.append(event)


def finish_nothing(self: Account, reason: str) -> None:
    """Nobody refuses a call because somebody asked to finish."""


async def save_undecided(self: Ending, claim: Claim, result: PipelineResult) -> None:
    """The file is saved before the log says how it ends."""
    filename = await self._save(result)  # pyright: ignore[reportPrivateUsage]  # what the mutation is about

    def completed(state: ExecutionState) -> ExecutionCompleted:
        end = result_of_state(state, "cancelled") if state.is_cancel_requested else result
        return ExecutionCompleted(execution_id=state.execution_id, result=end, filename=filename)

    await claim.end(completed)


def test_without_a_mutation_the_same_interleavings_break_nothing() -> None:
    assert promises_broken() == frozenset()


def test_without_the_fence_logs_cannot_be_folded() -> None:
    assert {invariants.NUMBERS, invariants.FOLDS, invariants.ONE_END} & promises_broken(UnfencedLog)


@pytest.mark.parametrize(
    ("owner", "safeguard", "mutation", "promise"),
    [
        (Journal, "find_call", find_nothing, CALLED_ONCE),
        (Journal, "find_step", find_nothing, DONE_ONCE),
        (Ending, "end", save_undecided, invariants.SAVED),
        (Claim, "_check_held", check_nothing, invariants.OWNERS),
        (Claim, "append_unless", append_always, invariants.TOLD_ONCE),
        (Account, "finish", finish_nothing, QUIET),
    ],
    ids=[
        *("calls_not_looked_up", "steps_not_looked_up", "saved_before_decided", "loss_forgotten"),
        *("progress_not_looked_up", "wish_ignored"),
    ],
)
def test_without_a_safeguard_its_promise_is_seen_broken(
    monkeypatch: pytest.MonkeyPatch, owner: type, safeguard: str, mutation: Callable[..., Any], promise: str
) -> None:
    monkeypatch.setattr(owner, safeguard, mutation)
    if safeguard == "append_unless":
        monkeypatch.setattr(Journal, "is_told", is_never_told)  # it looks first, and the log is the last resort
    assert promise in promises_broken()


async def test_without_the_fence_header_a_broker_lets_several_writers_win_the_same_slot(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with jetstream_pair(nats_server.url) as logs:
        await contract.test_a_slot_is_written_once_however_many_race_for_it(logs)
        monkeypatch.setattr("stagecast.slots._EXPECTED_HEADER", "Stagecast-Nothing")
        monkeypatch.setattr("stagecast.slots._EXPECTED_SUBJECT_HEADER", "Stagecast-Nothing-Subject")
        with pytest.raises(AssertionError, match="assert 12 == 1"):
            await contract.test_a_slot_is_written_once_however_many_race_for_it(logs)
