import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.pipeline import Pipeline
from runner.functions.generator.blueprint import blueprint_schema
from runner.functions.generator.inspection import Draft, draft_of
from runner.functions.generator.sketch import sketch_schema
from runner.functions.generator.task import Detail, Task, check_words
from stagecast.functions import FunctionRegistry
from stagecast.loading import load_pipeline
from tests.unit.runner.functions.generator.answers import answers, coherent_designs, hostile_text, nasty_text
from tests.unit.runner.functions.generator.designs import always, blueprint, field, step

REGISTRY = FunctionRegistry()
BLUEPRINTS = answers(blueprint_schema())

slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def task(words: str = "Do it", detail: Detail = "full") -> Task:
    return Task(id="made", title="Made", words=words, given="text", model="local:smollm2", detail=detail)


def draft(design: Any, about: Task) -> Draft:
    return asyncio.run(draft_of(design, about, REGISTRY))


def loaded(found: Draft) -> Pipeline:
    assert found.problems == ()
    return load_pipeline(found.text, file="made.yaml", registry=REGISTRY)


@slow
@given(BLUEPRINTS, nasty_text)
def test_whatever_a_model_designs_the_file_loads_or_has_problems(design: Any, words: str) -> None:
    found = draft(design, task(words))
    if not found.problems:
        assert loaded(found).id == "made"
    assert all(problem.message for problem in found.problems)


@slow
@given(st.data(), nasty_text)
def test_whatever_a_small_model_picks_the_file_loads(data: st.DataObject, words: str) -> None:
    known = check_words(f"x{words}")
    sketch = data.draw(answers(sketch_schema(known)))
    assert 2 <= len(loaded(draft(sketch, task(known, "simple"))).stages) <= 4


@slow
@given(coherent_designs(), hostile_text)
def test_a_sound_design_loads_whatever_texts_are_in_it(design: Any, words: str) -> None:
    assert len(loaded(draft(design, task(words))).stages) == len(design["steps"])


def test_what_breaks_the_form_of_a_design_is_a_problem_and_no_exception() -> None:
    found = draft(blueprint(step("plan\n")), task())
    assert [problem.path for problem in found.problems] == ["steps.0.id"]


def test_the_loader_s_problems_have_their_lines() -> None:
    found = draft(blueprint(step("plan", instruction="One.\nSee {{ stages.facts.output }}.")), task())
    (problem,) = found.problems
    assert "there is no stage 'facts'" in problem.message
    assert "stages.facts.output" in found.text.split("\n")[(problem.line or 0) - 1]


def test_what_loads_and_would_fail_in_a_run_has_a_problem() -> None:
    compared = always(test="contains", value="stages.sort.output.size", than="x")
    found = draft(blueprint(step("sort", fields=[field("size", "number")]), step("write", only_if=compared)), task())
    assert "rehearsal" in found.problems[0].message


def test_inputs_that_would_hide_each_other_are_problems() -> None:
    option: dict[str, Any] = {"name": "text", "kind": "text", "about": "", "default": "", "choices": []}
    found = draft(blueprint(step("plan"), options=[option]), task())
    assert [problem.message for problem in found.problems] == ["two inputs are called text"]
    found = draft(blueprint(step("plan"), input="primary"), task())
    assert "an input cannot be called primary" in [problem.message for problem in found.problems]
