"""What a runner knows of an execution's log before it claims it. Writing is `claim`'s affair."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.state import ExecutionState, fold
from stagecast.log import Entry, ExecutionLog


@dataclass(frozen=True, slots=True)
class KnownLog:
    """What is known of an execution's log: its fold, and its size in bytes."""

    state: ExecutionState
    size: int


async def read_known(log: ExecutionLog, execution_id: str) -> KnownLog | None:
    """Read an execution's log and fold it; None when the log does not know it.

    Raises:
        LogUnavailable: the broker does not answer.
        CorruptLog: the events contradict each other.
        pydantic.ValidationError: an event or the definition is of a form that this version does not know.
    """
    return known_of(await log.read(execution_id))


def known_of(entries: Sequence[Entry]) -> KnownLog | None:
    """Fold what was read; raises like `read_known`."""
    state = fold(entry.stored_event() for entry in entries)
    return None if state is None else KnownLog(state, sum(len(entry.data) for entry in entries))
