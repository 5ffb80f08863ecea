"""What a process reaches besides the log: the outputs, the models, and who is alive. Over the same line."""

import asyncio
from collections.abc import Callable

from contracts.errors import LogUnavailable, ModelError, OutputsUnavailable
from contracts.pipeline import ModelSpec
from contracts.results import PipelineResult
from runner.models.client import ModelCallFailed, ModelReply, ModelRequest, Spent
from tests.interleaving.clients import Line
from tests.interleaving.pipelines import REFUSED_FIRST, SPOILT_FIRST, answer_to
from tests.interleaving.world import CALL_COST, SPOILT_CALL_COST


class LineStore:
    """The outputs over a line: a save that nobody waits for any more may still land."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def save(self, result: PipelineResult) -> str:
        """Save a result."""

        async def land() -> str:
            return self._line.world.note_saved(self._line.process, result)

        try:
            return await self._line.request(land)
        except LogUnavailable as error:
            raise OutputsUnavailable(error.message) from None


class LineModels:
    """A model over a line. It answers each question in one way; see `pipelines` for those that fail at first."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def prepare(self, spec: ModelSpec) -> None:
        """Be ready."""

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Ask."""
        world, question = self._line.world, request.user
        asked = world.note_asked(self._line.process, question)

        async def answer() -> ModelReply:
            times = world.times_asked(question)
            await asyncio.sleep(world.plan.thinks)
            if question.startswith(REFUSED_FIRST) and times == 1:
                raise ModelError("Too many requests.", code="rate_limit", is_retryable=True)
            if question.startswith(SPOILT_FIRST) and times == 1:
                world.paid[world.execution_of(question)] += SPOILT_CALL_COST
                spent = Spent(2, 2, SPOILT_CALL_COST)
                raise ModelCallFailed("Cut short.", spent=spent, code="transport", is_retryable=True)
            world.paid[world.execution_of(question)] += CALL_COST
            return ModelReply(answer_to(question), answer_to(question), request.spec.use, 10, 5, CALL_COST)

        try:
            reply = await self._line.request(answer, limit=world.plan.thinks + 5.0)
        except LogUnavailable as error:
            world.note_unanswered(asked)
            raise ModelError(error.message, code="transport", is_retryable=True) from None
        except (ModelError, asyncio.CancelledError):
            world.note_unanswered(asked)
            raise
        if on_text is not None:
            on_text(reply.text)
        return reply

    def is_priced(self, spec: ModelSpec) -> bool:
        """All are."""
        return True

    async def close(self) -> None:
        """Nothing to free."""


class LineLiveness:
    """Who is alive, as the broker knows it."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def may_be_alive(self, name: str) -> bool:
        """Ask."""

        async def look() -> bool:
            return self._line.world.may_be_alive(name)

        return await self._line.request(look)
