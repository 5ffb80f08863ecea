"""What the logs say of who held which execution when, and of what was kept there: read once, asked by `call_rules`."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from contracts.events import ExecutionCompleted, ExecutionResumed, ExecutionStarted, StageCompleted
from contracts.journal import CallCompleted, ExecutionEnding, StepCompleted
from tests.chaos.log_rules import tag_of
from tests.chaos.markers import find_marker
from tests.chaos.records import ExecutionRecord


@dataclass(frozen=True, slots=True)
class Holding:
    """A claim as the log has it.

    Attributes:
        begin: not before this moment.
        lost_at: when the next runner claimed it, or its end was decided; None where neither happened.
    """

    execution_id: str
    runner: str
    seq: int
    begin: datetime
    lost_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished call or step in the log, with the claim under which it was written."""

    name: str
    seq: int
    at: datetime
    holding: Holding


@dataclass
class History:
    """All executions of one tag: the one that was submitted, and its reruns."""

    holdings: list[Holding] = field(default_factory=list[Holding])
    kept: dict[str, list[Kept]] = field(default_factory=lambda: defaultdict[str, list[Kept]](list))
    finished: dict[str, str] = field(default_factory=dict[str, str])
    """Stages that were completed and not taken over from another execution, with the execution that did."""

    def holding_of(self, runner: str, moment: datetime) -> Holding | None:
        """Return the last claim that this runner had made by then."""
        made = [holding for holding in self.holdings if holding.runner == runner and holding.begin <= moment]
        return max(made, key=lambda holding: holding.begin, default=None)


def read_histories(executions: Iterable[ExecutionRecord]) -> dict[str, History]:
    """Return the history of each tag."""
    histories: dict[str, History] = defaultdict(History)
    for execution in executions:
        if execution.log and execution.fault is None:
            _read(execution, histories[tag_of(execution)])
    return histories


def _read(execution: ExecutionRecord, history: History) -> None:
    starts = _moments(execution)
    claims = [
        index
        for index, logged in enumerate(execution.log)
        if isinstance(logged.event, ExecutionStarted | ExecutionResumed)
    ]
    ends = [
        index
        for index, logged in enumerate(execution.log)
        if isinstance(logged.event, ExecutionEnding | ExecutionCompleted)
    ]
    holding: Holding | None = None
    for index, logged in enumerate(execution.log):
        event = logged.event
        match event:
            case ExecutionStarted() | ExecutionResumed():
                following = [later for later in [*claims, *ends] if later > index]
                lost_at = starts[min(following)] if following else None
                holding = Holding(execution.execution_id, event.runner, event.seq, event.at, lost_at)
                history.holdings.append(holding)
            case CallCompleted() | StepCompleted() if holding is not None:
                name = _name(event)
                history.kept[name].append(Kept(name, event.seq, starts[index], holding))
            case StageCompleted() if event.result.reused_from is None:
                history.finished[event.stage.id] = execution.execution_id
            case _:
                pass


def _moments(execution: ExecutionRecord) -> list[datetime]:
    """When each event was stored, at the earliest: an event that waited for the broker was written down before."""
    moments: list[datetime] = []
    for logged in execution.log:
        moments.append(max(logged.event.at, moments[-1]) if moments else logged.event.at)
    return moments


def _name(event: CallCompleted | StepCompleted) -> str:
    if isinstance(event, StepCompleted):
        return f"{event.output['step']}"
    marker = find_marker(event.text)
    return call_name(event.stage.id, None if marker is None else marker.part)


def call_name(stage: str, part: str | None) -> str:
    """Name a call within its tag; `part` is None for an answer that was paid for and of no use."""
    return f"{stage}/{part}" if part is not None else f"{stage} without a useful answer"
