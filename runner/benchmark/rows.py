"""From outcomes to the rows of the table: seeds pooled, each method against the original on the same items."""

from collections.abc import Sequence
from dataclasses import dataclass

from runner.benchmark.comparison import ORIGINAL, Outcome
from runner.benchmark.intervals import Interval, mean_interval, wilson_interval
from runner.functions.optimizer.sign_test import p_value


@dataclass(frozen=True, slots=True)
class Row:
    """A method on a task, over all seeds that were run.

    Attributes:
        better, worse: items that it answered rightly and the original did not, and the other way round.
        calls, tokens, cost_usd, seconds: of optimizing, mean of a run.
        errors: why runs have no score; they are not part of the rest.
    """

    task: str
    method: str
    runs: int
    right: int
    total: int
    interval: Interval
    better: int
    worse: int
    p_value: float
    calls: float
    tokens: float
    cost_usd: float | None
    seconds: float
    notes: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        """Share of unseen items answered rightly."""
        return self.right / self.total if self.total else 0.0

    @property
    def gain(self) -> float:
        """Difference of accuracy to the original's on the same items."""
        return (self.better - self.worse) / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """A method over all tasks and seeds.

    Attributes:
        runs: pairs of task and seed with a score.
        gain: mean over the runs of the difference of accuracy to the original's.
        interval: of that mean, by Student's t over the runs; None for a single run.
    """

    method: str
    runs: int
    failed: int
    gain: float
    interval: Interval | None
    better: int
    worse: int
    p_value: float


def build_rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return a row for each task and method, in the order in which they were run."""
    pairs = dict.fromkeys((outcome.task, outcome.method) for outcome in outcomes)
    return [_row(task, method, outcomes) for task, method in pairs]


def build_summaries(outcomes: Sequence[Outcome]) -> list[Summary]:
    """Return a summary for each method but the original."""
    methods = dict.fromkeys(outcome.method for outcome in outcomes if outcome.method != ORIGINAL)
    return [_summary(method, outcomes) for method in methods]


def _row(task: str, method: str, outcomes: Sequence[Outcome]) -> Row:
    mine = [outcome for outcome in outcomes if (outcome.task, outcome.method) == (task, method)]
    scored = [outcome for outcome in mine if outcome.error is None]
    right, total = sum(sum(each.right) for each in scored), sum(len(each.right) for each in scored)
    better, worse = _against_original(scored, outcomes)
    costs = [each.used.cost_usd for each in scored]
    known = [cost for cost in costs if cost is not None]
    return Row(
        task=task,
        method=method,
        runs=len(scored),
        right=right,
        total=total,
        interval=wilson_interval(right, total),
        better=better,
        worse=worse,
        p_value=p_value(better, worse),
        calls=_mean([float(each.used.calls) for each in scored]),
        tokens=_mean([float(each.used.input_tokens + each.used.output_tokens) for each in scored]),
        cost_usd=_mean(known) if len(known) == len(costs) else None,
        seconds=_mean([each.seconds for each in scored]),
        notes=tuple(dict.fromkeys(each.note for each in scored if each.note)),
        errors=tuple(dict.fromkeys(each.error for each in mine if each.error is not None)),
    )


def _summary(method: str, outcomes: Sequence[Outcome]) -> Summary:
    mine = [outcome for outcome in outcomes if outcome.method == method]
    scored = [outcome for outcome in mine if outcome.error is None]
    counts = [(_against_original([each], outcomes), len(each.right)) for each in scored]
    gains = [(better - worse) / total for (better, worse), total in counts if total]
    better, worse = _against_original(scored, outcomes)
    return Summary(
        method=method,
        runs=len(scored),
        failed=len(mine) - len(scored),
        gain=_mean(gains),
        interval=mean_interval(gains),
        better=better,
        worse=worse,
        p_value=p_value(better, worse),
    )


def _against_original(mine: Sequence[Outcome], outcomes: Sequence[Outcome]) -> tuple[int, int]:
    originals = {(each.task, each.seed): each.right for each in outcomes if each.method == ORIGINAL}
    pairs = [
        (now, before)
        for each in mine
        for now, before in zip(each.right, originals.get((each.task, each.seed), ()), strict=False)
    ]
    return sum(now > before for now, before in pairs), sum(now < before for now, before in pairs)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
