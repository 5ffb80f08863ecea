"""A trial: one prompt, run on every test case by the target model, its answers marked. For `compare` and `verdict`.

Marks are deterministic. An answer to a case with an `expected` text has it or has not. Any other answer is marked by
what can be measured without understanding it, which finds broken answers and says little about good ones.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.errors import StageError
from runner.functions.placeholders import fill_placeholders
from runner.functions.wording import share_copied, share_of_new, share_of_subject, shorten, words_of
from runner.groups import first_leaf
from runner.values import Json, as_text
from stagecast.functions import FunctionContext

MARKS = ("answers", "says_each_thing_once", "uses_own_words", "stays_on_subject")
"""What is measured of an answer to a case without `expected`; each from 0 to 1, the score is their mean."""

_FAILED_BELOW = 0.6
_FULL_MARK_SHARE = 0.3  # of the prompt's words: an answer need not say more of them to be on the subject
_SHOWN_CHARS = 240


class Case(BaseModel):
    """One test case.

    Attributes:
        vars: values of the prompt's placeholders.
        input: what a user would write below the prompt; empty for a prompt that stands alone.
        expected: what the answer must contain, or be.
    """

    model_config = ConfigDict(frozen=True)

    vars: dict[str, Json] = Field(default_factory=dict[str, Json])
    input: str = ""
    expected: str | None = None
    match: Literal["contains", "exact"] = "contains"

    def applied_to(self, prompt: str) -> str:
        """Return what the target model is sent."""
        filled = fill_placeholders(prompt, {name: as_text(value) for name, value in self.vars.items()})
        return f"{filled}\n\n{self.input}" if self.input else filled


class Failure(BaseModel):
    """A mark that an answer missed."""

    case: int
    mark: str
    answer: str


class Trial(BaseModel):
    """How a prompt did.

    Attributes:
        score: from 0 to 1, the mean of its cases; None when it could not be run on each of them.
        error: why it could not.
    """

    strategy: str
    prompt: str
    score: float | None = None
    model: str | None = None
    failures: list[Failure] = Field(default_factory=list[Failure])
    error: str | None = None


class Trials:
    """Runs trials of prompts that stand for the same original, a bounded number of model calls at once.

    Args:
        context: the stage's, whose model is the target.
        original: what the marks measure answers by, the same for every prompt.
        max_parallel: model calls in flight.
    """

    def __init__(self, context: FunctionContext, original: str, cases: Sequence[Case], max_parallel: int = 4) -> None:
        self._context = context
        self._original = original
        self._cases = cases
        self._permits = asyncio.Semaphore(max_parallel)

    async def run_all(self, prompts: Sequence[tuple[str, str]]) -> list[Trial]:
        """Try prompts, given as pairs of strategy and text, side by side."""
        try:
            async with asyncio.TaskGroup() as group:
                trials = [group.create_task(self.run(strategy, text)) for strategy, text in prompts]
        except BaseExceptionGroup as errors:
            raise first_leaf(errors) from None
        return [trial.result() for trial in trials]

    async def run(self, strategy: str, prompt: str) -> Trial:
        """Try one prompt on every case. A model call that fails makes a trial without a score."""
        try:
            async with asyncio.TaskGroup() as group:
                answers = [group.create_task(self._answer(case.applied_to(prompt))) for case in self._cases]
        except BaseExceptionGroup as errors:
            first = first_leaf(errors)
            if not isinstance(first, StageError):
                raise first from None
            return Trial(strategy=strategy, prompt=prompt, error=shorten(first.message, _SHOWN_CHARS))
        marks = [
            mark_answer(case, self._original, answer.result()[0])
            for case, answer in zip(self._cases, answers, strict=True)
        ]
        return Trial(
            strategy=strategy,
            prompt=prompt,
            score=round(sum(map(score_of, marks)) / len(marks), 4),
            model=answers[0].result()[1],
            failures=[
                Failure(case=number, mark=name, answer=shorten(answers[number].result()[0], _SHOWN_CHARS))
                for number, marked in enumerate(marks)
                for name, mark in marked.items()
                if mark < _FAILED_BELOW
            ],
        )

    async def _answer(self, text: str) -> tuple[str, str]:
        async with self._permits:
            answer = await self._context.complete(text)
        return answer.text, answer.model


def mark_answer(case: Case, original: str, answer: str) -> dict[str, float]:
    """Return the marks of an answer, each from 0 to 1, by name."""
    if case.expected is not None:
        wanted, given = _folded(case.expected), _folded(answer)
        is_right = given == wanted if case.match == "exact" else wanted in given
        return {"has_what_was_expected": float(is_right)}
    if not words_of(answer):
        return dict.fromkeys(MARKS, 0.0)
    asked = case.applied_to(original)
    on_subject = min(1.0, share_of_subject(asked, answer) / _FULL_MARK_SHARE)
    values = (1.0, share_of_new(answer), 1.0 - share_copied(asked, answer), on_subject)
    return dict(zip(MARKS, values, strict=True))


def score_of(marks: Mapping[str, float]) -> float:
    """Return the mean of an answer's marks."""
    return sum(marks.values()) / len(marks)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
