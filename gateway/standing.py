"""Where an execution stands, as far as a live feed must know: its status, and which live text has its place.

Pure: entries in, answers out. It is noted once for all subscribers of a feed. The whole state is `contracts.state`.
"""

from typing import Any

from pydantic_core import from_json

from contracts.events import (
    ExecutionCompleted,
    ExecutionReleased,
    ExecutionResumed,
    ExecutionStarted,
    StageStarted,
    wire_name,
)
from contracts.state import ExecutionStatus
from stagecast.log import Entry

TERMINAL = wire_name(ExecutionCompleted)
"""The type of the event that ends an execution."""

_STARTED, _RESUMED, _RELEASED = map(wire_name, (ExecutionStarted, ExecutionResumed, ExecutionReleased))
_STAGE_STARTED = wire_name(StageStarted)


class Standing:
    """What was noted of one execution so far.

    Live text is in place only while its stage is known to be running, under the claim that started it.
    """

    def __init__(self) -> None:
        self._status: ExecutionStatus = "queued"
        self._attempt = 0
        self._running: set[int] = set()
        self._end: Entry | None = None

    @property
    def is_ended(self) -> bool:
        """Whether the terminal event was noted."""
        return self._end is not None

    @property
    def end(self) -> Entry | None:
        """The terminal event, once it was noted."""
        return self._end

    @property
    def status(self) -> ExecutionStatus:
        """Where the execution stands; read from its result, which may be large, only when somebody asks."""
        if self._end is not None and self._status in ("queued", "running"):
            self._status = _fields(self._end)["result"]["status"]
        return self._status

    def note(self, entry: Entry) -> None:
        """Take in the next stored event."""
        match entry.type:
            case stage if stage == _STAGE_STARTED:
                self._running.add(_fields(entry)["index"])
            case claim if claim in (_STARTED, _RESUMED):
                self._attempt = _fields(entry)["attempt"]
                self._status = "running"
                self._running.clear()
            case released if released == _RELEASED:
                self._status = "queued"
                self._running.clear()
            case end if end == TERMINAL:
                self._end = entry
                self._running.clear()
            case _:
                pass

    def is_in_place(self, text: Entry) -> bool:
        """Tell whether live text belongs to a stage that runs now, under the claim that holds now."""
        if not self._running:
            return False
        fields = _fields(text)
        return fields.get("index") in self._running and fields.get("attempt") == self._attempt


# Any: JSON that a runner wrote from our models.
def _fields(entry: Entry) -> dict[str, Any]:
    return from_json(entry.data)
