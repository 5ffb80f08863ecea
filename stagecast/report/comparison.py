"""Original against optimized, as rows to be drawn: use, criteria, cases, the judge, candidates. Not how they look."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.evidence import (
    CandidateEvidence,
    CandidateFate,
    CaseEvidence,
    CaseOutcome,
    DecidedBy,
    Evidence,
    JudgeEvidence,
    SplitName,
)
from stagecast.report.figures import MINUS, UNKNOWN, fraction, word_change, word_count, word_mean, word_share
from stagecast.report.verdict import is_compared
from stagecast.wording import word_cost, word_duration

OUTCOME_WORDS: dict[CaseOutcome, str] = {"loss": "lost", "tie": "tied", "win": "won"}
OUTCOME_SYMBOLS: dict[CaseOutcome, str] = {"loss": "▼", "tie": "=", "win": "▲"}
FATE_WORDS: dict[CandidateFate, str] = {
    "winner": "best",
    "beaten": "beaten",
    "rejected": "rejected",
    "untested": "not tested",
}
FATE_SYMBOLS: dict[CandidateFate, str] = {"winner": "▲", "beaten": "▼", "rejected": "✕", "untested": "·"}
DECIDED_WORDS: dict[DecidedBy, str] = {
    "checks": "decided by the checks",
    "judge": "decided by the judge",
    "same_answer": "both answers are the same",
    "failed_call": "a call failed",
}
_OUTCOME_ORDER: tuple[CaseOutcome, ...] = ("loss", "tie", "win")
_FATE_ORDER: tuple[CandidateFate, ...] = ("winner", "beaten", "rejected", "untested")


@dataclass(frozen=True, slots=True)
class PairRow:
    """One measure of both prompts.

    Attributes:
        before_part: the length of its bar, from 0 to 1.
        change: in words, or empty.
    """

    label: str
    before: str
    before_part: float
    after: str
    after_part: float
    change: str

    @property
    def is_known(self) -> bool:
        """Whether there is a number on either side."""
        return (self.before, self.after) != (UNKNOWN, UNKNOWN)

    @property
    def both(self) -> str:
        """Both values on one line; `unknown` once."""
        return f"{self.before} → {self.after}" if self.is_known else UNKNOWN


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure by name, and what is to be said about it."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A prompt that is shown for comparison only."""

    name: str
    about: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Trust:
    """One sign of how far the judge can be trusted.

    Attributes:
        part: from 0 to 1; None when it is not known.
        fair: where a judge without this fault is.
        means: how to read it, in a sentence.
    """

    label: str
    share: str
    part: float | None
    fair: float
    means: str


def glance(evidence: Evidence) -> list[Fact]:
    """Return what a reader in a hurry wants to know besides the verdict."""
    rows = {row.label: row for row in use_rows(evidence)[:2]} if not evidence.is_original_delivered else {}
    spent = evidence.optimization
    return [
        *(Fact(label, row.both, row.change) for label, row in rows.items()),
        Fact("This optimization cost", word_cost(spent.cost), word_count(spent.calls, "model call")),
        Fact("It took", word_duration(spent.duration), (spent.stopped_by and "stopped early") or ""),
    ]


def use_rows(evidence: Evidence) -> list[PairRow]:
    """Return what using either prompt takes, measure by measure."""
    old, new = evidence.original_use, evidence.optimized_use
    return [
        _pair("Cost of 1,000 calls", old.cost_per_1000_calls, new.cost_per_1000_calls, word_cost),
        _pair("Time of a call, median", old.latency, new.latency, _word_latency),
        _pair("Tokens read a call, mean", old.input_tokens, new.input_tokens, word_mean),
        _pair("Tokens written a call, mean", old.output_tokens, new.output_tokens, word_mean),
        _pair("Characters of the prompt", old.characters, new.characters, word_mean),
    ]


def criterion_rows(evidence: Evidence) -> list[PairRow]:
    """Return the score of each criterion before and after."""
    return [
        PairRow(
            label=criterion.name,
            before=word_share(criterion.before),
            before_part=fraction(criterion.before),
            after=word_share(criterion.after),
            after_part=fraction(criterion.after),
            change=_word_points(criterion.before, criterion.after),
        )
        for criterion in evidence.criteria
    ]


def cases_of(evidence: Evidence, split: SplitName) -> Sequence[CaseEvidence]:
    """Return the cases of one split, losses first, then ties, then wins, each by number."""
    found = [case for case in evidence.per_case if case.split == split]
    return sorted(found, key=lambda case: (_OUTCOME_ORDER.index(case.outcome), case.number))


def candidates_of(evidence: Evidence) -> Sequence[CandidateEvidence]:
    """Return the candidates, the best one first, then those that were beaten, then the others."""
    return sorted(evidence.candidates, key=lambda candidate: _FATE_ORDER.index(candidate.fate))


def references_of(evidence: Evidence) -> list[Reference]:
    """Return what was compared and is neither delivered nor among the candidates as it was compared."""
    if not evidence.is_original_delivered:
        return [Reference("original", "The prompt that was submitted.", evidence.original_prompt)]
    known = {evidence.original_prompt, *(candidate.prompt for candidate in evidence.candidates)}
    if evidence.best_prompt in known:
        return []
    return [Reference("best rewrite", "As it was tested in the end; it is not delivered.", evidence.best_prompt)]


def word_tuning(candidate: CandidateEvidence) -> str:
    """Word how a candidate did on the tuning cases; empty when it was not run on them."""
    if not candidate.wins + candidate.ties + candidate.losses:
        return ""
    counts = f"won {candidate.wins}, tied {candidate.ties}, lost {candidate.losses}"
    return counts if candidate.score is None else f"{counts}; checks passed {word_share(candidate.score)}"


def trusts(judge: JudgeEvidence) -> list[Trust]:
    """Return the signs of how far a judge can be trusted."""
    longer = judge.longer_share
    return [
        Trust(
            "Changed its mind with the order",
            word_share(judge.flip_rate),
            fraction(judge.flip_rate),
            0.0,
            f"In {judge.flips:,} of {word_count(judge.pairs, 'pair')}; these count as ties. 0\u00a0% is best,"
            " and a judge that always prefers the first answer has 100\u00a0%.",
        ),
        Trust(
            "Preferred the answer shown first",
            word_share(judge.first_share),
            fraction(judge.first_share),
            0.5,
            "50\u00a0% is even-handed. A preference for a position makes ties, never wins.",
        ),
        Trust(
            "Preferred the longer answer",
            UNKNOWN if longer is None else word_share(longer),
            None if longer is None else fraction(longer),
            0.5,
            "Of the pairs that it decided. Near 50\u00a0% length played no part; far from it, look at the cases.",
        ),
    ]


def word_payback(evidence: Evidence) -> str:
    """Word after how many calls a cheaper prompt has paid for its optimization; empty where that is not known."""
    old, new = evidence.original_use.cost_per_1000_calls, evidence.optimized_use.cost_per_1000_calls
    spent = evidence.optimization.cost
    if evidence.is_original_delivered or not is_compared(evidence) or old is None or new is None or not spent:
        return ""
    saved = old - new
    if not saved > 0:
        return ""
    return f"At what the optimized prompt saves, that is paid back after {round(spent / saved * 1000):,} calls."


def _pair(label: str, before: float | None, after: float | None, word: Callable[[float | None], str]) -> PairRow:
    most = max(before or 0, after or 0)
    change = word_change(before, after)
    return PairRow(label, word(before), fraction(before, most), word(after), fraction(after, most), change)


def _word_latency(latency_ms: float | None) -> str:
    return UNKNOWN if latency_ms is None or not math.isfinite(latency_ms) else word_duration(round(latency_ms))


def _word_points(before: float, after: float) -> str:
    points = round((fraction(after) - fraction(before)) * 100)
    if points == 0:
        return "the same"
    return f"{'+' if points > 0 else MINUS}{word_count(abs(points), 'point')}"
