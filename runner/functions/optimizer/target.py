"""The target model: answers a prompt on a test case, and its answer is looked at by the checks. Compares nothing."""

import asyncio
from collections.abc import Sequence

from pydantic import BaseModel, Field

from contracts.errors import BudgetExceeded, ModelError, StageError
from contracts.evidence import TriedAnswer
from runner.functions.optimizer.cases import Case
from runner.functions.optimizer.checks import AnswerCheck, CheckResult, look_at
from runner.functions.wording import shorten
from stagecast.functions import FunctionContext

_SHOWN_CHARS = 240


class Tried(BaseModel):
    """What a prompt was answered on a case.

    Attributes:
        checks: what the checks found; the first ones are the case's own, the rest hold for every case.
        own: how many are the case's own.
        duration: milliseconds.
        error: why there is no answer.
        is_refused: the model would not answer this prompt, however often it is asked: no fault of the line.
    """

    text: str = ""
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0
    duration: int = 0
    checks: list[CheckResult] = Field(default_factory=list[CheckResult])
    own: int = 0
    error: str | None = None
    is_refused: bool = False

    @property
    def score(self) -> float | None:
        """The share of its checks that it passed; None where there are none, or no answer."""
        if self.error is not None or not self.checks:
            return None
        return sum(check.passed for check in self.checks) / len(self.checks)

    def failed_checks(self) -> list[CheckResult]:
        """Return the checks that it did not pass."""
        return [check for check in self.checks if not check.passed]

    def as_evidence(self) -> TriedAnswer:
        """Return it as the evidence has it."""
        score = self.score
        return TriedAnswer(
            text=self.text,
            score=None if score is None else round(score, 4),
            output_tokens=self.output_tokens,
            duration=self.duration,
            error=self.error,
        )


def is_hopeless(error: StageError) -> bool:
    """Tell whether no further call can do better: there is no budget, or what was asked for cannot be asked."""
    return isinstance(error, BudgetExceeded) or error.code in ("unknown_price", "unknown_model")


class Target:
    """Asks the target model, a bounded number of calls at once.

    Args:
        context: the stage's.
        alias: the model that answers.
        checks: what every answer must pass, besides its case's own checks.
        permits: shared with whoever else makes calls in this stage.
    """

    def __init__(
        self, context: FunctionContext, alias: str, checks: Sequence[AnswerCheck], permits: asyncio.Semaphore
    ) -> None:
        self._context = context
        self._alias = alias
        self._checks = tuple(checks)
        self._permits = permits

    async def answer(self, prompt: str, case: Case) -> Tried:
        """Run a prompt on a case. A call that failed is an answer with an `error`.

        Raises:
            StageError: no call may be made any more (`is_hopeless`).
        """
        system, user = case.message(prompt)
        try:
            async with self._permits:
                answer = await self._context.complete(user, system=system, model=self._alias)
        except StageError as error:
            if is_hopeless(error):
                raise
            is_refused = isinstance(error, ModelError) and not error.is_retryable
            return Tried(error=shorten(error.message, _SHOWN_CHARS), is_refused=is_refused)
        own = case.all_checks()
        return Tried(
            text=answer.text,
            model=answer.model,
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            cost=answer.cost_usd,
            duration=answer.duration_ms,
            checks=look_at([*own, *self._checks], answer.text),
            own=len(own),
        )
