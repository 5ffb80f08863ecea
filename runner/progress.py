"""What the engine tells while it runs: the callbacks of the story's PipelineExecutor. Not where they lead."""

from dataclasses import dataclass
from typing import Any, Protocol

from contracts.journal import FinishedCall, FinishedStep
from contracts.results import StageOutcome


@dataclass(frozen=True, slots=True)
class StagePlace:
    """Which stage, and its place in the file: `index` from 0, of `total`."""

    id: str
    name: str
    index: int
    total: int


@dataclass(frozen=True, slots=True)
class Note:
    """How far a stage's function is, in its own words.

    Attributes:
        number: which use of `progress` in an attempt it is, from 0.
        item: the item's place, in a foreach.
    """

    message: str
    data: Any
    number: int
    item: int | None


class Progress(Protocol):
    """Told of every step. A callback that raises ends the run: what could not be told has not happened."""

    async def stage_started(self, place: StagePlace) -> None:
        """Called before anything of the stage runs."""
        ...

    async def stage_completed(self, place: StagePlace, outcome: StageOutcome) -> None:
        """Called before any stage that needs this one starts."""
        ...

    async def stage_skipped(self, place: StagePlace, reason: str, output: Any) -> None:
        """Called for a stage that never started; `output` is what it offers to later stages."""
        ...

    async def stage_failed(self, place: StagePlace, error: str, code: str, outcome: StageOutcome) -> None:
        """Called once a stage is given up; `outcome` has what was spent."""
        ...

    async def stage_retrying(
        self, place: StagePlace, *, attempt: int, delay_ms: int, error: str, code: str, item: int | None = None
    ) -> None:
        """Called before the wait that precedes attempt number `attempt` (2 is the first repetition)."""
        ...

    async def stage_progressed(self, place: StagePlace, note: Note) -> None:
        """Called with what a function tells of itself; a note of this number that was told before is not told again."""
        ...

    async def call_starting(self, place: StagePlace) -> None:
        """Called before a model call or a step is made: the last moment at which to find that nobody wants it."""
        ...

    async def call_completed(self, place: StagePlace, call: FinishedCall) -> None:
        """Called once a model call was paid for, before its answer is used."""
        ...

    async def step_completed(self, place: StagePlace, step: FinishedStep) -> None:
        """Called once a function's step is done, before its output is used."""
        ...

    def text(self, place: StagePlace, text: str, item: int | None = None) -> None:
        """Called with live text as a model writes it; must return at once."""
        ...


class NullProgress:
    """Tells nobody. For running a pipeline without a broker."""

    async def stage_started(self, place: StagePlace) -> None:
        """Do nothing."""

    async def stage_completed(self, place: StagePlace, outcome: StageOutcome) -> None:
        """Do nothing."""

    async def stage_skipped(self, place: StagePlace, reason: str, output: Any) -> None:
        """Do nothing."""

    async def stage_failed(self, place: StagePlace, error: str, code: str, outcome: StageOutcome) -> None:
        """Do nothing."""

    async def stage_retrying(
        self, place: StagePlace, *, attempt: int, delay_ms: int, error: str, code: str, item: int | None = None
    ) -> None:
        """Do nothing."""

    async def stage_progressed(self, place: StagePlace, note: Note) -> None:
        """Do nothing."""

    async def call_starting(self, place: StagePlace) -> None:
        """Do nothing."""

    async def call_completed(self, place: StagePlace, call: FinishedCall) -> None:
        """Do nothing."""

    async def step_completed(self, place: StagePlace, step: FinishedStep) -> None:
        """Do nothing."""

    def text(self, place: StagePlace, text: str, item: int | None = None) -> None:
        """Do nothing."""
