from typing import Any

from contracts.errors import ModelError
from runner.functions.compare import compare
from tests.unit.runner.scripts import Bench, Models, call, definition

CASES = [{"expected": "yes"}]


def candidate(prompt: str, strategy: str = "s") -> dict[str, str]:
    return {"strategy": strategy, "prompt": prompt, "model": "scripted:w"}


async def run(answers: dict[str, Any], *candidates: dict[str, str], cases: Any = CASES) -> tuple[Any, Models]:
    models = Models(answers=answers)
    arguments = {"baseline": "old", "candidates": list(candidates), "cases": cases}
    result = await Bench(models=models, functions={"compare": compare}).run(
        definition(call("e", "compare", arguments=arguments))
    )
    assert result.status == "success"
    return result.output, models


async def test_the_candidate_that_does_better_wins() -> None:
    output, _ = await run({"old": "no", "a": "no", "b": "yes"}, candidate("a", "first"), candidate("b", "second"))
    assert (output["winner"]["strategy"], output["winner"]["prompt"]) == ("second", "b")
    assert (output["baseline"]["score"], output["winner"]["score"], output["failures"]) == (0.0, 1.0, [])
    assert output["writtenBy"] == ["scripted:w"]


async def test_a_tie_goes_to_the_original_and_its_failures_are_told() -> None:
    output, _ = await run({"old": "no", "a": "no"}, candidate("a"))
    assert output["winner"]["strategy"] == "original"
    assert output["failures"] == [{"case": 0, "mark": "has_what_was_expected", "answer": "no"}]


async def test_without_a_score_of_the_original_nobody_wins() -> None:
    output, _ = await run({"old": ModelError("down"), "a": "yes"}, candidate("a"))
    assert (output["winner"]["strategy"], output["winner"]["error"]) == ("original", "down")


async def test_a_candidate_that_could_not_be_run_does_not_win() -> None:
    output, _ = await run({"old": "no", "a": ModelError("down")}, candidate("a"))
    assert output["winner"]["strategy"] == "original"
    assert output["candidates"][0]["error"] == "down"


async def test_nothing_is_run_where_there_is_nothing_to_compare() -> None:
    output, models = await run({}, candidate(" old "))
    assert models.requests == []
    assert (output["winner"]["prompt"], output["candidates"]) == ("old", [])


async def test_the_same_candidate_is_run_once() -> None:
    _, models = await run({}, candidate("a", "first"), candidate("a ", "second"))
    assert models.messages == ["old", "a"]


async def test_without_cases_each_prompt_is_run_once_as_it_is() -> None:
    output, models = await run({}, candidate("a"), cases=[])
    assert models.messages == ["old", "a"]
    assert len(output["cases"]) == 1
