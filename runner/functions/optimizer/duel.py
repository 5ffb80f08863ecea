"""A duel: two answers to one case, and which is better. Checks first; a judge only where they say nothing.

| what is known of the case                         | who decides                                             |
|---------------------------------------------------|---------------------------------------------------------|
| the model would not answer one of the prompts     | that prompt loses                                       |
| a call was lost                                   | nobody: a tie, since that is no fault of a prompt       |
| the right answer, or checks of its own            | the checks: who passes more wins, else a tie            |
| only checks that hold for every case              | who passes more wins; where they are level, the judge   |
| nothing                                           | the judge                                               |

The same answer twice is a tie without anybody being asked.
"""

from typing import Literal

from pydantic import BaseModel, Field

from contracts.errors import StageError
from contracts.evidence import CaseOutcome, DecidedBy
from runner.functions.optimizer.cases import NumberedCase
from runner.functions.optimizer.checks import folded
from runner.functions.optimizer.judge import Judge, Side
from runner.functions.optimizer.target import Tried, is_hopeless
from runner.functions.wording import shorten

_SHOWN_CHARS = 300
_OUTCOMES: dict[Side, CaseOutcome] = {"one": "loss", "two": "win", "tie": "tie"}


class Asked(BaseModel):
    """What the judge's two replies were, for `contracts.evidence.JudgeEvidence`."""

    is_flip: bool
    took_first: int
    took_second: int
    criteria: dict[str, CaseOutcome] = Field(default_factory=dict[str, CaseOutcome])


class Duel(BaseModel):
    """How one case went, from the challenger's side.

    Attributes:
        case: the case's number.
        why: one sentence.
        longer: which answer is longer, of two that differ in length.
        judged: what the judge said, where it was asked.
    """

    case: int
    outcome: CaseOutcome
    decided_by: DecidedBy
    why: str
    longer: Literal["incumbent", "challenger"] | None = None
    judged: Asked | None = None


class Contest:
    """Decides duels of challengers against one incumbent's answers.

    Args:
        original: the prompt that was submitted; with a case filled in, it is what the judge takes for the request.
        judge: asked where the checks say nothing.
    """

    def __init__(self, original: str, judge: Judge) -> None:
        self._original = original
        self._judge = judge

    async def decide(self, case: NumberedCase, incumbent: Tried, challenger: Tried) -> Duel:
        """Decide one duel.

        Raises:
            StageError: the judge is needed, and no call may be made any more.
        """
        if incumbent.is_refused != challenger.is_refused and (incumbent.error is None or challenger.error is None):
            refused, whose = (challenger, "new") if challenger.is_refused else (incumbent, "old")
            outcome: CaseOutcome = "loss" if challenger.is_refused else "win"
            return _duel(
                case, outcome, "failed_call", f"The model would not answer the {whose} prompt: {refused.error}"
            )
        lost = incumbent.error or challenger.error
        if lost is not None:
            return _duel(case, "tie", "failed_call", f"An answer is missing: {lost}")
        if folded(incumbent.text) == folded(challenger.text):
            why = _failures_of(challenger) or "Both prompts got the same answer."
            return _duel(case, "tie", "same_answer", why)
        by_checks = _by_checks(case, incumbent, challenger)
        if by_checks is not None:
            return by_checks
        return await self._by_judge(case, incumbent, challenger)

    async def _by_judge(self, case: NumberedCase, incumbent: Tried, challenger: Tried) -> Duel:
        try:
            ruling = await self._judge.rule(case.case.request(self._original), incumbent.text, challenger.text)
        except StageError as error:
            if is_hopeless(error):
                raise
            return _duel(case, "tie", "failed_call", f"The judge gave no usable reply: {error.message}")
        if ruling.is_flip:
            why = "The judge contradicted itself when the order was turned round, so it is a tie."
        else:
            sides = {"one": "the old answer", "two": "the new answer", "tie": "neither"}
            why = ruling.why or f"The judge preferred {sides[ruling.better]} in both orders."
        duel = _duel(case, _OUTCOMES[ruling.better], "judge", why)
        lengths = len(incumbent.text), len(challenger.text)
        longer = None if lengths[0] == lengths[1] else ("incumbent" if lengths[0] > lengths[1] else "challenger")
        asked = Asked(
            is_flip=ruling.is_flip,
            took_first=ruling.took_first,
            took_second=ruling.took_second,
            criteria={name: _OUTCOMES[side] for name, side in ruling.criteria.items()},
        )
        return duel.model_copy(update={"judged": asked, "longer": longer})


def _by_checks(case: NumberedCase, incumbent: Tried, challenger: Tried) -> Duel | None:
    before = sum(check.passed for check in incumbent.checks)
    after = sum(check.passed for check in challenger.checks)
    if before != after:
        better, worse = (challenger, incumbent) if after > before else (incumbent, challenger)
        failed = _failures_of(worse, besides=better)
        whose = "The old answer" if after > before else "The new answer"
        return _duel(case, "win" if after > before else "loss", "checks", f"{whose} fails: {failed}")
    if not case.case.is_decided_by_checks:
        return None
    return _duel(case, "tie", "checks", _failures_of(challenger) or "Both answers pass.")


def _failures_of(tried: Tried, besides: Tried | None = None) -> str:
    passed = {check.name for check in besides.checks if check.passed} if besides is not None else None
    told = [
        f"{check.name} ({check.why.rstrip('.')})"
        for check in tried.failed_checks()
        if passed is None or check.name in passed
    ]
    return f"{'; '.join(told)}." if told else ""


def _duel(case: NumberedCase, outcome: CaseOutcome, decided_by: DecidedBy, why: str) -> Duel:
    return Duel(case=case.number, outcome=outcome, decided_by=decided_by, why=shorten(why, _SHOWN_CHARS))
