"""Which model calls the optimizer's functions would make. The functions have modules of their own.

Gateways run this, so it imports little. Only inputs and aliases are looked at: what stages hand on is not known before.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from runner.functions.optimizer.shares import share_out
from stagecast.functions import CallPlan, CountRange, EstimateContext, PlannedCalls, tokens_of
from stagecast.plain import is_mapping, is_sequence

_CASES = 16
_MAX_TUNING = 20
_MAX_HELD_OUT = 40
_BATCH = 8  # cases that are drafted at once
_LEVEL = 0.5  # the share of pairs that run-wide checks are expected to leave to the judge
_STRATEGIES = 3
_JUDGED_TWICE = 2  # in both orders
_INSTRUCTIONS = 250  # tokens: what a model is told besides the texts that it is about
_CASE_TOKENS = 60  # of a drafted case
_VERDICT_TOKENS = 80  # of a judge's answer
_ANALYSIS_TOKENS = 150
_ANSWER_TOKENS = 500  # the longest that a judge is expected to be shown of one answer


# Any in what follows: arguments are JSON of every kind, and none of them is looked at.
def analyze(context: EstimateContext, **_: Any) -> CallPlan:
    """Ask once."""
    aims = _Aims.of(context)
    return [PlannedCalls(1, aims.prompt + _INSTRUCTIONS, _ANALYSIS_TOKENS, _alias(context, "fast"))]


def draft_cases(context: EstimateContext, **_: Any) -> CallPlan:
    """Ask for the cases that are missing, batch by batch, and again where the model repeats itself."""
    aims = _Aims.of(context)
    missing = aims.cases - aims.given
    if missing <= 0:
        return []
    batches = math.ceil(missing / _BATCH)
    calls = CountRange(low=batches, expected=batches, high=missing + 1)
    return [
        PlannedCalls(calls, aims.prompt + _INSTRUCTIONS, aims.case * min(missing, _BATCH), _alias(context, "strong"))
    ]


def rewrite(context: EstimateContext, **arguments: Any) -> CallPlan:
    """Ask once for each strategy; in a foreach over them, once."""
    aims = _Aims.of(context)
    calls = 1 if "strategy" in arguments else aims.strategies
    return [PlannedCalls(calls, aims.prompt + _INSTRUCTIONS, aims.rewritten, _alias(context, "strong"))]


def compare(context: EstimateContext, **_: Any) -> CallPlan:
    """Run the original and each candidate on every tuning case, and have judged what no check decides."""
    aims = _Aims.of(context)
    return _tried(
        context,
        aims,
        _often_stopped(aims.tuning * (1 + aims.strategies), least=aims.tuning),
        _often_stopped(math.ceil(aims.judged(aims.tuning) * aims.strategies)),
    )


def refine(context: EstimateContext, **_: Any) -> CallPlan:
    """Rewrite the winner once, and compare it on the tuning cases."""
    aims = _Aims.of(context)
    reflection = PlannedCalls(1, 2 * aims.prompt + _INSTRUCTIONS, aims.rewritten, _alias(context, "strong"))
    return [
        reflection,
        *_tried(context, aims, CountRange.of(aims.tuning), _often_stopped(aims.judged(aims.tuning))),
    ]


def verdict(context: EstimateContext, **_: Any) -> CallPlan:
    """Run the original and the winner on the cases that were held out."""
    aims = _Aims.of(context)
    answers, judgements = 2 * aims.held_out, aims.judged(aims.held_out)
    return _tried(
        context,
        aims,
        # None where no candidate did better on the tuning cases.
        CountRange(low=0, expected=answers, high=answers),
        CountRange(low=0, expected=math.ceil(judgements * aims.level), high=judgements),
    )


@dataclass(frozen=True, slots=True)
class _Aims:
    """What an optimization sets out to do.

    Attributes:
        prompt: tokens of the prompt.
        case: tokens of a case, on average.
        given: cases that were supplied.
        cases: supplied and drafted ones.
        held_out: those of them that are kept for the end.
        tuning: those that candidates are compared on.
        undecided: the share of cases that do not say themselves what is right.
        level: the share of pairs on such cases that are left to the judge.
        strategies: how many candidates there will be.
    """

    prompt: int
    case: int
    given: int
    cases: int
    held_out: int
    tuning: int
    undecided: float
    level: float
    strategies: int

    @classmethod
    def of(cls, context: EstimateContext) -> "_Aims":
        """Read the inputs."""
        inputs = context.inputs
        given = [case for case in _listed(inputs.get("cases")) if is_mapping(case)]
        cases = max(len(given), _number(inputs.get("n_cases"), _CASES))
        decided = sum(map(_is_decided, given))
        tuning, held_out = share_out(
            cases,
            _number(inputs.get("max_tuning"), _MAX_TUNING),
            _number(inputs.get("max_held_out"), _MAX_HELD_OUT),
        )
        tokens = sum(tokens_of(json.dumps(case, ensure_ascii=False)) for case in given)
        strategies = inputs.get("strategies")
        return cls(
            prompt=tokens_of(str(inputs.get("prompt", ""))),
            case=math.ceil(tokens / len(given)) if given else _CASE_TOKENS,
            given=len(given),
            cases=cases,
            held_out=held_out,
            tuning=tuning,
            undecided=1 - decided / cases if cases else 0.0,
            level=_LEVEL if inputs.get("checks") else 1.0,
            strategies=len(_listed(strategies)) or _number(strategies, _STRATEGIES),
        )

    @property
    def rewritten(self) -> int:
        """Tokens of an answer that holds a rewritten prompt."""
        return 2 * self.prompt + 100

    def judged(self, cases: int) -> int:
        """Return how often the judge is asked about one candidate on so many cases."""
        return math.ceil(_JUDGED_TWICE * cases * self.undecided)


def _tried(context: EstimateContext, aims: _Aims, answers: CountRange, judgements: CountRange) -> CallPlan:
    shown = 2 * min(_ANSWER_TOKENS, _longest(context) // 2)  # both answers, each as long as it is expected to be
    return [
        PlannedCalls(answers, aims.prompt + aims.case, None, _alias(context, "target")),
        PlannedCalls(
            judgements, aims.prompt + aims.case + shown + _INSTRUCTIONS, _VERDICT_TOKENS, _alias(context, "judge")
        ),
    ]


def _often_stopped(calls: int, least: int = 0) -> CountRange:
    """A comparison ends where the leader cannot be caught any more, and equal answers need no judge."""
    return CountRange(low=min(least, calls), expected=math.ceil(calls * 3 / 4), high=calls)


def _is_decided(case: Any) -> bool:
    return bool(case.get("expected") or case.get("checks"))


def _longest(context: EstimateContext) -> int:
    spec = context.models.get(_alias(context, "target") or "")
    return 2 * _ANSWER_TOKENS if spec is None or spec.max_tokens is None else spec.max_tokens


def _alias(context: EstimateContext, name: str) -> str | None:
    """Return the alias, or None for the stage's where the pipeline has none of that name."""
    return name if name in context.models else None


def _number(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _listed(value: object) -> list[Any]:
    return list(value) if is_sequence(value) else []
