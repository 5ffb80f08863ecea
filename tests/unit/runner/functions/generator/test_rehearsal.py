from typing import Any

import pytest

from runner.functions.generator.rehearsal import rehearse
from stagecast.functions import FunctionRegistry
from tests.unit.runner.scripts import call, definition, prompt

REGISTRY = FunctionRegistry()
LEVEL = {"type": "object", "required": ["level"], "properties": {"level": {"enum": ["low", "high"]}}}


async def problems(*stages: dict[str, Any], **keys: Any) -> list[str]:
    return [str(problem) for problem in await rehearse(definition(*stages, **keys), REGISTRY)]


async def test_a_pipeline_that_holds_together_comes_to_its_end() -> None:
    stages = [prompt("sort", output=LEVEL), prompt("write", prompt={"user": "{{ stages.sort.output.level }}"})]
    assert await problems(*stages, output="{{ stages.write.output }}") == []


async def test_what_only_shows_while_it_runs_is_told() -> None:
    broken = prompt("write", when=[{"if": "stages.sort.output.level > 3"}])
    (told,) = await problems(prompt("sort", output=LEVEL), broken)
    assert told.startswith("in a rehearsal with made-up answers: Stage 'write' failed: A condition failed:")


async def test_a_fault_on_the_way_that_the_first_answers_do_not_take_is_found() -> None:
    second_way = prompt(
        "write", when=[{"if": "stages.sort.output.level == 'high'"}], prompt={"user": "{{ inputs.no }}"}
    )
    assert len(await problems(prompt("sort", output=LEVEL), second_way)) == 1


async def test_retries_are_not_waited_for() -> None:
    stage = prompt("write", check=[{"max_growth": {"of": "input", "ratio": 0, "allow_chars": 0}}])
    defaults = {"model": "m", "retries": {"max": 20, "delay": "1h", "max_delay": "1h"}}
    (told,) = await problems(stage, defaults=defaults)
    assert "max_growth" in told


async def test_functions_are_not_rehearsed_as_they_might_do_something() -> None:
    with pytest.raises(ValueError, match="functions"):
        await problems(call("act", "echo"))
