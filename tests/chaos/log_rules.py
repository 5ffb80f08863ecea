"""What must hold of every execution's log and its saved result."""

from collections.abc import Iterator

from contracts.errors import CorruptLog
from contracts.events import ExecutionCompleted, ExecutionQueued
from contracts.journal import ExecutionEnding
from contracts.state import fold
from tests.chaos.markers import find_markers
from tests.chaos.records import ExecutionRecord, Violation

UNREADABLE = "log cannot be read"
HOLE = "numbers have a hole"
CONTRADICTION = "events contradict each other"
TERMINAL = "not exactly one terminal event"
CHANGED_END = "ended otherwise than decided"
RESULT = "result file missing or different"
MIXED_UP = "result of another execution"


def check_log(execution: ExecutionRecord) -> Iterator[Violation]:
    """Tell what is wrong with one execution's log, and with its result."""
    if execution.fault is not None:
        yield _violation(UNREADABLE, execution, execution.fault)
        return
    numbers = [logged.event.seq for logged in execution.log]
    if numbers != list(range(len(numbers))):
        yield _violation(HOLE, execution, f"numbers {numbers}")
    try:
        fold(logged.event for logged in execution.log)
    except CorruptLog as error:
        yield _violation(CONTRADICTION, execution, error.message)
    yield from _check_end(execution)


def _check_end(execution: ExecutionRecord) -> Iterator[Violation]:
    types = [logged.event.type for logged in execution.log]
    ends = [logged.event for logged in execution.log if isinstance(logged.event, ExecutionCompleted)]
    if len(ends) != 1 or execution.log[-1].event is not ends[0]:
        yield _violation(TERMINAL, execution, f"{len(ends)} of them in {types}")
    if not ends:
        return
    end = ends[-1]
    for decided in [logged.event for logged in execution.log if isinstance(logged.event, ExecutionEnding)]:
        if decided.result != end.result:
            yield _violation(CHANGED_END, execution, f"{decided.result.status}, then {end.result.status}")
    if end.filename is None:
        yield _violation(RESULT, execution, "the terminal event names no file")
    elif execution.saved is None:
        yield _violation(RESULT, execution, f"{end.filename}: {execution.saved_fault}")
    elif execution.saved != end.result:
        yield _violation(RESULT, execution, f"{end.filename} says {execution.saved.status}, not {end.result.status}")
    tag = tag_of(execution)
    strange = {marker.tag for marker in find_markers(end.result.model_dump_json())} - {tag}
    if strange:
        yield _violation(MIXED_UP, execution, f"{tag} has answers to {sorted(strange)}")


def tag_of(execution: ExecutionRecord) -> str:
    """Return the tag that an execution was submitted with; empty when its log cannot tell."""
    first = execution.log[0].event if execution.log else None
    return first.input if isinstance(first, ExecutionQueued) else ""


def _violation(kind: str, execution: ExecutionRecord, seen: str) -> Violation:
    return Violation(kind, execution.execution_id, seen)
