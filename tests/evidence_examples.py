"""Evidence of prompt optimizations as it could come out. Whole results are in `report_examples`.

Nothing in here ran: the texts are written by hand, the statistics are computed from the outcomes.
"""

from math import comb
from typing import Any

from contracts.evidence import (
    CandidateEvidence,
    CaseCounts,
    CaseEvidence,
    CaseOutcome,
    CriterionScore,
    DecidedBy,
    DiffPart,
    Evidence,
    JudgeEvidence,
    OptimizationCost,
    OptimizationVerdict,
    PromptChange,
    PromptUse,
    SignTest,
    SplitName,
    TriedAnswer,
)

MODELS = {
    "fast": "openai:gpt-5-mini",
    "strong": "openai:gpt-5",
    "target": "openai:gpt-5-nano",
    "judge": "anthropic:claude-haiku-4-5",
}
ORIGINAL = "Summarize the customer's message and say what to do.\n\nMessage: {message}"
OPTIMIZED = (
    "Summarize the customer's message in one sentence of at most 25 words, then name the one next step our support"
    " team should take.\n\nAnswer as two lines that begin with “Summary:” and “Next step:”. Use only what the message"
    " says.\n\nMessage: {message}"
)
_MESSAGES = (
    "My parcel shows as delivered since Monday, but neither I nor the neighbours have it. Order 20417.",
    "How do I change the billing address? The form says 'invalid VAT number' although it is right.",
    "I was charged twice for October. Please refund one of the payments.",
    "The app closes as soon as I open the camera. Android 15, version 4.2.1.",
    "Can you send the invoice to accounting@example.com instead of me?",
    "I want to cancel, but the button in the settings is grey.",
    "Your courier left the box in the rain and the lamp inside is broken. Photos attached.",
    "Do you ship to Norway, and who pays the customs?",
    "Two of the six chairs are missing from the delivery that came today.",
    "The discount code WINTER10 is not accepted at the checkout.",
)


def sign_test(wins: int, ties: int, losses: int, alpha: float = 0.05) -> SignTest:
    """Compute the exact test from its counts."""
    decided = wins + losses
    return SignTest(
        wins=wins,
        ties=ties,
        losses=losses,
        p_value=min(1.0, 2 * _at_least(max(wins, losses), decided, 0.5)) if decided else 1.0,
        alpha=alpha,
        least_p_value=min(1.0, 2 * 0.5 ** (wins + ties + losses)),
        win_share_low=_bound(wins, decided, is_low=True),
        win_share_high=_bound(wins, decided, is_low=False),
    )


def _at_least(count: int, of: int, share: float) -> float:
    return sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(count, of + 1))


def _bound(wins: int, of: int, *, is_low: bool) -> float:
    """Find an end of the Clopper-Pearson interval by halving."""
    if of == 0 or (is_low and wins == 0) or (not is_low and wins == of):
        return 0.0 if is_low else 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        tail = _at_least(wins, of, middle) if is_low else 1 - _at_least(wins + 1, of, middle)
        low, high = (middle, high) if (tail < 0.025) == is_low else (low, middle)
    return low


def case(
    number: int,
    outcome: CaseOutcome,
    *,
    split: SplitName = "held_out",
    decided_by: DecidedBy = "judge",
    why: str | None = None,
    **fields: Any,
) -> CaseEvidence:
    """Make one case with answers that fit how it came out."""
    reasons = {
        "win": "In both orders the judge preferred the answer that names one concrete next step.",
        "tie": "The judge changed its mind with the order, so neither is better.",
        "loss": "In both orders the judge preferred the answer that kept the order number.",
    }
    message = _MESSAGES[number % len(_MESSAGES)]
    values: dict[str, Any] = {
        "number": number,
        "split": split,
        "source": "supplied",
        "values": {"message": message},
        "original": TriedAnswer(
            text="The customer has a problem with their order and would like some help. You should look into it, check"
            f" the details and get back to them soon.\n\n{message}",
            score=0.5,
            output_tokens=62,
            duration=1240 + 37 * number,
        ),
        "optimized": TriedAnswer(
            text=f"Summary: {message.split('.')[0]}.\nNext step: Open a case with the carrier and answer within a day.",
            score=1.0 if outcome != "loss" else 0.5,
            output_tokens=31,
            duration=910 + 29 * number,
        ),
    }
    return CaseEvidence.model_validate(
        {**values, "outcome": outcome, "decided_by": decided_by, "why": why or reasons[outcome], **fields}
    )


def cases(wins: int, ties: int, losses: int, *, tuning: int = 6) -> tuple[CaseEvidence, ...]:
    """Make held-out cases that came out like this, behind tuning cases that were all won."""
    counts: dict[CaseOutcome, int] = {"win": wins, "tie": ties, "loss": losses}
    outcomes: list[CaseOutcome] = [outcome for outcome, count in counts.items() for _ in range(count)]
    tuned = [case(number, "win", split="tuning", decided_by="checks") for number in range(1, tuning + 1)]
    return (*tuned, *(case(tuning + 1 + place, outcome) for place, outcome in enumerate(outcomes)))


_DIFF = (
    DiffPart(kind="equal", text="Summarize the customer's message "),
    DiffPart(kind="delete", text="and say what to do.", change=1),
    DiffPart(
        kind="insert",
        text="in one sentence of at most 25 words, then name the one next step our support team should take.",
        change=1,
    ),
    DiffPart(
        kind="insert",
        text="\n\nAnswer as two lines that begin with “Summary:” and “Next step:”. Use only what the message says.",
        change=2,
    ),
    DiffPart(kind="equal", text="\n\nMessage: {message}"),
)
_CHANGES = (
    PromptChange(
        number=1,
        before="and say what to do.",
        after="in one sentence of at most 25 words, then name the one next step our support team should take.",
        issue="It leaves the length open, and “what to do” does not say who is to do it.",
    ),
    PromptChange(
        number=2,
        before="",
        after="Answer as two lines that begin with “Summary:” and “Next step:”. Use only what the message says.",
        issue="It leaves the form of the answer open, so programs cannot read it.",
    ),
)
CANDIDATES = (
    CandidateEvidence(
        strategy="restructure",
        fate="winner",
        reason="It won more tuning cases than any other.",
        prompt=OPTIMIZED,
        model=MODELS["strong"],
        wins=5,
        ties=1,
        score=0.92,
    ),
    CandidateEvidence(
        strategy="clarify",
        fate="beaten",
        reason="It won fewer tuning cases than restructure.",
        prompt="Summarize the customer's message in a short paragraph and say clearly what to do.\n\n{message}",
        model=MODELS["strong"],
        wins=3,
        ties=2,
        losses=1,
        score=0.71,
    ),
    CandidateEvidence(
        strategy="add_examples",
        fate="rejected",
        reason="It lost the placeholder {message}.",
        prompt="Summarize messages like this one: “My parcel is late.” → “Summary: parcel late.”",
        model=MODELS["strong"],
    ),
)
ORIGINAL_USE = PromptUse(
    characters=len(ORIGINAL), input_tokens=58.2, output_tokens=62.4, cost_per_1000_calls=0.0279, latency=1310
)
OPTIMIZED_USE = PromptUse(
    characters=len(OPTIMIZED), input_tokens=104.6, output_tokens=31.1, cost_per_1000_calls=0.0177, latency=980
)


def evidence(verdict: OptimizationVerdict, wins: int, ties: int, losses: int, **fields: Any) -> Evidence:
    """Make the evidence of a comparison that came out like this."""
    is_original = verdict != "improved"
    total = wins + ties + losses
    values: dict[str, Any] = {
        "verdict": verdict,
        "reason": f"On the held-out cases it won {wins} and lost {losses}.",
        "is_original_delivered": is_original,
        "winner": "restructure",
        "original_prompt": ORIGINAL,
        "best_prompt": OPTIMIZED,
        "cases": CaseCounts(supplied=total + 6, tuning=6, held_out=total, held_out_tried=total),
        "sign_test": sign_test(wins, ties, losses),
        "criteria": (
            CriterionScore(name="begins with “Summary:”", kind="check", before=0.0, after=1.0, cases=total),
            CriterionScore(name="at most 60 words", kind="check", before=0.8, after=1.0, cases=total),
            CriterionScore(name="keeps the order number", kind="check", before=1.0, after=0.9, cases=total),
            CriterionScore(name="preferred by the judge", kind="judge", before=0.1, after=0.9, cases=total),
        ),
        "per_case": cases(wins, ties, losses),
        "judge": JudgeEvidence(
            model=MODELS["judge"], pairs=16, flips=1, flip_rate=1 / 16, first_share=0.53, longer_share=0.2
        ),
        "original_use": ORIGINAL_USE,
        "optimized_use": OPTIMIZED_USE,
        "diff": _DIFF,
        "changes": _CHANGES,
        "candidates": CANDIDATES,
        "refinement": "One more rewrite against the losses was tried and won nothing, so it was dropped.",
        "optimization": OptimizationCost(
            calls=148, input_tokens=31_204, output_tokens=9_871, cost=0.1184, duration=96_400
        ),
        "models": MODELS,
        "seed": 20_261_124,
    }
    return Evidence.model_validate({**values, **fields})
