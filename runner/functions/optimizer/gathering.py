"""Gathers evidence: what was tried and decided, as `contracts.evidence` has it. Decides nothing."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from contracts.evidence import (
    CandidateEvidence,
    CaseEvidence,
    CaseOutcome,
    CriterionScore,
    JudgeEvidence,
    PromptUse,
)
from runner.functions.optimizer.cases import NumberedCase
from runner.functions.optimizer.comparison import Comparison, Refinement
from runner.functions.optimizer.duel import Duel
from runner.functions.optimizer.proof import Bout
from runner.functions.optimizer.race import Standing
from runner.functions.optimizer.target import Tried
from runner.values import as_text
from stagecast.plain import is_mapping

_OWN = "gives the right answer"
_SHARES: dict[CaseOutcome, float] = {"win": 1.0, "tie": 0.5, "loss": 0.0}


def criteria_of(bouts: Sequence[Bout]) -> tuple[CriterionScore, ...]:
    """Return the score of each check, and of each criterion that the judge looked at, before and after."""
    checked: dict[str, list[tuple[float, float]]] = defaultdict(list)
    judged: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for bout in bouts:
        before, after = _passed(bout.original), _passed(bout.optimized)
        for name in before.keys() & after.keys():
            checked[name].append((before[name], after[name]))
        ruled = bout.duel.judged
        for name, outcome in () if ruled is None else ruled.criteria.items():
            judged[name].append((1 - _SHARES[outcome], _SHARES[outcome]))
    kinds: tuple[tuple[Any, Mapping[str, list[tuple[float, float]]]], ...] = (("check", checked), ("judge", judged))
    return tuple(
        CriterionScore(
            name=name,
            kind=kind,
            before=round(fmean(pair[0] for pair in pairs), 4),
            after=round(fmean(pair[1] for pair in pairs), 4),
            cases=len(pairs),
        )
        for kind, scores in kinds
        for name, pairs in sorted(scores.items(), key=lambda item: (item[0] != _OWN, item[0]))
    )


def case_evidence(found: Comparison, refined: Refinement, bouts: Sequence[Bout]) -> tuple[CaseEvidence, ...]:
    """Return every case that was tried with both prompts: held-out ones first, then tuning ones.

    A refinement that took the winner's place was not compared with the original on tuning cases; then there are none.
    """
    held_out = [_case(bout.case, bout.original, bout.optimized, bout.duel) for bout in bouts]
    standing = next((one for one in found.standings if one.strategy == found.challenger), None)
    duels = {} if standing is None or refined.is_kept else {duel.case: duel for duel in standing.duels}
    tuning = [
        _case(case, found.baseline[case.number], found.answers[case.number], duels[case.number])
        for case in found.split.tuning
        if case.number in duels
    ]
    return tuple([*held_out, *tuning])


def judge_of(model: str, duels: Sequence[Duel]) -> JudgeEvidence | None:
    """Return how far the judge can be trusted, by all that it was asked; None where it was not."""
    asked = [(duel, duel.judged) for duel in duels if duel.judged is not None]
    if not asked:
        return None
    flips = sum(judged.is_flip for _, judged in asked)
    first = sum(judged.took_first for _, judged in asked)
    second = sum(judged.took_second for _, judged in asked)
    decided = [duel for duel, _ in asked if duel.outcome != "tie" and duel.longer is not None]
    longer = sum((duel.outcome == "win") == (duel.longer == "challenger") for duel in decided)
    return JudgeEvidence(
        model=model,
        pairs=len(asked),
        flips=flips,
        flip_rate=round(flips / len(asked), 4),
        first_share=round(first / (first + second), 4) if first + second else 0.5,
        longer_share=round(longer / len(decided), 4) if decided else None,
    )


def use_of(prompt: str, answers: Sequence[Tried]) -> PromptUse:
    """Return what a prompt takes to use, by the answers that it got."""
    answered = [tried for tried in answers if tried.error is None]
    costs = [tried.cost for tried in answered]
    known = [cost for cost in costs if cost is not None]

    def mean(of: Callable[[Tried], int]) -> float | None:
        return round(fmean(of(tried) for tried in answered), 1) if answered else None

    return PromptUse(
        characters=len(prompt),
        input_tokens=mean(lambda tried: tried.input_tokens),
        output_tokens=mean(lambda tried: tried.output_tokens),
        cost_per_1000_calls=1000 * fmean(known) if known and len(known) == len(costs) else None,
        latency=round(median(tried.duration for tried in answered)) if answered else None,
    )


def candidates_of(found: Comparison, refined: Refinement) -> tuple[CandidateEvidence, ...]:
    """Return every rewrite that was made or tried to be made, and what became of it."""
    standings = {standing.strategy: standing for standing in found.standings}
    candidates: list[CandidateEvidence] = []
    for written in found.written:
        standing = standings.get(written.strategy)
        is_winner = written.strategy == found.winner
        was_tried = standing is not None and bool(standing.duels)
        fate = "winner" if is_winner and not refined.is_kept else "beaten" if was_tried else "untested"
        reason = found.out.get(written.strategy, "It was not tried.")
        if is_winner:
            told = f"It did best on the tuning cases: {standing.told() if standing else ''}."
            reason = f"{told} Its refinement then took its place." if refined.is_kept else told
        candidates.append(_candidate(written.strategy, fate, reason, written.prompt, written.model, standing))
    same = [name for name in found.out if name not in {written.strategy for written in found.written}]
    candidates += [_candidate(name, "rejected", found.out[name], None, None, None) for name in same]
    candidates += [
        _candidate(_strategy_of(item), "rejected", str(item.get("reason", "")), None, None, None)
        for item in found.dropped
    ]
    if refined.written is not None or refined.standing is not None:
        written = refined.written
        fate = "winner" if refined.is_kept else "beaten" if refined.standing else "rejected"
        prompt, model = (None, None) if written is None else (written.prompt, written.model)
        candidates.append(_candidate("refine", fate, refined.reason, prompt, model, refined.standing))
    return tuple(candidates)


def _candidate(
    strategy: str, fate: Any, reason: str, prompt: str | None, model: str | None, standing: Standing | None
) -> CandidateEvidence:
    tried = standing or Standing(strategy=strategy, prompt="")
    return CandidateEvidence(
        strategy=strategy,
        fate=fate,
        reason=reason,
        prompt=prompt,
        model=model,
        wins=tried.count("win"),
        ties=tried.count("tie"),
        losses=tried.count("loss"),
        score=None if tried.score is None else round(tried.score, 4),
    )


def _case(case: NumberedCase, original: Tried, optimized: Tried, duel: Duel) -> CaseEvidence:
    return CaseEvidence(
        number=case.number,
        split=case.split,
        source=case.source,
        values=case.case.values(),
        input=case.case.input,
        expected=case.case.expected,
        original=original.as_evidence(),
        optimized=optimized.as_evidence(),
        outcome=duel.outcome,
        decided_by=duel.decided_by,
        why=duel.why,
    )


def _passed(tried: Tried) -> dict[str, float]:
    if tried.error is not None:
        return {}
    passed = {check.name: float(check.passed) for check in tried.checks[tried.own :]}
    if tried.own:
        passed[_OWN] = float(all(check.passed for check in tried.checks[: tried.own]))
    return passed


def _strategy_of(dropped: Mapping[str, Any]) -> str:
    item: object = dropped.get("item")
    return as_text(item.get("id", "")) if is_mapping(item) else str(item)
