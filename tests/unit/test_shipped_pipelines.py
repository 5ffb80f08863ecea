"""The pipelines that come with stagecast: each loads, and runs to a useful end with models of every behaviour."""

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import ModelError
from contracts.pipeline import Pipeline
from contracts.results import PipelineResult
from runner.models.client import ModelRequest
from stagecast.catalog import load_pipeline
from stagecast.functions import FunctionRegistry
from tests.unit.runner.functions.replies import Replies
from tests.unit.runner.scripts import Bench, begin

FILES = sorted((Path(__file__).parents[2] / "pipelines").glob("*.yaml"))
STAGES = [
    "Analyze Prompt",
    "Draft Test Cases",
    "Rewrite Candidates",
    "Evaluate vs Original",
    "Refine Winner",
    "Final Report",
]
PROMPT = "Summarize the report of {city} in a friendly tone"


def load(pipeline_id: str) -> Pipeline:
    file = next(file for file in FILES if file.stem == pipeline_id)
    return load_pipeline(file.read_text(), file=file.name, registry=FunctionRegistry())


async def run(
    pipeline_id: str, text: str, options: dict[str, Any] | None = None, models: Replies | None = None
) -> tuple[PipelineResult, Bench]:
    bench = Bench(models=models or Replies(cost=0.0))
    return await bench.run(begin(load(pipeline_id), text, options)), bench


def sensible(request: ModelRequest) -> Any:
    """Answer as an able model would: the rewritten prompt's answers are good, the original's are not."""
    properties = (request.schema or {}).get("properties", {})
    if "task" in properties:
        return {"task": "summarize", "criteria": ["is correct", "is complete"], "issues": ["gives no example"]}
    if "cases" in properties:
        return {"cases": [{"city": "Oslo"}, {"city": "Lyon"}]}
    if "add" in properties:
        return {"add": ["Say each thing only once."]}
    if "prompt" in properties:
        return {"prompt": f"{PROMPT}. Use three sentences."}
    good = "Here is the summary: the report says that the city does well this year."
    return good if "three sentences" in request.user else "well " * 30


def test_there_are_three_and_each_file_is_named_by_its_id() -> None:
    assert [file.stem for file in FILES] == ["echo-v1", "prompt-optimizer-v1", "summarize-v1"]
    assert [load(file.stem).id for file in FILES] == [file.stem for file in FILES]


def test_the_optimizer_has_its_six_stages_in_order() -> None:
    stages = load("prompt-optimizer-v1").stages
    assert [stage.name for stage in stages] == STAGES
    assert [stage.id for stage in stages] == ["analyze", "cases", "rewrite", "evaluate", "refine", "report"]


async def test_the_optimizer_delivers_the_rewrite_that_does_better() -> None:
    result, bench = await run("prompt-optimizer-v1", PROMPT, models=Replies(cost=0.0, reply=sensible))
    assert (result.status, result.output["verdict"]) == ("success", "improved")
    assert result.output["optimizedPrompt"] == f"{PROMPT}. Use three sentences."
    assert result.output["analysis"]["task"] == "summarize"
    # 2 to prepare, 3 candidates, and 3 different prompts on 2 cases: what a run may cost is part of the promise.
    assert len(bench.models.requests) == 11


async def test_the_optimizer_delivers_the_original_when_no_rewrite_is_better() -> None:
    def reply(request: ModelRequest) -> Any:
        return sensible(request) if request.schema else "The report of the city is friendly."

    result, _ = await run("prompt-optimizer-v1", PROMPT, models=Replies(cost=0.0, reply=reply))
    assert (result.status, result.output["verdict"]) == ("success", "unchanged")
    assert result.output["optimizedPrompt"] == PROMPT


async def test_the_optimizer_never_delivers_a_rewrite_that_lost_a_placeholder() -> None:
    def reply(request: ModelRequest) -> Any:
        wants_prompt = "prompt" in (request.schema or {}).get("properties", {})
        if wants_prompt or "add" in (request.schema or {}).get("properties", {}):
            return {"prompt": "Summarize the report in a friendly tone", "add": []}
        return sensible(request)

    result, _ = await run("prompt-optimizer-v1", PROMPT, models=Replies(cost=0.0, reply=reply))
    assert (result.status, result.output["verdict"]) == ("success", "unchanged")
    assert result.output["optimizedPrompt"] == PROMPT
    assert len(result.output["dropped"]) == 3


async def test_the_optimizer_uses_supplied_cases_and_says_so() -> None:
    cases = [{"vars": {"city": "Oslo"}, "expected": "does well"}]
    result, bench = await run("prompt-optimizer-v1", PROMPT, {"cases": cases}, Replies(cost=0.0, reply=sensible))
    assert "skipped cases: 1 test cases were supplied" in bench.told
    assert (result.output["verdict"], result.output["testCases"]) == ("improved", 1)
    assert result.output["scores"]["original"] == 0.0


async def test_the_optimizer_says_that_a_very_long_prompt_was_not_tried() -> None:
    long = "Answer politely. " * 600
    result, bench = await run("prompt-optimizer-v1", long, models=Replies(cost=0.0, reply=sensible))
    assert (result.status, result.output["verdict"]) == ("success", "untested")
    assert result.output["optimizedPrompt"] == long
    assert "longer than 6000 characters" in result.output["reason"]
    assert len(bench.models.requests) == 1


async def test_the_optimizer_survives_a_target_that_answers_nothing() -> None:
    def reply(request: ModelRequest) -> Any:
        return sensible(request) if request.schema else ModelError("down", is_retryable=True)

    result, _ = await run("prompt-optimizer-v1", PROMPT, models=Replies(cost=0.0, reply=reply))
    assert (result.status, result.output["verdict"]) == ("success", "untested")
    assert result.output["optimizedPrompt"] == PROMPT


async def test_the_optimizer_ends_well_when_its_budget_is_spent_at_once() -> None:
    result, _ = await run("prompt-optimizer-v1", PROMPT, models=Replies(cost=0.5, reply=sensible))
    assert (result.status, result.output["verdict"]) == ("success", "untested")
    assert result.output["reason"] == "This is the original: the budget was spent."


def test_no_text_of_a_shipped_file_has_control_characters() -> None:
    for file in FILES:
        snapshot = load(file.stem).model_dump_json()
        assert not any(f"\\u00{number:02x}" in snapshot for number in range(0x20))


@pytest.mark.parametrize(
    "text", ["{{ 7 * 7 }} {% for x in y %}{{ x }}{% endfor %}", "<script>alert(1)</script>", "a</subject>b", ".", "🎉"]
)
async def test_what_a_user_typed_is_never_rendered_and_comes_back_as_it_was(text: str) -> None:
    result, bench = await run("prompt-optimizer-v1", text, models=Replies(cost=0.0, reply=sensible))
    assert result.status == "success"
    assert result.output["optimizedPrompt"].startswith(text)
    assert text.replace("</subject", "< /subject") in bench.models.requests[0].user


async def test_summarize_reads_for_points_and_tone_side_by_side_and_writes_from_both() -> None:
    def reply(request: ModelRequest) -> Any:
        properties = (request.schema or {})["properties"]
        if "points" in properties:
            return {"points": ["It rains.", "It pours."]}
        return {"tone": "sad", "audience": "readers"} if "tone" in properties else {"summary": "Wet."}

    pipeline = load("summarize-v1")
    assert [pipeline.needs_of(index) for index in range(3)] == [(), (), ("key_points", "tone")]
    result, bench = await run("summarize-v1", "It rains. It pours.", models=Replies(cost=0.0, reply=reply))
    assert result.output == {
        "summary": "Wet.",
        "keyPoints": ["It rains.", "It pours."],
        "tone": "sad",
        "audience": "readers",
    }
    assert "It rains.; It pours." in bench.models.requests[2].user


async def test_echo_gives_its_input_back_through_six_stages_without_a_model() -> None:
    result, bench = await run("echo-v1", "{{ hello }}")
    assert result.output == {"text": "{{ hello }}", "stages": 6}
    assert (result.summary.stages_run, len(bench.models.requests)) == (6, 0)


async def test_echo_skips_the_stages_over_the_count_with_a_reason() -> None:
    result, bench = await run("echo-v1", "hi", {"stages": 2, "payload_bytes": 10})
    assert (result.status, result.summary.stages_run, result.summary.stages_skipped) == ("success", 2, 4)
    assert "skipped stage_3: only 2 stages were asked for" in bench.told
    assert [stage.output["padding"] for stage in result.stages[:2]] == ["x" * 10] * 2


@pytest.mark.parametrize("stage", [1, 4, 6])
async def test_echo_fails_in_the_stage_that_was_asked_to(stage: int) -> None:
    result, bench = await run("echo-v1", "hi", {"fail_stage": stage})
    assert (result.status, result.error_code) == ("failed", "echo_failed")
    assert f"failed stage_{stage}: echo_failed: echo was asked to fail." in bench.told
