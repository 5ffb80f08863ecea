"""Stands between the engine and `Progress`: after the end nothing is told, and what cannot be told ends the run."""

import asyncio
from collections.abc import Awaitable, Callable

from contracts.journal import FinishedCall, FinishedStep
from contracts.results import StageOutcome
from runner.progress import Note, Progress, StagePlace
from runner.time_limit import clock_stopped
from runner.values import Json


class Teller:
    """Tells each step before it counts.

    When a callback raises, the run is to end: `on_broken` gets the exception, and whoever told is cancelled. So it
    cannot get lost in a plugin that catches exceptions around a model call.
    """

    def __init__(self, progress: Progress, on_broken: Callable[[Exception], None]) -> None:
        self._progress = progress
        self._on_broken = on_broken
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing is told any more."""
        return self._is_closed

    def close(self) -> None:
        """Tell nothing from now on: a later step is cancelled instead."""
        self._is_closed = True

    async def started(self, place: StagePlace) -> None:
        """Tell that a stage begins."""
        await self._tell(lambda: self._progress.stage_started(place))

    async def completed(self, place: StagePlace, outcome: StageOutcome) -> None:
        """Tell that a stage delivered."""
        await self._tell(lambda: self._progress.stage_completed(place, outcome))

    async def skipped(self, place: StagePlace, reason: str, output: Json) -> None:
        """Tell that a stage will not run."""
        await self._tell(lambda: self._progress.stage_skipped(place, reason, output))

    async def failed(self, place: StagePlace, error: str, code: str, outcome: StageOutcome) -> None:
        """Tell that a stage is given up."""
        await self._tell(lambda: self._progress.stage_failed(place, error, code, outcome))

    async def retrying(
        self, place: StagePlace, attempt: int, delay_ms: int, error: tuple[str, str], item: int | None
    ) -> None:
        """Tell that attempt number `attempt` follows after a wait; `error` is message and code of the one before."""
        message, code = error
        await self._tell(
            lambda: self._progress.stage_retrying(
                place, attempt=attempt, delay_ms=delay_ms, error=message, code=code, item=item
            )
        )

    async def progressed(self, place: StagePlace, note: Note) -> None:
        """Tell how far a stage's function is."""
        await self._tell(lambda: self._progress.stage_progressed(place, note))

    async def call_starting(self, place: StagePlace) -> None:
        """Tell that a model is about to be asked."""
        await self._tell(lambda: self._progress.call_starting(place))

    async def call_completed(self, place: StagePlace, call: FinishedCall) -> None:
        """Tell what a model call came to."""
        await self._tell(lambda: self._progress.call_completed(place, call))

    async def step_completed(self, place: StagePlace, step: FinishedStep) -> None:
        """Tell what a function's step came to."""
        await self._tell(lambda: self._progress.step_completed(place, step))

    def text(self, place: StagePlace, text: str, item: int | None) -> None:
        """Pass live text on; never raises, as it is called from inside model clients and plugins."""
        if self._is_closed or not text:
            return
        try:
            # A model can end a piece in half a character, which no event can carry.
            self._progress.text(place, text.encode("utf-8", "replace").decode(), item)
        except Exception as error:
            # Whatever it was: passed on to the caller of the run.
            self._break(error)

    async def _tell(self, step: Callable[[], Awaitable[None]]) -> None:
        if self._is_closed:
            raise asyncio.CancelledError
        try:
            with clock_stopped():
                await step()
        except Exception as error:
            # Whatever it was: passed on to the caller of the run.
            self._break(error)
            raise asyncio.CancelledError from None

    def _break(self, error: Exception) -> None:
        self.close()
        self._on_broken(error)
