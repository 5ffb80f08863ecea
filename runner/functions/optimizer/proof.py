"""The proof: original and best prompt on the held-out cases, until the verdict can change no more."""

import hashlib
from collections.abc import Sequence

from pydantic import BaseModel, Field

from contracts.errors import BudgetExceeded
from contracts.evidence import CaseCounts, OptimizationVerdict, SignTest
from runner.functions.optimizer.allowance import Allowance
from runner.functions.optimizer.arena import JUDGE_CALLS, Arena
from runner.functions.optimizer.cases import CaseSplit, NumberedCase
from runner.functions.optimizer.duel import Duel
from runner.functions.optimizer.race import totals
from runner.functions.optimizer.shares import LEAST_HELD_OUT
from runner.functions.optimizer.sign_test import is_shown, may_change, sign_test
from runner.functions.optimizer.target import Tried
from stagecast.functions import FunctionContext


class Bout(BaseModel):
    """One held-out case with both answers, and how it was decided."""

    case: NumberedCase
    original: Tried
    optimized: Tried
    duel: Duel


class Proof(BaseModel):
    """What the held-out cases say.

    Attributes:
        digest: SHA-256 of the prompt that was tried.
        left: held-out cases that were to be tried and were not.
        unplanned: those for which there was no budget from the start.
        stopped: why not all were tried, as a clause.
    """

    bouts: list[Bout] = Field(default_factory=list[Bout])
    digest: str | None = None
    left: int = 0
    unplanned: int = 0
    stopped: str | None = None

    def sign_test(self) -> SignTest:
        """Return the sign test over what was tried."""
        count = totals([bout.duel for bout in self.bouts])
        return sign_test(count["win"], count["loss"], count["tie"])

    def verdict(self) -> OptimizationVerdict:
        """Return what the cases tried amount to."""
        count = totals([bout.duel for bout in self.bouts])
        wins, losses = count["win"], count["loss"]
        too_few = len(self.bouts) + self.left < LEAST_HELD_OUT
        is_open = self.left > 0 and may_change(wins, losses, self.left)
        if too_few or is_open:
            return "too_few_cases"
        if is_shown(wins, losses):
            return "improved" if wins > losses else "regressed"
        return "no_clear_change"


async def prove(
    context: FunctionContext, arena: Arena, original: str, best: str, cases: Sequence[NumberedCase]
) -> Proof:
    """Try both prompts on the held-out cases, in rounds, for as long as the budget and an open question last."""
    allowance = Allowance(context)
    calls_each = 2 + (0 if all(case.case.is_decided_by_checks for case in cases) else JUDGE_CALLS)
    # How many are tried is settled before the first one: an end that depends on how it goes would be no proof.
    planned = await allowance.cases(len(cases), calls_each, is_last=True)
    proof = Proof(digest=hashlib.sha256(best.encode()).hexdigest(), left=planned, unplanned=len(cases) - planned)
    proof.stopped = allowance.why or None
    queue = list(cases[:planned])
    while queue:
        count = totals([bout.duel for bout in proof.bouts])
        if proof.bouts and not may_change(count["win"], count["loss"], len(queue)):
            proof.stopped = "the rest could not have changed the verdict"
            break
        allowed = min(len(queue), max(1, arena.max_parallel // 2))
        tried, queue = queue[:allowed], queue[allowed:]
        try:
            proof.bouts += await _round(arena, original, best, tried)
        except BudgetExceeded as refused:
            proof.stopped = refused.message.rstrip(".")
            break
        proof.left = len(queue)
        await _tell(context, proof)
    return proof


def count_cases(split: CaseSplit, proof: Proof) -> CaseCounts:
    """Return how many cases there were of each kind."""
    return CaseCounts(
        supplied=split.supplied,
        drafted=split.drafted,
        tuning=len(split.tuning),
        held_out=len(split.held_out),
        held_out_tried=len(proof.bouts),
        untried_because=proof.stopped if proof.left or proof.unplanned else None,
    )


async def _round(arena: Arena, original: str, best: str, cases: Sequence[NumberedCase]) -> list[Bout]:
    before, after = await arena.answer_all([original, best], cases)
    duels = await arena.decide_all(list(zip(cases, before, after, strict=True)))
    return [
        Bout(case=case, original=one, optimized=two, duel=duel)
        for case, one, two, duel in zip(cases, before, after, duels, strict=True)
    ]


async def _tell(context: FunctionContext, proof: Proof) -> None:
    count = totals([bout.duel for bout in proof.bouts])
    done, of = len(proof.bouts), len(proof.bouts) + proof.left
    told = f"{count['win']} won, {count['tie']} tied, {count['loss']} lost"
    data = {"kind": "held_out", "done": done, "of": of, "wins": count["win"], "ties": count["tie"]}
    await context.progress(f"Held-out case {done} of {of}: {told}", {**data, "losses": count["loss"]})
