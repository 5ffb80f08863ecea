from typing import Any

import pytest

from contracts.errors import ModelError
from runner.functions.verdict import verdict
from tests.unit.runner.scripts import Bench, Models, call, definition

ORIGINAL = "old {x}"


def trial(strategy: str, prompt: str, score: float | None, **more: Any) -> dict[str, Any]:
    return {"strategy": strategy, "prompt": prompt, "score": score, "model": "scripted:m", **more}


def comparison(winner: dict[str, Any], *candidates: dict[str, Any], baseline: float | None = 0.0) -> dict[str, Any]:
    return {
        "baseline": trial("original", ORIGINAL, baseline),
        "candidates": list(candidates),
        "winner": winner,
        "cases": [{"expected": "yes", "vars": {"x": "1"}}],
        "writtenBy": ["local:smollm2"],
    }


async def run(answers: dict[str, Any] | None = None, **arguments: Any) -> Any:
    models = Models(answers=answers or {})
    result = await Bench(models=models, functions={"verdict": verdict}).run(
        definition(call("v", "verdict", arguments={"original": ORIGINAL, **arguments}))
    )
    assert result.status == "success"
    return result.output


async def test_a_winner_is_delivered_with_its_scores_and_who_wrote_it() -> None:
    won = trial("clarify", "new {x}", 1.0)
    output = await run(comparison=comparison(won, won), analysis={"task": "t", "issues": ["a", "a"]})
    assert (output["optimizedPrompt"], output["verdict"], output["strategy"]) == ("new {x}", "improved", "clarify")
    assert output["scores"] == {"original": 0.0, "optimized": 1.0, "candidates": {"clarify": 1.0}}
    assert (output["model"], output["testedWith"]) == ("local:smollm2", "scripted:m")
    assert "1.00 against 0.00" in output["reason"]
    assert "small model" in output["note"]
    assert output["analysis"] == {"task": "t", "issues": ["a"]}


async def test_when_nothing_won_the_original_is_delivered_letter_for_letter() -> None:
    kept = trial("original", ORIGINAL, 0.5)
    output = await run(comparison=comparison(kept, trial("clarify", "new", 0.5), baseline=0.5))
    assert (output["optimizedPrompt"], output["verdict"], output["strategy"]) == (ORIGINAL, "unchanged", "original")


async def test_when_every_rewrite_was_refused_the_verdict_says_so() -> None:
    dropped = [{"item": {"id": "clarify", "ask": "…"}, "index": 0, "reason": "it loops"}]
    output = await run(comparison=comparison(trial("original", ORIGINAL, None), baseline=None), dropped=dropped)
    assert (output["optimizedPrompt"], output["verdict"]) == (ORIGINAL, "unchanged")
    assert "all 1 rewrites were refused" in output["reason"]
    assert output["dropped"] == [{"strategy": "clarify", "reason": "it loops"}]


@pytest.mark.parametrize(
    ("missing", "reason"), [(None, "the comparison failed"), ({"why": "it is too long"}, "it is too long")]
)
async def test_without_a_comparison_the_original_is_delivered_as_untested(missing: Any, reason: str) -> None:
    output = await run(comparison=missing, analysis=None)
    assert (output["optimizedPrompt"], output["verdict"]) == (ORIGINAL, "untested")
    assert output["reason"] == f"This is the original: {reason}."
    assert (output["model"], output["testedWith"], output["scores"]["original"]) == (None, None, None)


async def test_a_refined_prompt_is_delivered_only_after_it_did_better_on_the_same_cases() -> None:
    won = trial("clarify", "new {x}", 0.5)
    refined = [{"strategy": "refine", "prompt": "newer {x}", "model": "scripted:w"}]
    better = await run({"newer 1": "yes"}, comparison=comparison(won, won), refined=refined)
    assert (better["optimizedPrompt"], better["strategy"]) == ("newer {x}", "refine")
    assert better["scores"]["candidates"] == {"clarify": 0.5, "refine": 1.0}
    worse = await run({"newer 1": "no"}, comparison=comparison(won, won), refined=refined)
    assert worse["optimizedPrompt"] == "new {x}"
    failed = await run({"newer 1": ModelError("down")}, comparison=comparison(won, won), refined=refined)
    assert failed["optimizedPrompt"] == "new {x}"


async def test_the_original_without_a_score_is_untested_and_says_why() -> None:
    baseline = trial("original", ORIGINAL, None, error="The prompt is too long.")
    output = await run(
        comparison={**comparison(baseline, trial("clarify", "new", 1.0)), "baseline": baseline}, refined=[]
    )
    assert (output["verdict"], output["reason"]) == ("untested", "This is the original: The prompt is too long.")
