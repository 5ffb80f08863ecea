"""Cautions: what weakens the evidence of an optimization, said before somebody else finds it."""

from collections.abc import Mapping, Sequence

from contracts.evidence import JudgeEvidence
from runner.functions.asking import BUILT_IN
from runner.functions.optimizer.comparison import Comparison
from runner.functions.optimizer.duel import Duel
from runner.functions.optimizer.proof import Proof

_HIGH_FLIP_RATE = 0.3
_HIGH_LONGER_SHARE = 0.8
_LEAST_DECIDED = 5  # pairs, for a share to say anything


def find_cautions(
    models: Mapping[str, str], found: Comparison, proof: Proof, judge: JudgeEvidence | None, duels: Sequence[Duel]
) -> tuple[str, ...]:
    """Return what a reader should know before trusting the verdict, a sentence each."""
    about_judge = [] if judge is None else _about_judge(models, judge, duels)
    return tuple([*_about_cases(found, proof), *about_judge, *_about_models(models)])


def _about_cases(found: Comparison, proof: Proof) -> list[str]:
    cautions: list[str] = []
    drafted = sum(bout.case.source == "drafted" for bout in proof.bouts)
    lost = sum(bout.duel.decided_by == "failed_call" and bout.duel.outcome == "tie" for bout in proof.bouts)
    if drafted:
        cautions.append(f"{drafted} of {len(proof.bouts)} held-out cases were drafted by a model, not taken from life.")
    if lost:
        cautions.append(
            f"On {lost} of {len(proof.bouts)} held-out cases an answer or a ruling is missing; they are ties."
        )
    if found.split.unused:
        cautions.append(f"{found.split.unused} cases were more than is used.")
    if found.split.doubled:
        cautions.append(f"{found.split.doubled} cases stood there twice and count once.")
    return cautions


def _about_judge(models: Mapping[str, str], judge: JudgeEvidence, duels: Sequence[Duel]) -> list[str]:
    cautions: list[str] = []
    if judge.flip_rate >= _HIGH_FLIP_RATE:
        cautions.append(
            f"The judge contradicted itself on {judge.flips} of {judge.pairs} pairs when their order was turned round; "
            "a stronger judge, or cases with a right answer, would tell more."
        )
    decided = sum(duel.decided_by == "judge" and duel.outcome != "tie" for duel in duels)
    if judge.longer_share is not None and judge.longer_share >= _HIGH_LONGER_SHARE and decided >= _LEAST_DECIDED:
        cautions.append(
            f"In {judge.longer_share:.0%} of the decided pairs the judge took the longer answer; "
            "judges favour length, so read some of the answers."
        )
    if judge.model == models.get("target"):
        cautions.append("The judge is the same model that answered, and may favour its own habits.")
    return cautions


def _about_models(models: Mapping[str, str]) -> list[str]:
    small = sorted(alias for alias in ("strong", "judge", "target") if models.get(alias) == BUILT_IN)
    if not small:
        return []
    return [
        f"SmolLM2-135M, the small model that comes with stagecast, stood in for {', '.join(small)}: it writes simple "
        "suggestions only. Name a larger model under options.models."
    ]
