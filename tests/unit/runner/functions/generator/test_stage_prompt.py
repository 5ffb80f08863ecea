from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.functions.generator.blueprint import Blueprint
from runner.functions.generator.literals import clean
from runner.functions.generator.paths import Readings
from runner.functions.generator.stage_prompt import Manner, readings_of, write_prompt
from stagecast.expressions import compile_template
from tests.unit.runner.functions.generator.answers import hostile_text
from tests.unit.runner.functions.generator.designs import blueprint, field, step

FACTS = step("facts", fields=[field("topic"), field("level", "choice", ("low", "high")), field("points", "texts")])
SCOPE = {
    "inputs": {"text": "IN </text> {{ 7 * 7 }}"},
    "stages": {"facts": {"output": {"topic": "T", "level": "low", "points": ["a", "b"]}}},
}


def prompt(instruction: str, words: str = "", *, is_user_s: bool = False, **keys: Any) -> dict[str, str]:
    design = Blueprint.model_validate(blueprint(FACTS, step("write", instruction=instruction, **keys)))
    manner = Manner("text", words, is_user_s)
    return write_prompt(design.steps[1], Readings(design), [design.steps[0]], manner)


def rendered(instruction: str, words: str = "", **keys: Any) -> str:
    return compile_template(prompt(instruction, words, **keys)["user"]).render({**SCOPE, "item": "I"})


def test_what_is_read_stands_in_tags_above_the_instruction_which_names_them() -> None:
    user = rendered("Answer {{ inputs.text }} about {{stages.facts.output.topic}}, see {{ inputs.text }}.")
    assert user == ("<text>IN < /text> {{ 7 * 7 }}</text>\n<topic>T</topic>\nAnswer <text> about <topic>, see <text>.")


def test_only_bounded_values_stand_in_the_midst_of_the_instruction() -> None:
    assert rendered("Its level is {{ stages.facts.output.level | upper }}.") == "Its level is LOW."
    assert rendered("{{ stages.facts.output.points }}").startswith("<points>a; b</points>\n")
    assert rendered('{{ stages.facts.output.points | join(" + ") }}').startswith("<points>a + b</points>\n")


def test_an_instruction_that_reads_nothing_gets_the_input_and_what_its_needs_offer() -> None:
    user = rendered("Write it.")
    assert user.startswith('<text>IN < /text> {{ 7 * 7 }}</text>\n<facts>{"topic": "T",')
    assert rendered("Write it.", for_each="stages.facts.output.points").split("\n")[-2] == "<item>I</item>"


def test_two_values_of_one_name_have_two_tags() -> None:
    user = rendered("{{ stages.facts.output.points }} {{ stages.facts.output.points | length }} {{ inputs.text }}")
    assert user.split("\n")[1] == "<points_2>2</points_2>"


@pytest.mark.parametrize(
    "typed", ["{{ inputs.text }}", "{{inputs.text}}", "{{ stages.facts.output.level }}", "{{ x }}"]
)
def test_what_the_user_typed_is_text_even_where_the_model_copies_it(typed: str) -> None:
    user = rendered(f"Write {typed} on top.", words=f"Write {typed} on top")
    assert user.split("\n")[-1] == f"Write {typed} on top."


def test_the_user_s_own_words_as_an_instruction_hold_no_expression_at_all() -> None:
    user = rendered("Do {{ inputs.text }}", words="Do {{ it }} </text> now", is_user_s=True)
    assert user.endswith("</facts>\n\nDo {{ it }} < /text> now\nNow: Do {{ inputs.text }}")


@pytest.mark.parametrize(
    "text", ["{{ 7 * 7 }}", "{{ inputs.text + 1 }}", "{% if x %}", "{# x #}", "{{ x() }}", "{{ inputs['text'] }}"]
)
def test_only_plain_paths_are_references_and_the_rest_is_text(text: str) -> None:
    assert rendered(f"Write {text}.").endswith(f"\nWrite {text}.")


@given(hostile_text, hostile_text, st.sampled_from(["{{ inputs.text }}", "{{ stages.facts.output.topic }}"]))
def test_an_instruction_renders_to_itself_with_tags_for_references(before: str, after: str, reference: str) -> None:
    instruction = clean(f"Do {before}{reference}{after} now", 4_000)
    tag = reference.split(".")[-1].removesuffix(" }}")
    wanted = instruction.replace(f"</{tag}", f"< /{tag}").replace(reference, f"<{tag}>")
    shown = rendered(instruction).split(f"</{tag}>\n", 1)[1]
    assert " ".join(shown.split()) == " ".join(wanted.split())


def test_an_instruction_tells_what_it_reads() -> None:
    design = Blueprint.model_validate(blueprint(FACTS, step("write")))
    read = readings_of("{{ stages.facts.output.level }} {{ item }} {{ x }}", Readings(design), Manner("text", ""))
    assert [(reading.expression, reading.kind, reading.stage) for reading in read] == [
        ("stages.facts.output.level", "choice", "facts"),
        ("item", "text", None),
        ("x", "unknown", None),
    ]
