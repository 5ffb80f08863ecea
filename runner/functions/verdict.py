"""`verdict`: what the optimizer delivers, and how much it is worth. The comparison itself is `compare`'s.

A refined winner is tried on the same cases before it may be delivered; when nothing beat the original, the original is.
"""

from typing import cast

from runner.functions.compare import ORIGINAL, authors_of, best_of
from runner.functions.trial import Case, Trial, Trials
from runner.values import Json, as_text
from stagecast.functions import FunctionContext

_SMALL_MODEL = "local:smollm2"
_SMALL_MODEL_NOTE = (
    "Made by SmolLM2-135M, the small model that comes with stagecast: it writes simple suggestions only. "
    "Name a larger model for the aliases under options.models for better ones."
)
_CHECKS_NOTE = "Scores come from simple checks of the answers, each prompt run once: a small difference may be chance."


async def verdict(
    context: FunctionContext,
    *,
    original: str,
    comparison: dict[str, Json] | None = None,
    refined: list[dict[str, Json]] | None = None,
    dropped: list[dict[str, Json]] | None = None,
    analysis: dict[str, Json] | None = None,
) -> dict[str, Json]:
    """Return the result of an optimization; `optimizedPrompt` is always usable.

    `verdict` is `improved` (a rewrite scored better), `unchanged` (none did) or `untested` (nothing could be
    compared); for the last two `optimizedPrompt` is the original, letter for letter. `reason` says it in a sentence;
    `model` is who wrote the candidates, `testedWith` who answered them.

    Args:
        context: the stage's; its model answers the prompts.
        original: the prompt that was submitted.
        comparison: what `compare` returned, or `{"why": reason}` where it was skipped, or None where it failed.
        refined: new versions of the winner, `{"strategy", "prompt"}` each, not tried yet.
        dropped: candidates that were refused, with `reason`.
        analysis: handed on, its lists without repetitions.
    """
    if comparison is None or "winner" not in comparison:
        why = str((comparison or {}).get("why", "the comparison failed"))
        baseline = winner = Trial(strategy=ORIGINAL, prompt=original, error=why)
        candidates: list[Trial] = []
        cases: list[Case] = []
    else:
        baseline, winner = (Trial.model_validate(comparison[name]) for name in ("baseline", "winner"))
        candidates = [Trial.model_validate(trial) for trial in comparison["candidates"]]
        cases = [Case.model_validate(case) for case in comparison["cases"]]
        later = await _try_refined(context, original, cases, refined or [], winner)
        candidates, winner = [*candidates, *later], best_of(winner, later)
    outcome, reason = _judge(baseline, winner, candidates, dropped or [], len(cases))
    models = sorted({*authors_of(refined or []), *(comparison or {}).get("writtenBy", [])})
    return {
        "optimizedPrompt": original if winner.strategy == ORIGINAL else winner.prompt,
        "verdict": outcome,
        "reason": reason,
        "strategy": winner.strategy,
        "scores": {
            "original": baseline.score,
            "optimized": winner.score,
            "candidates": {trial.strategy: trial.score for trial in candidates},
        },
        "testCases": len(cases),
        "dropped": [{"strategy": _strategy_of(item), "reason": item.get("reason")} for item in dropped or []],
        "analysis": {name: _each_once(value) for name, value in (analysis or {}).items()} or None,
        "model": ", ".join(models) or None,
        "testedWith": next((trial.model for trial in [baseline, *candidates] if trial.model is not None), None),
        "note": f"{_CHECKS_NOTE} {_SMALL_MODEL_NOTE}" if _SMALL_MODEL in models else _CHECKS_NOTE,
    }


async def _try_refined(
    context: FunctionContext, original: str, cases: list[Case], refined: list[dict[str, Json]], winner: Trial
) -> list[Trial]:
    prompts = {str(item["prompt"]).strip(): str(item["strategy"]) for item in refined}
    prompts.pop(winner.prompt.strip(), None)
    if not prompts or winner.score is None:
        return []
    return await Trials(context, original, cases).run_all([(strategy, text) for text, strategy in prompts.items()])


def _judge(
    baseline: Trial, winner: Trial, candidates: list[Trial], dropped: list[dict[str, Json]], count: int
) -> tuple[str, str]:
    on_cases = f"on {count} test case{'' if count == 1 else 's'}"
    if winner.strategy != ORIGINAL:
        scores = f"{winner.score:.2f} against {baseline.score:.2f}"
        return "improved", f"'{winner.strategy}' scored {scores} of the original {on_cases}."
    if baseline.error is not None:
        return "untested", f"This is the original: {baseline.error.strip().rstrip('.')}."
    if baseline.score is None:
        count = len(dropped)
        why = f"all {count} rewrites were refused, see 'dropped'" if dropped else "the rewrites are the same"
        return "unchanged", f"This is the original: {why}."
    return "unchanged", f"No rewrite scored better than the original's {baseline.score:.2f} {on_cases}."


def _each_once(value: Json) -> Json:
    return (
        list(dict.fromkeys(as_text(each) for each in cast("list[Json]", value))) if isinstance(value, list) else value
    )


def _strategy_of(dropped: dict[str, Json]) -> Json:
    item: Json = dropped.get("item")
    return cast("dict[str, Json]", item).get("id") if isinstance(item, dict) else item
