"""Tells the world what the engine does: stored events through the claim, live text straight to the broker."""

import asyncio
from types import TracebackType
from typing import Any, TypedDict

import structlog

from contracts.envelope import StageRef
from contracts.errors import LogUnavailable
from contracts.events import (
    StageCompleted,
    StageFailed,
    StageOutput,
    StageProgress,
    StageRetrying,
    StageSkipped,
    StageStarted,
)
from contracts.journal import CallCompleted, FinishedCall, FinishedStep, StepCompleted
from contracts.results import StageOutcome
from contracts.state import StageState
from runner.claim import Claim
from runner.progress import Note, StagePlace
from stagecast.log import ExecutionLog

_TEXT_INTERVAL_SECONDS = 0.05  # pieces of text written within this time travel together

log_line = structlog.get_logger()


class _About(TypedDict):
    """What every event about a stage carries."""

    execution_id: str
    stage: StageRef
    index: int
    total: int


class _Numbered(_About):
    """The same, with its number."""

    seq: int


class Report:
    """`Progress` over a claim. An async context: live text flows while it is open.

    Every stored callback raises `ClaimLost` once the execution is no longer ours.
    """

    def __init__(self, claim: Claim, log: ExecutionLog) -> None:
        self._claim = claim
        self._log = log
        self._pending: dict[tuple[StagePlace, int | None], list[str]] = {}
        self._has_text = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._is_over = False

    async def __aenter__(self) -> "Report":
        """Begin; live text is sent as soon as there is some."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop sending live text; what is still pending is dropped, as it is not stored anyway."""
        self._is_over = True
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)

    async def stage_started(self, place: StagePlace) -> None:
        """Store `stage:started`."""
        await self._claim.append(StageStarted(**self._numbered(place)))

    async def stage_completed(self, place: StagePlace, outcome: StageOutcome) -> None:
        """Store `stage:completed`, after the last of the stage's live text."""
        await self._flush(place)
        await self._claim.append(
            StageCompleted(
                **self._numbered(place),
                result=outcome,
            )
        )

    async def stage_skipped(self, place: StagePlace, reason: str, output: Any) -> None:
        """Store `stage:skipped`."""
        await self._claim.append(
            StageSkipped(
                **self._numbered(place),
                reason=reason,
                output=output,
            )
        )

    async def stage_failed(self, place: StagePlace, error: str, code: str, outcome: StageOutcome) -> None:
        """Store `stage:failed`, after the last of the stage's live text."""
        await self._flush(place)
        await self._claim.append(
            StageFailed(
                **self._numbered(place),
                error=error,
                code=code,
                result=outcome,
            )
        )

    async def stage_retrying(
        self, place: StagePlace, *, attempt: int, delay_ms: int, error: str, code: str, item: int | None = None
    ) -> None:
        """Store `stage:retrying`, after the live text of the attempt that failed."""
        await self._flush(place)
        await self._claim.append(
            StageRetrying(
                **self._numbered(place),
                attempt=attempt,
                delay=delay_ms,
                error=error,
                code=code,
                item=item,
            )
        )

    async def stage_progressed(self, place: StagePlace, note: Note) -> None:
        """Store `stage:progress`, unless the log has it or the stage has ended."""
        event = StageProgress(**self._numbered(place), message=note.message, data=note.data, item=note.item)
        await self._claim.append_unless(event, lambda state: _is_settled_or_told(state.stages[place.id], note))

    async def call_starting(self, place: StagePlace) -> None:
        """Make sure that the execution is still ours and may go on, so that nobody pays for a call in vain."""
        await self._claim.confirm()

    async def call_completed(self, place: StagePlace, call: FinishedCall) -> None:
        """Store `call:completed`, after the live text of the call."""
        await self._flush(place)
        await self._claim.keep(CallCompleted(**self._numbered(place), **dict(call)))

    async def step_completed(self, place: StagePlace, step: FinishedStep) -> None:
        """Store `step:completed`."""
        await self._claim.keep(StepCompleted(**self._numbered(place), **dict(step)))

    def text(self, place: StagePlace, text: str, item: int | None = None) -> None:
        """Keep live text for the next sending."""
        self._pending.setdefault((place, item), []).append(text)
        self._has_text.set()
        if self._pump is None and not self._is_over:
            self._pump = asyncio.create_task(self._send_text())

    def _about(self, place: StagePlace) -> _About:
        stage = StageRef(id=place.id, name=place.name)
        return {"execution_id": self._claim.execution_id, "stage": stage, "index": place.index, "total": place.total}

    def _numbered(self, place: StagePlace) -> _Numbered:
        # The claim numbers it anew where another event comes before it.
        return {**self._about(place), "seq": self._claim.state.next_seq}

    async def _send_text(self) -> None:
        while True:
            await self._has_text.wait()
            await asyncio.sleep(_TEXT_INTERVAL_SECONDS)
            self._has_text.clear()
            await self._publish(list(self._pending))

    async def _flush(self, place: StagePlace) -> None:
        await self._publish([key for key in self._pending if key[0] == place])

    async def _publish(self, keys: list[tuple[StagePlace, int | None]]) -> None:
        for key in keys:
            pieces = self._pending.pop(key, None)
            if not pieces:
                continue
            place, item = key
            event = StageOutput(
                **self._about(place),
                text="".join(pieces),
                attempt=self._claim.attempt,
                item=item,
            )
            try:
                await self._log.publish_text(event)
            except LogUnavailable:
                # Live text may be lost by promise; the stage's result carries all of it.
                log_line.debug("live text dropped", execution_id=self._claim.execution_id)


def _is_settled_or_told(stage: StageState, note: Note) -> bool:
    return stage.phase != "running" or stage.progress.get(note.item, 0) > note.number
