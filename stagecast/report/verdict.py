"""What an optimization found, in sentences that take no statistics to understand: the verdict, and how sure it is."""

import hashlib
from dataclasses import dataclass

from contracts.evidence import Evidence, Optimization, OptimizationVerdict, SignTest
from stagecast.report.figures import word_chance, word_count, word_share

_HEADLINES: dict[OptimizationVerdict, str] = {
    "improved": "The optimized prompt is better",
    "no_clear_change": "No clear change",
    "regressed": "The best rewrite does worse",
    "too_few_cases": "Too few test cases to tell",
}
_SYMBOLS: dict[OptimizationVerdict, str] = {
    "improved": "▲",
    "no_clear_change": "=",
    "regressed": "▼",
    "too_few_cases": "?",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict in words.

    Attributes:
        kind: for style; the words say it, too.
        headline: a handful of words.
        delivered: which prompt is handed back.
        reason: what the optimizer says why.
        counts: how the held-out cases came out.
        chance: what that is worth.
        cautions: what weakens it, what the optimizer says first.
    """

    kind: OptimizationVerdict
    symbol: str
    headline: str
    delivered: str
    reason: str
    counts: str
    chance: str
    cautions: tuple[str, ...]


def is_compared(evidence: Evidence) -> bool:
    """Tell whether there was a rewrite to compare with the original on held-out cases."""
    return evidence.winner != "original" and counted(evidence.sign_test) > 0


def counted(test: SignTest) -> int:
    """Return how many cases a sign test is about."""
    return test.wins + test.ties + test.losses


def word_verdict(optimization: Optimization) -> Verdict:
    """Word a verdict."""
    evidence = optimization.evidence
    kind = evidence.verdict
    stays = ": you get your original prompt back" if evidence.is_original_delivered else ""
    return Verdict(
        kind=kind,
        symbol=_SYMBOLS[kind],
        headline=f"{_HEADLINES[kind]}{stays}.",
        delivered=_word_delivered(evidence),
        reason=optimization.reason,
        counts=word_counts(evidence),
        chance=word_sign_test(evidence),
        cautions=(*evidence.cautions, *_own_cautions(optimization)),
    )


def word_counts(evidence: Evidence) -> str:
    """Word how the held-out cases came out."""
    test = evidence.sign_test
    total = counted(test)
    if not is_compared(evidence):
        return "No rewrite was compared with the original on held-out cases."
    subject = "the best rewrite" if evidence.is_original_delivered else "the optimized prompt"
    return (
        f"On {word_count(total, 'held-out test case')}, which no earlier step had seen, {subject} won {test.wins},"
        f" tied {test.ties} and lost {test.losses}."
    )


def word_sign_test(evidence: Evidence) -> str:
    """Word what the sign test says about these counts; empty where nothing was compared."""
    test = evidence.sign_test
    if not is_compared(evidence):
        return ""
    decided = test.wins + test.losses
    if decided == 0:
        return "Every case was a tie, so nothing speaks for either prompt."
    limit = word_share(test.alpha)
    chance = word_chance(test.p_value, test.alpha)
    if chance == word_share(1.0):
        return "If both prompts were equally good, chance alone would always split them so: this shows no difference."
    said = f"If both prompts were equally good, chance alone would split them at least so unevenly {chance} of the time"
    if test.p_value < test.alpha:
        return f"{said}. Below {limit}, a difference counts as shown."
    if test.least_p_value >= test.alpha:
        return (
            f"{said}. Only below {limit} does a difference count as shown, and this many cases cannot get there even if"
            f" one prompt wins them all; at least {least_decided(test.alpha)} decided cases are needed."
        )
    return f"{said}. Only below {limit} does a difference count as shown, so this shows none."


def word_interval(test: SignTest) -> str:
    """Word the 95 % interval of the share of wins."""
    decided = test.wins + test.losses
    return (
        f"Of the {word_count(decided, 'decided case')} the rewrite won {word_share(test.wins / max(1, decided))}."
        f" For all cases like these the share lies between {word_share(test.win_share_low)} and"
        f" {word_share(test.win_share_high)} (95\u00a0% interval)."
    )


def least_decided(alpha: float) -> int:
    """Return with how many decided cases, all won, a two-sided sign test first falls below `alpha`."""
    count = 1
    while 2 * 0.5**count >= alpha and count < 64:
        count += 1
    return count


def is_digest_matched(optimization: Optimization) -> bool | None:
    """Tell whether the delivered prompt is, byte for byte, the one that was tested; None where that is not known."""
    evidence = optimization.evidence
    if evidence.tested_digest is None or evidence.is_original_delivered:
        return None
    # What cannot be written as UTF-8 was not sent to any model either; replacing it makes the digests differ.
    delivered = optimization.optimized_prompt.encode(errors="replace")
    return hashlib.sha256(delivered).hexdigest() == evidence.tested_digest.lower()


def _word_delivered(evidence: Evidence) -> str:
    if not evidence.is_original_delivered:
        return "This is the optimized prompt, letter for letter as it was tested."
    tried = len(evidence.candidates)
    what = f" What was tried, {word_count(tried, 'rewrite')}, is listed below." if tried else ""
    return f"This is your original prompt, letter for letter.{what}"


def _own_cautions(optimization: Optimization) -> tuple[str, ...]:
    evidence = optimization.evidence
    found: list[str] = []
    missing = evidence.cases.held_out - evidence.cases.held_out_tried
    if evidence.cases.held_out_tried and missing > 0:
        because = (evidence.cases.untried_because or "the optimization ended before").rstrip(".")
        were = "was" if missing == 1 else "were"
        found.append(f"{missing} of {evidence.cases.held_out} held-out cases {were} not compared: {because}.")
    if is_digest_matched(optimization) is False:
        found.append("The digest of the delivered prompt is not that of the prompt that was tested.")
    return tuple(found)
