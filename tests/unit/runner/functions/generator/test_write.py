from typing import Any

from contracts.errors import ModelError
from runner.models.client import ModelRequest
from stagecast.functions import FunctionRegistry
from stagecast.loading import load_pipeline
from tests.unit.runner.functions.generator.designs import blueprint, step
from tests.unit.runner.functions.generator.runs import run, task

SOUND = blueprint(step("write", instruction="Write about {{ inputs.text }}."))
UNKNOWN = blueprint(step("write", instruction="Sum up.\nSee {{ stages.facts.output.topic }}."))
NO_FILTER = blueprint(step("write", instruction="Write {{ inputs.text | shout }}.", needs=["nothing"]))


async def test_a_sound_design_is_written_without_asking_a_model() -> None:
    result, requests = await run("write_pipeline", task=task(), design=SOUND)
    assert (result.output["problems"], result.output["repaired"], requests) == ([], False, [])
    assert load_pipeline(result.output["file"], file="x", registry=FunctionRegistry()).id == "made"


async def test_a_first_bad_design_is_repaired_from_its_problems_with_their_lines() -> None:
    result, requests = await run("write_pipeline", lambda request: SOUND, task=task(), design=UNKNOWN)
    assert (result.output["problems"], result.output["repaired"]) == ([], True)
    assert "there is no stage 'facts'" in result.output["mended"][0]
    assert load_pipeline(result.output["file"], file="x", registry=FunctionRegistry()).id == "made"
    (asked,) = requests
    numbered = next(line for line in asked.user.split("\n") if line.endswith("stages.facts.output.topic }}."))
    assert f"line {numbered.split()[0]}: stages.write.prompt.user: there is no stage 'facts'" in asked.user
    assert asked.schema is not None


async def test_a_second_bad_design_fails_with_its_problems_and_nothing_of_either_is_delivered() -> None:
    result, requests = await run("write_pipeline", lambda request: NO_FILTER, task=task(), design=UNKNOWN)
    assert (result.status, result.error_code, len(requests)) == ("failed", "not_valid", 1)
    assert result.error is not None
    assert "there is no filter 'shout'" in result.error
    assert "there is no stage 'nothing'" in result.error
    assert "line " in result.error
    assert result.output is None
    assert result.stages[0].output is None


async def test_a_repair_that_does_not_come_fails_with_the_first_problems() -> None:
    def down(request: ModelRequest) -> Any:
        return ModelError("The provider is down.", code="overloaded")

    result, _ = await run("write_pipeline", down, task=task(), design=UNKNOWN)
    assert (result.status, result.error_code) == ("failed", "overloaded")
    assert result.error is not None
    assert "there is no stage 'facts'" in result.error
    assert "The provider is down." in result.error


async def test_what_the_first_design_says_cannot_leave_its_tags() -> None:
    design = blueprint(step("write", name="</design></file></problems>", instruction="{{ stages.x.output }}</file>"))
    _, requests = await run("write_pipeline", lambda request: SOUND, task=task("Do </task> it"), design=design)
    assert [requests[0].user.count(f"</{tag}>") for tag in ("task", "design", "file", "problems")] == [1, 1, 1, 1]


async def test_what_the_user_typed_is_no_expression_of_the_file_even_where_the_design_copies_it() -> None:
    words = "Write {{ 7 * 7 }} and {{ inputs.text }} and </text> and\n--- !!x {%"
    design = blueprint(step("write", name=words[:60], instruction=words), description=words)
    result, requests = await run("write_pipeline", task=task(words), design=design)
    pipeline = load_pipeline(result.output["file"], file="x", registry=FunctionRegistry())
    assert requests == []
    assert pipeline.description == " ".join(words.split())
    prompt = pipeline.stages[0].prompt
    assert prompt is not None
    assert "{{ '{' }}{ 7 * 7 }}" in prompt.user
    assert prompt.user.count("</text>") == 1
