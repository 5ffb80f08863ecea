"""What must hold of every model call and every step: once finished and kept, never made again."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.chaos.history import History, Holding, Kept, call_name, read_histories
from tests.chaos.records import Evidence, Freeze, Violation

AGAIN = "made again although the log had it"
PAID_TWICE = "answered more often than it may be"
KEPT_TWICE = "kept in the log more often than it may be"
NOT_KEPT = "finished and not kept in the log"
UNCLAIMED = "made by a runner without a claim"
LOST = "made after the claim was lost"

# The model server reads a request some time after it was sent, with a busy processor up to about a second.
_GRACE = timedelta(seconds=1.5)
# A runner that froze between looking at its claim and sending sends when it wakes up; nobody can prevent that.
_AFTER_THAW = timedelta(seconds=1.5)


@dataclass(frozen=True, slots=True)
class Made:
    """A model call or a step's effect, as the model server saw it.

    Attributes:
        times: how often it is made where nothing goes wrong.
        is_answered: whether the answer was sent whole.
    """

    tag: str
    name: str
    times: int
    runner: str
    at: datetime
    is_answered: bool
    what: str


def check_calls(evidence: Evidence) -> Iterator[Violation]:
    """Tell which calls and steps were made that should not have been, or are not in the log as they should."""
    by_tag: dict[str, list[Made]] = defaultdict(list)
    for made in _all_made(evidence):
        by_tag[made.tag].append(made)
    for tag, history in read_histories(evidence.executions.values()).items():
        all_made = by_tag.get(tag, [])
        for made in all_made:
            yield from _check_one(history, made, evidence.freezes)
        yield from _check_answers(history, all_made)
        yield from _check_kept(history, all_made)


def _check_one(history: History, made: Made, freezes: Sequence[Freeze]) -> Iterator[Violation]:
    holding = history.holding_of(made.runner, made.at)
    if holding is None:
        yield Violation(UNCLAIMED, history.holdings[0].execution_id, f"{made.what} by {made.runner}")
        return
    kept = history.kept.get(made.name, [])
    known = [one for one in kept if _is_known(one, holding, made.at)]
    if len(known) >= made.times:
        seen = f"{made.what} by {made.runner} at {made.at:%T.%f}; kept as {[one.seq for one in known]}"
        yield Violation(AGAIN, holding.execution_id, seen)
    elif holding.lost_at is not None and made.at > holding.lost_at + _GRACE and not _has_thawed(made, freezes):
        seen = f"{made.what} by {made.runner} at {made.at:%T.%f}; lost at {holding.lost_at:%T.%f}"
        yield Violation(LOST, holding.execution_id, seen)


def _is_known(kept: Kept, holding: Holding, moment: datetime) -> bool:
    """Whether a runner that made a call at that moment under that claim knew that this was kept."""
    if kept.holding == holding:
        return kept.at + _GRACE < moment
    if kept.holding.execution_id == holding.execution_id:
        return kept.seq < holding.seq
    return kept.at < holding.begin  # kept by the execution that this one is a rerun of


def _check_answers(history: History, all_made: Sequence[Made]) -> Iterator[Violation]:
    """Under one claim no more answers than are still missing in the log when it begins."""
    answered: Counter[tuple[Holding, str]] = Counter()
    times = {made.name: made.times for made in all_made}
    for made in all_made:
        holding = history.holding_of(made.runner, made.at)
        if made.is_answered and holding is not None:
            answered[holding, made.name] += 1
    for (holding, name), count in answered.items():
        before = sum(1 for one in history.kept.get(name, []) if _is_known(one, holding, holding.begin))
        if count + before > times[name] > before:
            seen = f"{name}: {count} times by {holding.runner} under one claim, {before} kept before it"
            yield Violation(PAID_TWICE, holding.execution_id, seen)


def _check_kept(history: History, all_made: Sequence[Made]) -> Iterator[Violation]:
    """As many kept as the pipeline makes; all of them where the stage was completed."""
    times = {made.name: made.times for made in all_made}
    for name, wanted in times.items():
        kept = history.kept.get(name, [])
        if len(kept) > wanted:
            seen = f"{name} {[(one.seq, one.holding.runner) for one in kept]}, {wanted} wanted"
            yield Violation(KEPT_TWICE, kept[0].holding.execution_id, seen)
        execution_id = history.finished.get(name.split("/")[0])
        if execution_id is not None and len(kept) < wanted:
            yield Violation(NOT_KEPT, execution_id, f"{name}: {len(kept)} kept of {wanted}")


def _has_thawed(made: Made, freezes: Sequence[Freeze]) -> bool:
    return any(freeze.runner == made.runner and freeze.end <= made.at <= freeze.end + _AFTER_THAW for freeze in freezes)


def _all_made(evidence: Evidence) -> Iterator[Made]:
    for call in evidence.calls:
        marker, is_useless = call.marker, call.is_paid_for_nothing
        name = call_name(marker.stage, None if is_useless else marker.part)
        is_answered = call.outcome == "complete"
        yield Made(marker.tag, name, marker.times, call.runner, call.received_at, is_answered, f"call {marker}")
    for effect in evidence.effects:
        yield Made(effect.tag, effect.step, 1, effect.runner, effect.at, True, f"step {effect.step} of {effect.tag}")
