from typing import Any

import pytest

from contracts.pipeline import Pipeline, Stage
from runner.functions.generator.blueprint import Blueprint
from runner.functions.generator.composition import Frame, compose
from stagecast.functions import FunctionRegistry
from stagecast.loading import load_pipeline
from tests.unit.runner.functions.generator.designs import always, blueprint, field, step

SORT = step(
    "sort", fields=[field("level", "choice", ("low", "high")), field("size", "number"), field("is_new", "flag")]
)
LIST = step("list", fields=[field("points", "texts")])


def made(*steps: dict[str, Any], **keys: Any) -> Pipeline:
    text = compose(Blueprint.model_validate(blueprint(*steps, **keys)), Frame("made", "Do it", "openai:gpt-5-mini"))
    return load_pipeline(text, file="made.yaml", registry=FunctionRegistry())


def second(first: dict[str, Any], **keys: Any) -> Stage:
    return made(first, step("write", **keys)).stages[1]


def test_the_file_begins_as_stagecast_init_writes_it() -> None:
    design = Blueprint.model_validate(blueprint(step("write")))
    lines = compose(design, Frame("made", "Do it", "local:smollm2")).split("\n")
    assert lines[0] == "# yaml-language-server: $schema=./pipeline.schema.json"
    assert lines[2:4] == ["format: 1", "id: made"]
    assert max(map(len, lines)) <= 120


def test_a_stage_waits_for_what_it_names_and_for_what_it_reads() -> None:
    write = step("write", needs=["list"], instruction="See {{ stages.sort.output.level }}.")
    pipeline = made(SORT, LIST, write)
    assert [pipeline.needs_of(index) for index in range(3)] == [(), (), ("list", "sort")]
    assert pipeline.stages[0].needs is None


def test_a_foreach_runs_over_a_list_and_may_find_it_empty_only_where_its_stage_may_be_skipped() -> None:
    stage = second(LIST, for_each="stages.list.output.points")
    assert stage.foreach is not None
    assert (stage.foreach.items, stage.foreach.min_ok) == ("{{ stages.list.output.points }}", 1)
    skippable = {**LIST, "only_if": always(test="is_not_empty", value="inputs.text")}
    stage = second(skippable, for_each="stages.list.output.points")
    assert stage.foreach is not None
    assert stage.foreach.min_ok == 0


@pytest.mark.parametrize(
    ("test", "path", "than", "expression"),
    [
        ("is", "stages.sort.output.level", "high", "stages.sort.output.level == 'high'"),
        ("is_not", "stages.sort.output.level", "a'\\", "stages.sort.output.level != 'a\\'\\\\'"),
        ("is", "stages.sort.output.is_new", "Yes", "stages.sort.output.is_new == true"),
        ("is", "stages.sort.output.size", "2.50", "stages.sort.output.size == 2.5"),
        ("more_than", "stages.sort.output.size", "nan", "stages.sort.output.size > 0"),
        ("less_than", "inputs.text", "100", "inputs.text | length < 100"),
        ("contains", "inputs.text", "{{ x }}", "'{{ x }}' in inputs.text"),
        ("is_not_empty", "inputs.text", "", "inputs.text | length > 0"),
    ],
)
def test_a_condition_compares_what_is_of_the_same_kind(test: str, path: str, than: str, expression: str) -> None:
    stage = second(SORT, only_if=always(test=test, value=path, than=than, otherwise="No {{ x }}."))
    assert [(each.if_, each.else_) for each in stage.when] == [(expression, "No {{ '{' }}{ x }}.")]


def test_a_skipped_stage_offers_something_empty_of_its_own_form() -> None:
    only_if = always(test="is", value="inputs.text", than="x")
    assert made({**SORT, "only_if": only_if}).stages[0].output_when_skipped == {"level": "", "size": 0, "is_new": False}
    assert made(step("write", only_if=only_if)).stages[0].output_when_skipped == ""
    skipped = second(LIST, for_each="stages.list.output.points", only_if=only_if)
    assert skipped.output_when_skipped == {"results": [], "dropped": []}


def test_fields_become_a_json_schema_and_a_choice_between_nothing_is_text() -> None:
    fields = [field("level", "choice", ("low", "", "low")), field("tone", "choice"), field("points", "texts")]
    schema = made(step("sort", fields=fields)).stages[0].output
    assert schema is not None
    text = {"type": "string", "minLength": 1, "maxLength": 2000}
    assert schema["properties"] == {
        "level": {"enum": ["low"]},
        "tone": text,
        "points": {"type": "array", "minItems": 1, "maxItems": 10, "items": text},
    }
    assert schema["required"] == ["level", "tone", "points"]


def test_options_have_defaults_that_fit() -> None:
    options: list[dict[str, Any]] = [
        {"name": "limit", "kind": "number", "about": "How many.", "default": "3", "choices": []},
        {"name": "tone", "kind": "choice", "about": "", "default": "odd", "choices": ["kind", "cool"]},
        {"name": "brief", "kind": "flag", "about": "", "default": "yes", "choices": []},
        {"name": "more", "kind": "text", "about": "", "default": "", "choices": []},
    ]
    assert made(step("write"), options=options).input_schemas == {
        "text": {"type": "string", "minLength": 1, "maxLength": 20000, "description": "What is read."},
        "limit": {"type": "number", "default": 3, "description": "How many."},
        "tone": {"enum": ["kind", "cool"], "default": "kind"},
        "brief": {"type": "boolean", "default": True},
        "more": {"type": "string", "default": ""},
    }


def test_guards_compare_with_the_input_and_stand_only_where_there_is_text() -> None:
    assert second(SORT, check="no_repetition").checks == (("no_repetition", {"of": "text"}),)
    bounds = {"of": "text", "ratio": 1, "allow_chars": 0}
    assert second(SORT, check="no_longer_than_input").checks == (("max_growth", bounds),)
    assert second(SORT, check="no_repetition", fields=[field("x")]).checks == ()


def test_the_budget_holds_all_that_a_run_may_call() -> None:
    pipeline = made(LIST, step("each", for_each="stages.list.output.points", retries=0))
    assert pipeline.budget is not None
    assert pipeline.budget.calls == 3 + 10


def test_what_is_delivered_is_the_last_stage_s_unless_the_design_says_otherwise() -> None:
    assert made(SORT, step("write")).output == "{{ stages.write.output }}"
    delivers = [{"name": "level", "value": "stages.sort.output.level"}]
    assert made(SORT, delivers=delivers).output == {"level": "{{ stages.sort.output.level }}"}
