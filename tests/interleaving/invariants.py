"""What must be true of every interleaving once everything has come to rest. What is watched meanwhile is in `world`."""

from collections.abc import Sequence

from contracts.errors import CorruptLog
from contracts.events import (
    JOURNAL_TYPES,
    ExecutionCancelRequested,
    ExecutionCompleted,
    ExecutionFinishRequested,
    ExecutionQueued,
    ExecutionResumed,
    ExecutionStarted,
    StageOutput,
    StageProgress,
)
from contracts.ids import output_filename
from contracts.journal import CallCompleted, ExecutionEnding
from contracts.results import PipelineResult
from contracts.state import ExecutionState, fold
from stagecast.log import Entry
from tests.interleaving.actors import Heard
from tests.interleaving.world import World

ENDS = "every submission comes to its end"
ONE_END = "one terminal event, and it is the last"
NUMBERS = "numbers go from 0 without holes"
FOLDS = "the log can be folded"
SAVED = "the saved result is that of the terminal event"
CANCEL = "what was cancelled ends as cancelled, and nothing else does"
DELIVERS = "what was not cancelled delivers what it always delivers, or what there was when it was to finish"
WISHED_ONCE = "asking to finish again stores nothing new"
TOLD_ONCE = "what a function tells of itself is stored once, in order"
COSTS = "a result costs what its calls cost"
OWNERS = "only the owner writes"
HEARD = "a subscriber gets each event once, in order"


def check_execution(world: World, execution_id: str, entries: Sequence[Entry], expected: object) -> None:
    """Look at one execution.

    Args:
        world: told what is not as it must be.
        execution_id: which one.
        entries: its log.
        expected: its output when nothing goes wrong.
    """
    if [entry.seq for entry in entries] != list(range(len(entries))):
        world.accuse(NUMBERS, str([entry.seq for entry in entries]))
    try:
        state = fold(entry.stored_event() for entry in entries)
    except CorruptLog as error:
        world.accuse(FOLDS, error.message)
        return
    ends = [entry.seq for entry in entries if isinstance(entry.stored_event(), ExecutionCompleted)]
    if ends != [len(entries) - 1]:
        world.accuse(ONE_END, f"terminal events at {ends} of {len(entries)}")
    if state is None or state.result is None:
        return
    _check_files(world, state, state.result)
    _check_cancel(world, execution_id, state.result, expected)
    _check_costs(world, execution_id, state.result)
    _check_owners(world, execution_id)
    _check_progress(world, execution_id, state.result)


def _check_files(world: World, state: ExecutionState, result: PipelineResult) -> None:
    name = output_filename(result.pipeline_id, result.execution_id)
    saved = world.files.get(name, [])
    if state.filename is None and not saved:
        return  # the outputs did not answer; the log has the result
    if not saved or saved[-1] != result:
        world.accuse(SAVED, f"the file says {saved[-1].status if saved else 'nothing'}, the log {result.status}")


def _check_cancel(world: World, execution_id: str, result: PipelineResult, expected: object) -> None:
    asked = ended = None
    for number, stored in enumerate(world.stored[execution_id]):
        if isinstance(stored.event, ExecutionCancelRequested) and asked is None:
            asked = number
        if isinstance(stored.event, ExecutionEnding):
            ended = number
    is_due = asked is not None and (ended is None or asked < ended)
    if is_due != (result.status == "cancelled"):
        world.accuse(CANCEL, f"asked at {asked}, decided at {ended}, ended as {result.status}")
    elif execution_id in world.cancelled and result.status != "cancelled":
        world.accuse(CANCEL, f"somebody was told that it is cancelled; it ended as {result.status}")
    if result.status == "cancelled" or result.error_code == "runner_lost":
        return
    wishes = [s.event.seq for s in world.stored[execution_id] if isinstance(s.event, ExecutionFinishRequested)]
    if len(wishes) > 1:
        world.accuse(WISHED_ONCE, str(wishes))
    if result.status != "success" or (expected is not None and not wishes and result.output != expected):
        world.accuse(DELIVERS, f"{result.status} {result.error} {result.output!r}")


def _check_costs(world: World, execution_id: str, result: PipelineResult) -> None:
    """A cancelled run may have paid for a call that it could not journal any more; others cost what the log says."""
    events = [stored.event for stored in world.stored[execution_id]]
    journalled = sum(event.cost or 0.0 for event in events if isinstance(event, CallCompleted))
    most = world.paid[execution_id] if result.status == "cancelled" else journalled
    cost = result.summary.total_cost
    if cost is None or not journalled <= cost <= most:
        world.accuse(COSTS, f"it says {cost}; journalled {journalled}, paid {world.paid[execution_id]}")


def _check_owners(world: World, execution_id: str) -> None:
    owner: str | None = None
    for stored in world.stored[execution_id]:
        match stored.event:
            case ExecutionQueued() | ExecutionCancelRequested() | ExecutionFinishRequested():
                pass
            case ExecutionStarted() | ExecutionResumed():
                owner = stored.process
            case event:
                if owner is not None and stored.process != owner:
                    world.accuse(OWNERS, f"{stored.process} wrote {event.type} ({event.seq}) into {owner}'s execution")


def _check_progress(world: World, execution_id: str, result: PipelineResult) -> None:
    told = [s.event.message for s in world.stored[execution_id] if isinstance(s.event, StageProgress)]
    answers = result.output[0] if result.pipeline_id == "search" and result.status == "success" else None
    wanted = [f"try {number} answered" for number in range(3)]
    if told != wanted[: len(told)] or (answers is not None and len(told) != len(answers)):
        world.accuse(TOLD_ONCE, f"{told} for {answers}")


def check_heard(world: World, heard: Heard, entries: Sequence[Entry]) -> None:
    """Look at what one subscriber got of an execution, perhaps before its gateway died."""
    stored = [entry for entry in heard.entries if entry.seq is not None]
    wanted = [entry for entry in entries if heard.with_journal or entry.type not in JOURNAL_TYPES]
    if heard.has_ended and len(stored) != len(wanted):
        world.accuse(HEARD, f"{heard.process.name} got {len(stored)} of {len(wanted)}")
    elif [entry.data for entry in stored] != [entry.data for entry in wanted[: len(stored)]]:
        world.accuse(HEARD, f"{heard.process.name} got {[entry.seq for entry in stored]}")
    attempt = 0
    for entry in heard.entries:
        match entry.event():
            case ExecutionStarted(attempt=current) | ExecutionResumed(attempt=current):
                attempt = current
            case StageOutput(attempt=current) if current != attempt:
                world.accuse(HEARD, f"{heard.process.name} got text of claim {current} under claim {attempt}")
            case _:
                pass
