"""`compare`: tries the original and its candidates on the tuning cases, round by round, and names the best.

Held-out cases are dealt out here and not looked at. Candidates drop out as soon as they cannot win (`race`); whatever
ends the stage early, the rounds that were finished count.
"""

from collections.abc import Sequence
from typing import Any

from contracts.errors import BudgetExceeded
from runner.functions.asking import is_built_in
from runner.functions.optimizer.allowance import Allowance
from runner.functions.optimizer.analysis import Analysis
from runner.functions.optimizer.arena import JUDGE_CALLS, Arena, calls_to_prove
from runner.functions.optimizer.cases import NumberedCase, read_cases, split_cases
from runner.functions.optimizer.comparison import ORIGINAL, Comparison, Failure
from runner.functions.optimizer.duel import Duel
from runner.functions.optimizer.race import Standing, best_of, is_decided, leader_of, still_running, why_out
from runner.functions.optimizer.rewrite import Rewrite
from runner.functions.optimizer.rules import Rules
from runner.functions.optimizer.target import Tried
from runner.functions.wording import shorten
from runner.values import Json
from stagecast.functions import FunctionContext

_SMALL_PROMPT_CHARS = 6_000  # a longer one takes the built-in model minutes a call
_FAILURE_CHARS = 1_500


async def compare(
    context: FunctionContext,
    *,
    baseline: str,
    rewritten: dict[str, list[dict[str, Json]]],
    cases: dict[str, list[Json]],
    analysis: dict[str, Json] | None = None,
    rules: dict[str, Json] | None = None,
) -> dict[str, Json]:
    """Return a `Comparison`.

    Args:
        context: the stage's. `target` answers prompts, `judge` compares answers that no check decides.
        baseline: the original prompt.
        rewritten: `{"results": […], "dropped": […]}` of `rewrite` in a foreach; a candidate that equals an earlier one
            or the original is not run.
        cases: `{"supplied": […], "drafted": […]}`.
        analysis: what `analyze` returned; its criteria are the judge's.
        rules: see `Rules`.
    """
    terms = Rules.read(rules)
    split = split_cases(
        read_cases(cases.get("supplied", []), baseline),
        read_cases(cases.get("drafted", []), baseline),
        baseline,
        seed=terms.seed,
        max_tuning=terms.max_tuning,
        max_held_out=terms.max_held_out,
    )
    written, out = _distinct(baseline, [Rewrite.model_validate(item) for item in rewritten.get("results", [])])
    found = Comparison(original=baseline, written=written, out=out, split=split, dropped=rewritten.get("dropped", []))
    if is_built_in(context, "target") and len(baseline) > _SMALL_PROMPT_CHARS:
        found.why_none = f"above {_SMALL_PROMPT_CHARS} characters the built-in model takes too long to answer it"
    elif not written:
        found.why_none = "there is no rewrite that differs from it" if out else "there is no rewrite to try"
    elif not split.tuning:
        found.why_none = "there are no test cases"
    else:
        known = Analysis.model_validate(analysis or {})
        arena = Arena(context, baseline, known, terms)
        await Tuning(context, arena, found).run()
    return found.model_dump(mode="json")


class Tuning:
    """The race over the tuning cases."""

    def __init__(self, context: FunctionContext, arena: Arena, found: Comparison) -> None:
        self._context = context
        self._arena = arena
        self._found = found
        self._standings = [Standing(strategy=one.strategy, prompt=one.prompt) for one in found.written]
        self._running = list(self._standings)
        self._answers: dict[str, dict[int, Tried]] = {ORIGINAL: {}, **{one.strategy: {} for one in self._standings}}
        self._best: str | None = None

    async def run(self) -> None:
        """Run round after round until it is decided, and put what came of it into the comparison."""
        queue = list(self._found.split.tuning)
        allowance = Allowance(self._context, keep_calls=calls_to_prove(self._found.split))
        while queue and not is_decided(self._standings, len(queue)):
            wanted = min(len(queue), max(1, self._arena.max_parallel // (1 + len(self._running))))
            allowed = await allowance.cases(wanted, 1 + len(self._running) + self._judge_calls(queue[:wanted]))
            if allowed == 0:
                self._found.stopped = allowance.why
                break
            try:
                await self._round(queue[:allowed])
            except BudgetExceeded as refused:
                self._found.stopped = refused.message.rstrip(".")
                break
            queue = queue[allowed:]
            await self._drop_out(len(queue))
        if queue and self._found.stopped is None:
            self._found.stopped = "the cases left could not have changed who is best"
        await self._conclude(len(queue))

    async def _round(self, cases: Sequence[NumberedCase]) -> None:
        prompts = [self._found.original, *(standing.prompt for standing in self._running)]
        original, *others = await self._arena.answer_all(prompts, cases)
        bouts = [bout for answers in others for bout in zip(cases, original, answers, strict=True)]
        duels = await self._arena.decide_all(bouts)
        for place, case in enumerate(cases):
            self._answers[ORIGINAL][case.number] = original[place]
        for number, (standing, answers) in enumerate(zip(self._running, others, strict=True)):
            standing.duels += duels[number * len(cases) : (number + 1) * len(cases)]
            for case, tried in zip(cases, answers, strict=True):
                self._answers[standing.strategy][case.number] = tried
                if tried.score is not None:
                    standing.scores.append(tried.score)

    async def _drop_out(self, left: int) -> None:
        leader = leader_of(self._standings)
        if leader is not None and leader.strategy != self._best:
            self._best = leader.strategy
            await self._context.progress(
                f"New best: {leader.strategy} ({leader.told()})", {"kind": "best", **_told(leader)}
            )
        kept = still_running(self._running, left)
        for standing in self._running:
            if standing not in kept:
                self._found.out[standing.strategy] = why_out(standing, leader, left)
                await self._tell_score(standing)
        self._running = kept

    async def _conclude(self, left: int) -> None:
        leader = leader_of(self._standings)
        for standing in self._running:
            if standing.duels:
                await self._tell_score(standing)
            if standing is not leader:
                reason = why_out(standing, leader, left) if standing.duels else "It was not tried."
                self._found.out.setdefault(standing.strategy, reason)
        self._found.standings = self._standings
        self._found.winner = ORIGINAL if leader is None else leader.strategy
        self._found.baseline = self._answers[ORIGINAL]
        challenger = leader or best_of(self._standings)
        if challenger is not None:
            self._found.challenger = challenger.strategy
            self._found.answers = self._answers[challenger.strategy]
        self._found.failures = failures_of(self._found, [] if leader is None else leader.duels)
        duels = self._found.all_duels()
        if duels and all(duel.decided_by == "failed_call" for duel in duels):
            self._found.why_none = f"no answers could be compared ({duels[0].why.rstrip('.')})"

    async def _tell_score(self, standing: Standing) -> None:
        await self._context.progress(
            f"{standing.strategy}: {standing.told()}", {"kind": "candidate", **_told(standing)}
        )

    def _judge_calls(self, cases: Sequence[NumberedCase]) -> int:
        return 0 if all(case.case.is_decided_by_checks for case in cases) else JUDGE_CALLS * len(self._running)


def failures_of(found: Comparison, duels: Sequence[Duel]) -> list[Failure]:
    """Return the tuning cases on which the best prompt failed a check, or did worse than the original."""
    lost = {duel.case: duel.why for duel in duels if duel.outcome == "loss"}
    if found.winner == ORIGINAL:
        # Where a challenger did better, the original could have.
        won = (duel for standing in found.standings for duel in standing.duels if duel.outcome == "win")
        lost = {duel.case: duel.why for duel in won}
    failures: list[Failure] = []
    for case in found.tried_cases():
        tried = found.best_answers[case.number]
        failed = "; ".join(f"{check.name}: {check.why}" for check in tried.failed_checks())
        why = failed or lost.get(case.number, "")
        if why and tried.error is None:
            failures.append(
                Failure(
                    case=case.number,
                    request=shorten(case.case.request(found.best_prompt), _FAILURE_CHARS),
                    answer=shorten(tried.text, _FAILURE_CHARS),
                    expected=case.case.expected,
                    why=why,
                )
            )
    return failures


def _distinct(baseline: str, candidates: Sequence[Rewrite]) -> tuple[list[Rewrite], dict[str, str]]:
    seen = {baseline.strip(): ORIGINAL}
    kept: list[Rewrite] = []
    out: dict[str, str] = {}
    for candidate in candidates:
        first = seen.setdefault(candidate.prompt.strip(), candidate.strategy)
        if first == candidate.strategy:
            kept.append(candidate)
        else:
            out[candidate.strategy] = f"It is the same as {first if first == ORIGINAL else repr(first)}."
    return kept, out


def _told(standing: Standing) -> dict[str, Any]:
    return {
        "strategy": standing.strategy,
        "wins": standing.count("win"),
        "ties": standing.count("tie"),
        "losses": standing.count("loss"),
        "score": standing.score,
        "prompt": standing.prompt,
    }
