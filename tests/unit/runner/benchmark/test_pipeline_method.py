from typing import Any

import pytest

from contracts.pipeline import Pipeline
from runner.benchmark.meter import Meter
from runner.benchmark.method import Assignment, MethodFailed, Models
from runner.benchmark.pipeline_method import PipelineMethod
from runner.benchmark.toy import toy_task
from stagecast.functions import FunctionContext, FunctionRegistry
from tests.unit.runner.benchmark.pupil import INSTRUCTIONS, MODELS, SPEC, Pupil
from tests.unit.runner.benchmark.runs import SIZES

LESSON = toy_task(INSTRUCTIONS, 0, SIZES).lesson


async def give(context: FunctionContext, **values: Any) -> Any:
    return values


def pipeline(*, output: object = None, **keys: object) -> Pipeline:
    """Asks twice and ends with what it was given."""
    definition: dict[str, object] = {
        "id": "p",
        "name": "P",
        "inputs": {
            "primary": "prompt",
            "prompt": {"type": "string"},
            "cases": {"type": "array", "maxItems": 5},
            "seed": {"type": "integer"},
        },
        "models": {"fast": {"use": "scripted:m", "max_tokens": 7}, "target": {"use": "scripted:m"}},
        "budget": {"usd": 0.001, "calls": 1, "on_exceeded": "finish"},
        "stages": [
            {"id": "one", "model": "fast", "prompt": {"user": "one"}},
            {"id": "two", "model": "target", "prompt": {"user": "two"}},
            {
                "id": "end",
                "always": True,
                "call": "give",
                "with": {"cases": "{{ inputs.cases }}", "seed": "{{ inputs.seed }}"},
            },
        ],
        "output": output or {"optimizedPrompt": "{{ stages.end.output | tojson }}", "verdict": "improved"},
    }
    return Pipeline.model_validate(definition | keys)


def method(definition: Pipeline) -> PipelineMethod:
    return PipelineMethod(definition, FunctionRegistry({"give": give}, {}))


async def test_the_run_gets_as_many_items_as_it_takes_as_cases_and_the_seed() -> None:
    found = await method(pipeline())(Assignment(LESSON, MODELS, Meter(Pupil(), 9), 3))
    assert found.note == "improved"
    assert found.prompt.count('"vars"') == 5
    assert LESSON.items[0].question in found.prompt
    assert '"match": "number"' in found.prompt
    assert '"seed": 3' in found.prompt


async def test_the_meters_limit_is_the_runs_own_budget_so_it_ends_in_order_and_the_pipelines_is_not() -> None:
    for limit, asked in ((1, ["one"]), (9, ["one", "two"])):
        meter = Meter(Pupil(), limit)
        await method(pipeline())(Assignment(LESSON, MODELS, meter, 0))
        assert [request.user for request in meter.requests] == asked


async def test_the_target_is_the_one_that_is_scored_and_the_others_keep_the_settings_of_their_alias() -> None:
    models = Models(SPEC, SPEC.model_copy(update={"use": "local:writer"}), SPEC)
    meter = Meter(Pupil(), 9)
    await method(pipeline())(Assignment(LESSON, models, meter, 0))
    one, two = meter.requests
    assert (one.spec.use, one.spec.max_tokens) == ("local:writer", 7)
    assert two.spec == SPEC


async def test_a_run_without_a_prompt_is_a_failure_that_says_why() -> None:
    broken = pipeline(stages=[{"id": "end", "call": "give", "with": {"x": "{{ 1 / 0 }}"}}], output="{{ 1 }}")
    with pytest.raises(MethodFailed, match="The pipeline ended as failed: "):
        await method(broken)(Assignment(LESSON, MODELS, Meter(Pupil(), 9), 0))
