"""What a prompt optimization proves: the `evidence` in its output. Gathering and drawing it are elsewhere.

Costs are US dollars and None when unknown, never 0; durations are milliseconds; shares are from 0 to 1. "Original" is
the prompt that was submitted, "optimized" the best candidate, whether or not it was delivered.
"""

from typing import Literal

from pydantic import Field

from contracts.wire import WireModel

OptimizationVerdict = Literal["improved", "no_clear_change", "regressed", "too_few_cases"]
CaseOutcome = Literal["win", "tie", "loss"]
"""From the optimized prompt's side."""
SplitName = Literal["tuning", "held_out"]
DecidedBy = Literal["checks", "judge", "same_answer", "failed_call"]
CandidateFate = Literal["winner", "beaten", "rejected", "untested"]
DiffKind = Literal["equal", "insert", "delete"]


class SignTest(WireModel):
    """The exact sign test over the held-out cases; ties say nothing and are left out of `p_value`."""

    wins: int = 0
    ties: int = 0
    losses: int = 0
    p_value: float = Field(default=1.0, description="Two-sided: how likely a split at least so uneven is by chance.")
    alpha: float = Field(default=0.05, description="Below it a difference counts as shown.")
    least_p_value: float = Field(default=1.0, description="What this many cases could reach at best: all won.")
    win_share_low: float = Field(default=0.0, description="95 % interval (Clopper-Pearson) of wins among decided.")
    win_share_high: float = 1.0


class CaseCounts(WireModel):
    """How many test cases there were, and what they were used for."""

    supplied: int = 0
    drafted: int = 0
    tuning: int = Field(default=0, description="Seen while candidates were made and chosen.")
    held_out: int = Field(default=0, description="Kept for the final comparison; in no prompt before it.")
    held_out_tried: int = Field(default=0, description="Of those, how many were compared.")
    untried_because: str | None = Field(default=None, description="Why the others were not, as a clause.")


class CriterionScore(WireModel):
    """One criterion over the held-out cases: for a check the share that passed, for the judge the share preferred."""

    name: str
    kind: Literal["check", "judge"]
    before: float
    after: float
    cases: int = Field(description="How many cases it was looked at on.")


class TriedAnswer(WireModel):
    """What one prompt was answered on one case."""

    text: str
    score: float | None = Field(default=None, description="Share of the checks that passed; null without checks.")
    output_tokens: int = 0
    duration: int = Field(default=0, description="Milliseconds.")
    error: str | None = Field(default=None, description="Why there is no answer.")


class CaseEvidence(WireModel):
    """One test case: both answers, which is better, and why."""

    number: int = Field(description="The case's place among all cases, from 1.")
    split: SplitName
    source: Literal["supplied", "drafted"]
    values: dict[str, str] = Field(default_factory=dict[str, str], description="Values of the prompt's placeholders.")
    input: str = ""
    expected: str | None = None
    original: TriedAnswer
    optimized: TriedAnswer
    outcome: CaseOutcome
    decided_by: DecidedBy
    why: str = Field(description="One sentence.")


class JudgeEvidence(WireModel):
    """How far the judge can be trusted: it is asked twice about each pair, in both orders."""

    model: str
    pairs: int = Field(description="Pairs that it was asked about.")
    flips: int = Field(description="Pairs where the two orders did not agree; they count as ties.")
    flip_rate: float
    first_share: float = Field(description="Share of single answers, ties left out, that took the first position.")
    longer_share: float | None = Field(
        default=None, description="Share of decided pairs won by the longer answer; null when none was decided."
    )


class PromptUse(WireModel):
    """What using a prompt takes, as measured on the held-out cases."""

    characters: int
    input_tokens: float | None = Field(default=None, description="Mean of a call.")
    output_tokens: float | None = Field(default=None, description="Mean of a call.")
    cost_per_1000_calls: float | None = None
    latency: int | None = Field(default=None, description="Median milliseconds of a call.")


class DiffPart(WireModel):
    """A run of words that both prompts have, or one of them; joined in order they give both."""

    kind: DiffKind
    text: str
    change: int | None = Field(default=None, description="Number of the change that it belongs to.")


class PromptChange(WireModel):
    """One place where the optimized prompt differs, and the issue that it answers."""

    number: int = Field(description="From 1, in the order of the diff.")
    before: str
    after: str
    issue: str | None = Field(default=None, description="Null when its author named none.")


class CandidateEvidence(WireModel):
    """One rewrite, and what became of it."""

    strategy: str
    fate: CandidateFate
    reason: str = Field(description="One sentence.")
    prompt: str | None = Field(default=None, description="Null when none was written.")
    model: str | None = Field(default=None, description="Who wrote it.")
    wins: int = Field(
        default=0, description="On tuning cases, against the original; a refinement against the best before."
    )
    ties: int = 0
    losses: int = 0
    score: float | None = Field(default=None, description="Mean share of checks passed on tuning cases.")


class OptimizationCost(WireModel):
    """What the optimization itself took, all stages together."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0
    duration: int = Field(default=0, description="Milliseconds from the start.")
    stopped_by: str | None = Field(default=None, description="Why it ended before its time, in a sentence.")


class Evidence(WireModel):
    """Everything that stands behind a verdict."""

    verdict: OptimizationVerdict
    reason: str = Field(description="One sentence for people.")
    is_original_delivered: bool
    winner: str = Field(description="The strategy of the best candidate, or `original`.")
    original_prompt: str
    best_prompt: str = Field(description="The best candidate, letter for letter as it was tried; else the original.")
    tested_digest: str | None = Field(default=None, description="SHA-256 of the best prompt as the target was sent it.")
    cases: CaseCounts = CaseCounts()
    sign_test: SignTest = SignTest()
    criteria: tuple[CriterionScore, ...] = ()
    per_case: tuple[CaseEvidence, ...] = ()
    judge: JudgeEvidence | None = Field(default=None, description="Null when no judge was needed.")
    original_use: PromptUse
    optimized_use: PromptUse
    diff: tuple[DiffPart, ...] = ()
    changes: tuple[PromptChange, ...] = ()
    candidates: tuple[CandidateEvidence, ...] = ()
    refinement: str = Field(default="", description="What the refinement came to, in a sentence.")
    optimization: OptimizationCost = OptimizationCost()
    models: dict[str, str] = Field(default_factory=dict[str, str], description="Which model did what, by alias.")
    seed: int = 0
    cautions: tuple[str, ...] = Field(default=(), description="What weakens the evidence, a sentence each.")


class Optimization(WireModel):
    """The output of `prompt-optimizer-v1`."""

    optimized_prompt: str = Field(description="The original, letter for letter, unless the verdict is `improved`.")
    verdict: OptimizationVerdict
    reason: str
    evidence: Evidence
