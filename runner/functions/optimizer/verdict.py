"""`verdict`: what the optimizer delivers: the best prompt where held-out cases prove it better, else the original."""

import asyncio

from contracts.evidence import Evidence, Optimization, OptimizationCost, OptimizationVerdict
from runner.functions.optimizer.analysis import Analysis
from runner.functions.optimizer.arena import Arena
from runner.functions.optimizer.cautions import find_cautions
from runner.functions.optimizer.comparison import ORIGINAL, Comparison, Refinement
from runner.functions.optimizer.gathering import candidates_of, case_evidence, criteria_of, judge_of, use_of
from runner.functions.optimizer.prompt_diff import word_diff
from runner.functions.optimizer.proof import Proof, count_cases, prove
from runner.functions.optimizer.rewrite import Change
from runner.functions.optimizer.rules import Rules
from runner.functions.optimizer.shares import LEAST_HELD_OUT
from runner.values import Json
from stagecast.functions import FunctionContext


async def verdict(
    context: FunctionContext,
    *,
    original: str,
    comparison: dict[str, Json] | None = None,
    refinement: dict[str, Json] | None = None,
    analysis: dict[str, Json] | None = None,
    rules: dict[str, Json] | None = None,
) -> dict[str, Json]:
    """Return an `Optimization`: the original, letter for letter, unless a better prompt is proved.

    Args:
        context: the stage's; `target` and `judge` do the final comparison.
        original: the prompt that was submitted.
        comparison: what `compare` returned, or `{"why": clause}` where it was skipped, or None where it failed.
        refinement: what `refine` returned, or `{"reason": sentence}` where it was skipped.
        analysis: what `analyze` returned.
        rules: see `Rules`.
    """
    terms = Rules.read(rules)
    known = Analysis.model_validate(analysis or {})
    found = _comparison(original, comparison)
    refined = Refinement.model_validate(refinement or {"reason": ""})
    best, claims = _best(found, refined)
    proof = Proof(left=len(found.split.held_out))
    is_ahead = refined.is_kept or found.winner != ORIGINAL
    if is_ahead:
        arena = Arena(context, original, known, terms)
        proof = await prove(context, arena, original, best, found.split.held_out)
    outcome, reason = _decide(found, refined, proof, is_ahead=is_ahead)
    is_better = outcome == "improved"
    duels = [*found.all_duels(), *(bout.duel for bout in proof.bouts)]
    judge = judge_of(context.models.get("judge", ""), duels)
    # In a thread: others must be served while long prompts are compared.
    tuning_answers = [] if refined.is_kept else list(found.answers.values())
    diff, changes = await asyncio.to_thread(word_diff, original, best, claims)
    evidence = Evidence(
        verdict=outcome,
        reason=reason,
        is_original_delivered=not is_better,
        winner="refine" if refined.is_kept else found.winner,
        original_prompt=original,
        best_prompt=best,
        tested_digest=proof.digest,
        cases=count_cases(found.split, proof),
        sign_test=proof.sign_test(),
        criteria=criteria_of(proof.bouts),
        per_case=case_evidence(found, refined, proof.bouts),
        judge=judge,
        original_use=use_of(original, [bout.original for bout in proof.bouts] or list(found.baseline.values())),
        optimized_use=use_of(best, [bout.optimized for bout in proof.bouts] or tuning_answers),
        diff=diff,
        changes=changes,
        candidates=candidates_of(found, refined),
        refinement=refined.reason,
        optimization=_cost(context, found, refined, proof),
        models=dict(context.models),
        seed=terms.seed,
        cautions=find_cautions(context.models, found, proof, judge, duels),
    )
    delivered = best if is_better else original
    return Optimization(optimized_prompt=delivered, verdict=outcome, reason=reason, evidence=evidence).model_dump(
        mode="json"
    )


def _comparison(original: str, comparison: dict[str, Json] | None) -> Comparison:
    if comparison is None or "winner" not in comparison:
        why = str((comparison or {}).get("why", "the comparison failed"))
        return Comparison(original=original, why_none=why)
    return Comparison.model_validate(comparison)


def _best(found: Comparison, refined: Refinement) -> tuple[str, list[Change]]:
    """Return the best rewrite, as it was tried, or else the original, and what its authors say to have changed."""
    challenger = next((one for one in found.written if one.strategy == found.challenger), None)
    changes = [] if challenger is None else challenger.changes
    if refined.is_kept and refined.written is not None:
        return refined.written.prompt, [*changes, *refined.written.changes]
    return found.prompt_of(found.challenger), changes


def _decide(found: Comparison, refined: Refinement, proof: Proof, *, is_ahead: bool) -> tuple[OptimizationVerdict, str]:
    if is_ahead:
        outcome = proof.verdict()
        return outcome, _word(outcome, proof, "refine" if refined.is_kept else found.winner)
    if found.written and not found.why_none and found.baseline:
        tried = len(found.baseline)
        cases = f"{tried} tuning case{'' if tried == 1 else 's'}"
        return "no_clear_change", f"This is the original: no rewrite did better on {cases}."
    if found.why_none and not (found.dropped or found.out):
        return "too_few_cases", f"This is the original: {found.why_none.rstrip('.')}."
    if not found.written:
        many = len(found.dropped) + len(found.out)
        return "no_clear_change", f"This is the original: none of {many} rewrites could be used; see the candidates."
    why = found.why_none or found.stopped or "nothing was compared"
    return "too_few_cases", f"This is the original: {why.rstrip('.')}."


def _word(outcome: OptimizationVerdict, proof: Proof, winner: str) -> str:
    test = proof.sign_test()
    tried = len(proof.bouts)
    if not tried and not proof.left:
        return f"This is the original: '{winner}' did better on the tuning cases, and no case was held out to prove it."
    told = f"'{winner}' won {test.wins}, tied {test.ties} and lost {test.losses} of {tried} held-out cases"
    chance = f"p = {test.p_value:.3g}"
    match outcome:
        case "improved":
            return f"{told}, more than chance would give ({chance})."
        case "regressed":
            return f"This is the original: {told}, which is worse than chance would give ({chance})."
        case "no_clear_change":
            return f"This is the original: {told}, which may be chance ({chance})."
        case "too_few_cases":
            pass
    if tried + proof.left < LEAST_HELD_OUT:
        return f"This is the original: {told}; with fewer than {LEAST_HELD_OUT} no result would be more than chance."
    return f"This is the original: {told}, then it ended with {proof.left} to go, because {proof.stopped}."


def _cost(context: FunctionContext, found: Comparison, refined: Refinement, proof: Proof) -> OptimizationCost:
    spent = context.spending
    stops = [
        *([f"Tuning: {found.stopped}."] if found.stopped else []),
        *([f"Refinement: {refined.stopped}."] if refined.stopped else []),
        *([f"Final comparison: {proof.stopped}."] if proof.stopped else []),
    ]
    return OptimizationCost(
        calls=spent.calls,
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cost=spent.cost_usd,
        duration=context.elapsed_ms,
        stopped_by=" ".join(stops) or None,
    )
