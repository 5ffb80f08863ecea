"""The report of a chaos run, as text: what was done, and what went wrong."""

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from contracts.events import ExecutionCancelRequested, ExecutionCompleted, ExecutionResumed
from tests.chaos.faults import Fault
from tests.chaos.records import Evidence, Violation
from tests.chaos.submission_rules import status_of

_SHOWN = 40


@dataclass
class Report:
    """One variant's outcome.

    Attributes:
        injected: how often each fault was done.
        strays: requests at the model server that no pipeline of ours makes.
    """

    variant: str
    seconds: float = 0.0
    injected: Counter[str] = field(default_factory=Counter[str])
    refusals: Counter[str] = field(default_factory=Counter[str])
    median_in_flight: float = 0.0
    strays: int = 0
    violations: list[Violation] = field(default_factory=list[Violation])
    counts: dict[str, int] = field(default_factory=dict[str, int])

    def count(self, evidence: Evidence) -> None:
        """Take the numbers out of the evidence."""
        statuses = Counter(status_of(execution) or "not ended" for execution in evidence.executions.values())
        self.counts = {
            "submissions accepted": len(evidence.submissions),
            "executions in the log": len(evidence.executions),
            **{f"executions ended as {status}": count for status, count in sorted(statuses.items())},
            "claims that followed another": sum(_resumed(evidence)),
            "median ms from a cancel to the end": _median_cancel_ms(evidence),
            "cancels answered": sum(len(submission.cancel_answers) for submission in evidence.submissions),
            "model calls made": len(evidence.calls),
            "model calls answered": sum(1 for call in evidence.calls if call.outcome == "complete"),
            "model calls left by their client": sum(1 for call in evidence.calls if call.outcome == "left"),
            "steps done": len(evidence.effects),
            "events stored": sum(len(execution.log) for execution in evidence.executions.values()),
            "subscribers": len(evidence.subscribers),
            "connections of subscribers": sum(subscriber.connections for subscriber in evidence.subscribers),
        }

    def __str__(self) -> str:
        """Write the tables."""
        kinds = Counter(violation.kind for violation in self.violations)
        lines = [
            f"== {self.variant}: {self.seconds:.0f} s, {self.median_in_flight:.0f} executions in flight at the median",
            *_table("faults injected", self.injected.items()),
            *_table("what happened", self.counts.items()),
            *([f"  requests that no pipeline of ours makes: {self.strays}"] if self.strays else []),
            *_table("submissions refused or unanswered", sorted(self.refusals.items())),
            *_table(f"violations: {len(self.violations)}", kinds.items()),
        ]
        for violation in self.violations[:_SHOWN]:
            lines.append(f"  ! {violation.execution_id}: {violation.kind}: {violation.seen}")
        if len(self.violations) > _SHOWN:
            lines.append(f"  … and {len(self.violations) - _SHOWN} more")
        return "\n".join(lines)


def schedule_text(schedule: Iterable[Fault]) -> str:
    """Write the schedule, so that a failure can be replayed by hand."""
    return "\n".join(f"  {fault}" for fault in schedule)


def _table(title: str, rows: Iterable[tuple[str, int]]) -> list[str]:
    return [title, *(f"  {name:<50} {count:>8}" for name, count in rows)]


def _median_cancel_ms(evidence: Evidence) -> int:
    spans: list[float] = []
    for execution in evidence.executions.values():
        asked = [logged.event.at for logged in execution.log if isinstance(logged.event, ExecutionCancelRequested)]
        ended = [logged.event.at for logged in execution.log if isinstance(logged.event, ExecutionCompleted)]
        spans += [(end - begin).total_seconds() * 1000 for begin, end in zip(asked, ended, strict=False)]
    return round(statistics.median(spans)) if spans else 0


def _resumed(evidence: Evidence) -> list[int]:
    return [
        sum(1 for logged in execution.log if isinstance(logged.event, ExecutionResumed))
        for execution in evidence.executions.values()
    ]
