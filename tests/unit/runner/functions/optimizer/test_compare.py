"""The tuning race, through a real stage. What it comes to in the end: `test_outcomes`."""

from typing import Any

from contracts.errors import ModelError
from runner.functions.optimizer.compare import compare
from runner.functions.optimizer.comparison import Comparison
from runner.models.client import ModelRequest
from tests.unit.runner.functions.replies import Replies
from tests.unit.runner.scripts import Bench, call, definition

MODELS = {name: {"use": f"scripted:{name}"} for name in ("target", "judge")}
CASES = [{"vars": {"n": str(number)}, "expected": "yes"} for number in range(10)]


def written(prompt: str, strategy: str) -> dict[str, str]:
    return {"strategy": strategy, "prompt": prompt, "model": "scripted:w"}


def failing(_: ModelRequest) -> ModelError:
    return ModelError("down")


async def run(
    *candidates: dict[str, str],
    cases: Any = CASES,
    yes: str = "good",
    reply: Any = None,
    rules: dict[str, Any] | None = None,
    **keys: Any,
) -> tuple[Comparison, Bench]:
    """Compare, where a prompt with the word in `yes` is answered rightly."""
    models = Replies(cost=0.0, reply=reply or (lambda request: "yes" if yes in request.user else "no"))
    bench = Bench(models=models, functions={"compare": compare})
    arguments: dict[str, Any] = {
        "baseline": "old {n}",
        "rewritten": {"results": list(candidates), "dropped": [{"item": "gone", "reason": "Refused."}]},
        "cases": {"supplied": cases, "drafted": []},
        "rules": rules or {},
    }
    stage = call("e", "compare", arguments=arguments, model="target")
    result = await bench.run(definition(stage, models=MODELS, **keys))
    assert result.status == "success", result.error
    return Comparison.model_validate(result.output), bench


async def test_the_candidate_that_does_better_wins() -> None:
    found, bench = await run(written("bad {n}", "first"), written("good {n}", "second"))
    assert (found.winner, found.best_prompt, found.failures) == ("second", "good {n}", [])
    assert set(found.answers) == {case.number for case in found.tried_cases()}
    assert found.dropped[0]["item"] == "gone"
    assert any("New best: second" in note.message for _, note in bench.told.notes)


async def test_where_nobody_is_better_the_original_stays_and_its_failures_are_told() -> None:
    found, _ = await run(written("bad {n}", "first"))
    assert (found.winner, found.challenger, found.best_prompt) == ("original", "first", "old {n}")
    assert {failure.why for failure in found.failures} == {"contains 'yes': It lacks 'yes'."}


async def test_each_candidate_is_told_once_with_its_score() -> None:
    _, bench = await run(written("bad {n}", "first"), written("good {n}", "second"))
    told = [note.data for _, note in bench.told.notes if note.data["kind"] == "candidate"]
    assert sorted(data["strategy"] for data in told) == ["first", "second"]


async def test_held_out_cases_are_not_run() -> None:
    found, bench = await run(written("good {n}", "first"))
    held_out = {case.case.vars["n"] for case in found.split.held_out}
    assert not held_out & {request.user.split()[-1] for request in bench.models.requests}


async def test_the_same_candidate_is_run_once_and_the_original_not_twice() -> None:
    found, bench = await run(written("good {n}", "first"), written("good {n} ", "second"), written(" old {n}", "third"))
    assert [one.strategy for one in found.standings] == ["first"]
    assert found.out["second"] == "It is the same as 'first'."
    assert found.out["third"] == "It is the same as original."
    assert len(set(bench.models.messages)) == len(bench.models.messages)


async def test_nothing_is_run_where_there_is_nothing_to_compare() -> None:
    found, bench = await run(written("old {n}", "first"))
    assert (found.why_none, bench.models.requests) == ("there is no rewrite that differs from it", [])
    found, bench = await run(written("good {n}", "first"), cases=[])
    assert (found.why_none, bench.models.requests) == ("there are no test cases", [])


async def test_a_target_that_fails_is_no_candidates_fault() -> None:
    found, _ = await run(written("good {n}", "first"), reply=failing)
    assert (found.winner, found.why_none) == ("original", "no answers could be compared (An answer is missing: down)")


async def test_the_built_in_model_is_spared_a_very_long_prompt() -> None:
    models = {"target": {"use": "local:smollm2"}, "judge": {"use": "local:smollm2"}}
    bench = Bench(models=Replies(cost=0.0), functions={"compare": compare})
    arguments = {
        "baseline": "old {n} " * 1_000,
        "rewritten": {"results": [written("good {n}", "first")]},
        "cases": {"supplied": CASES},
    }
    result = await bench.run(definition(call("e", "compare", arguments=arguments, model="target"), models=models))
    assert "above 6000 characters" in result.output["why_none"]
    assert bench.models.requests == []


async def test_a_budget_keeps_back_what_the_proof_will_cost() -> None:
    budget = {"calls": 16, "on_exceeded": "finish", "hard": True}
    found, bench = await run(written("fair {n}", "first"), yes="nothing", budget=budget)
    assert len(bench.models.requests) == 6  # of 16, nine are kept for six held-out cases; two calls a tuning case
    assert "kept for the final comparison" in str(found.stopped)
