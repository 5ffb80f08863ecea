"""Where prompts are tried and their answers compared: target, judge and checks of one optimization, in one stage."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from runner.functions.optimizer.analysis import Analysis
from runner.functions.optimizer.cases import CaseSplit, NumberedCase
from runner.functions.optimizer.duel import Contest, Duel
from runner.functions.optimizer.judge import Judge
from runner.functions.optimizer.rules import Rules
from runner.functions.optimizer.target import Target, Tried
from stagecast.functions import FunctionContext

JUDGE_CALLS = 2
"""Calls for a pair: both orders."""

Result = TypeVar("Result")


class Arena:
    """Runs prompts and duels side by side, a bounded number of model calls at once.

    Args:
        context: the stage's.
        original: the prompt that was submitted.
        analysis: for the judge's criteria.
        rules: for the checks that every answer must pass.
    """

    def __init__(self, context: FunctionContext, original: str, analysis: Analysis, rules: Rules) -> None:
        permits = asyncio.Semaphore(rules.max_parallel)
        self.max_parallel = rules.max_parallel
        self._target = Target(context, "target", rules.checks, permits)
        self._contest = Contest(original, Judge(context, "judge", analysis.criteria, permits))

    async def answer_all(self, prompts: Sequence[str], cases: Sequence[NumberedCase]) -> list[list[Tried]]:
        """Return the answers of each prompt on each case.

        Raises:
            BudgetExceeded: a call was refused; those in flight were waited for.
        """
        answers = await _all([self._target.answer(prompt, case.case) for prompt in prompts for case in cases])
        return [answers[start : start + len(cases)] for start in range(0, len(answers), len(cases))]

    async def decide_all(self, bouts: Sequence[tuple[NumberedCase, Tried, Tried]]) -> list[Duel]:
        """Decide duels, given as case, incumbent's and challenger's answer. Raises as `answer_all`."""
        return await _all([self._contest.decide(*bout) for bout in bouts])


def calls_to_prove(split: CaseSplit) -> int:
    """Return how many calls the comparison on the held-out cases takes at most, retries left out."""
    return sum(2 if case.case.is_decided_by_checks else 2 + JUDGE_CALLS for case in split.held_out)


async def _all(calls: Sequence[Awaitable[Result]]) -> list[Result]:
    # All are waited for, even where one is refused: they are paid for, and a resumed run finds them in the journal.
    results = await asyncio.gather(*calls, return_exceptions=True)
    finished: list[Result] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        finished.append(result)
    return finished
