import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import InvalidPipeline, Problem
from contracts.pipeline import Pipeline
from stagecast import definition_shape
from stagecast.loading import MAX_PROBLEMS, load_file, load_pipeline
from tests.unit.stagecast.registry import REGISTRY

EXAMPLE = (Path(__file__).parent / "pipelines" / "prompt-optimizer.yaml").read_text()

SMALL = """\
id: small
name: Small
inputs: {primary: text, text: {type: string}}
models: {fast: {use: "local:smollm2"}}
defaults: {model: fast}
stages:
  - id: first
    prompt: {user: "{{ inputs.text }}"}
    output: {type: object, properties: {title: {type: string}}}
  - id: second
    prompt:
      user: |
        Title: {{ stages.first.output.title }}
        Text: {{ inputs.text }}
"""

SECOND = "  - id: second\n"


def load(text: str) -> Pipeline:
    return load_pipeline(text, file="x.yaml", registry=REGISTRY)


def problems(text: str) -> list[Problem]:
    with pytest.raises(InvalidPipeline) as caught:
        load(text)
    assert caught.value.file == "x.yaml"
    return list(caught.value.problems)


def test_the_formats_own_example_is_valid() -> None:
    pipeline = load(EXAMPLE)
    assert [stage.id for stage in pipeline.stages] == ["analyze", "cases", "rewrite", "evaluate", "refine", "report"]
    assert pipeline.needs_of(1) == ("analyze",)
    assert Pipeline.model_validate(pipeline.snapshot()) == pipeline


def test_the_small_one_is_valid() -> None:
    assert load(SMALL).id == "small"


def test_a_version_is_kept_as_it_is_written() -> None:
    assert load(SMALL + "version: 1.10\n").version == "1.10"


REPLACED = [  # a part of SMALL, what stands there instead, how the problem begins
    ('name: Small', 'nmae: Small', "line 2: nmae: 'nmae' is no key here; did you mean 'name'?"),
    ('name: Small', 'name: [x]', 'line 2: name: this must be text'),
    ('id: small', 'id: a b', 'line 1: id: an id has letters, digits, - and _'),
    ('id: small', 'format: 2\nid: small', 'line 1: format: this must be 1, not 2'),
    ('local:smollm2', 'opnai:x', "line 4: models.fast.use: there is no provider 'opnai'; did you mean 'openai'?"),
    ('local:smollm2', 'gpt', 'line 4: models.fast.use: a model is written provider:model'),
    ('{model: fast}', '{model: fast, timeout: 5 min}', "line 5: defaults.timeout: '5 min' is not a duration"),
    ('{model: fast}', '{model: fast, retries: many}', 'line 5: defaults.retries: retries is a number, or a mapping'),
    ('    prompt:\n', '    promt: x\n    prompt:\n', "line 11: stages.second.promt: 'promt' is no key here; did you"),
    ('{user: "{{ inputs.text }}"}', 'hello', 'line 8: stages.first.prompt: this must be a mapping, for example'),
    ('{user: "{{ inputs.text }}"}', '{user: {{ inputs.text }}}', 'line 8: stages.first.prompt.user: a text that'),
    ('primary: text', 'primary: txt', "line 3: inputs.primary: primary must name the field that the request's input "),
    ('primary: text, ', '', 'line 3: inputs.primary: primary must name the field'),
    ('{type: string}}\nmodels', '{type: array}}\nmodels', 'line 3: inputs.text: the primary input is always text'),
    ('primary: text,', 'primary: text, models: {},', 'line 3: inputs.models: an input cannot be called models'),
    ('primary: text,', 'primary: text, budget: {},', 'line 3: inputs.budget: an input cannot be called budget'),
    ('primary: text,', 'primary: text, n: {type: integer, default: x},', 'line 3: inputs.n.default: the default does'),
    ('{type: object, prop', '{type: objct, prop', 'line 9: stages.first.output.type: the JSON Schema is not valid: t'),
    ('{title: {type: string}}', "{title: {$ref: '#/$defs/x'}}", 'line 9: stages.first.output.properties.title.$ref: '),
    ('id: second', 'id: first', "line 10: stages.first.id: the id 'first' is taken by the stage on line 7"),
    ('  - id: first\n', '  - id: first\n    needs: [first]\n', 'line 8: stages.first.needs.0: a stage cannot need it'),
    ('  - id: first\n', '  - id: first\n    needs: [second]\n', "line 8: stages.first.needs.0: 'second' waits for 'f"),
    ('  - id: second\n', '  - id: second\n    call: compare\n', 'line 10: stages.second: a stage has either prompt o'),
    ('    prompt: {user: "{{ inputs.text }}"}\n', '', 'line 7: stages.first: a stage has either prompt or call; this'),
    ('    prompt: {', '    with: {a: 1}\n    prompt: {', 'line 8: stages.first.with: with goes with call'),
    ('defaults: {model: fast}\n', '', 'line 6: stages.first: this stage has no model'),
    ('{model: fast}', '{model: fsat}', "line 5: defaults.model: models has no alias 'fsat'; did you mean 'fast'?"),
    ('    prompt: {user: "{{ inputs.text }}"}', '    call: compre', "line 8: stages.first.call: no function 'compre'"),
    ('Text: {{ inputs.text }}', 'Text: {{ inputs.text | lenght }}', 'line 14: stages.second.prompt.user: there is no'),
    ('Text: {{ inputs.text }}', 'Text: {{ inputs.txt }}', 'line 14: stages.second.prompt.user: the pipeline has no i'),
    ('Text: {{ inputs.text }}', 'Text: {{ input.text }}', "line 14: stages.second.prompt.user: there is no 'input' h"),
    ('Text: {{ inputs.text }}', 'Text: {{ stages }}', 'line 14: stages.second.prompt.user: name the stage'),
    ('Text: {{ inputs.text }}', 'Text: {{ stages.second.output }}', 'line 14: stages.second.prompt.user: the output '),
    ('{{ inputs.text }}"', '{{ stages.second.output }}"', "line 8: stages.first.prompt.user: 'second' runs only afte"),
    ('first.output.title', 'frist.output.title', "line 13: stages.second.prompt.user: there is no stage 'frist'; did"),
    ('first.output.title', 'first.outptu.title', "line 13: stages.second.prompt.user: stages.first has no 'outptu'; "),
    ('first.output.title', 'first.output.titel', "line 13: stages.second.prompt.user: the output schema of 'first' h"),
    ('first.output.title', 'first.results', "line 13: stages.second.prompt.user: stages.first has no 'results'"),
    ('  - id: second\n', '  - id: second\n    needs: []\n', 'line 14: stages.second.prompt.user: this stage does not'),
    ('id: small', "id: small\noutput: {a: '{{ stages.thrd.output }}'}", "line 2: output.a: there is no stage 'thrd'"),
]  # fmt: skip

ADDED = [  # a line added to the second stage, how its problem begins
    ('needs: first', 'needs: this must be a list'),
    ('if_: x', "if_: 'if_' is no key here"),
    ('on_error: stop', "on_error: this must be 'fail'"),
    ('foreach: {items: 3}', 'foreach.items: items is'),
    ('id: third', "id: 'id' stands here a second time"),
    ('needs: [frist]', "needs.0: there is no stage 'frist'; did you mean 'first'?"),
    ("model: 'openai:x'", "model: models has no alias 'openai:x' (a stage names an alias"),
    ('check: [{max_grwth: {ratio: 2}}]', "check.0: no check 'max_grwth' is registered; did you mean 'max_growth'?"),
    ('check: [{a: {}, b: {}}]', 'check.0: a check with'),
    ('on_error: use_skipped', 'on_error: use_skipped falls back on output_when_skipped'),
    ('foreach: {items: [1], as: stages}', "foreach.as: 'stages' means something else"),
    ('foreach: {items: [1], min_ok: 2}', 'foreach.min_ok: min_ok asks for 2 of 1 items'),
    ("when: [{if: '{{ x }}'}]", 'when.0.if: this is an expression already'),
    ("when: [{if: 'x', else: '{{ item }}'}]", "when.0.else: there is no 'item' here"),
    ("early_exit: {if: 'stages.third', output: 1}", "early_exit.if: there is no stage 'third'"),
    ("output_when_skipped: {a: ['{{ inputs.tex }}']}", "output_when_skipped.a.0: the pipeline has no input 'tex'"),
    ("foreach: {items: '{{ itm }}', as: itm}", "foreach.items: there is no 'itm' here"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), REPLACED)
def test_each_fault_is_told_with_line_place_and_fix(old: str, new: str, problem: str) -> None:
    text = SMALL.replace(old, new, 1)
    assert text != SMALL
    told = [str(each) for each in problems(text)]
    assert [each for each in told if each.startswith(problem)], told


@pytest.mark.parametrize(("line", "problem"), ADDED)
def test_each_fault_of_a_stage_is_told_with_line_place_and_fix(line: str, problem: str) -> None:
    told = [str(each) for each in problems(SMALL.replace(SECOND, f"{SECOND}    {line}\n"))]
    assert [each for each in told if each.startswith(f"line 11: stages.second.{problem}")], told


def test_a_fault_does_not_hide_the_others_and_they_come_in_order() -> None:
    text = SMALL.replace("name:", "nmae:").replace("{model: fast}", "{model: x}").replace("first.output", "zz.output")
    assert [problem.line for problem in problems(text)] == [1, 2, 5, 13]


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace("first.output.title", "first['output'].title"),
        SMALL.replace("    output: {type: object, properties: {title: {type: string}}}\n", "    output: {}\n"),
        SMALL.replace("  - id: second\n", "  - id: second\n    foreach: {items: [a], as: word}\n").replace(
            "Text: {{ inputs.text }}", "{{ word }}"
        ),
        SMALL + "    early_exit: {if: \"stages.second.output == ''\", output: '{{ stages.second.output }}'}\n",
        SMALL + "output: {a: ['{{ stages }}', '{{ stages.first.output.title }}']}\n",
        SMALL + "    check: [same_placeholders, {max_growth: {ratio: 2}}]\n",
        SMALL + "    timeout: 1500ms\n    retries: {max: 1, delay: 2s}\n    budget: {usd: 0.1}\n",
    ],
)  # fmt: skip
def test_what_the_format_allows_is_accepted(text: str) -> None:
    assert load(text).id == "small"


def test_a_need_is_met_through_other_stages() -> None:
    assert load(SMALL + "  - {id: third, prompt: {user: '{{ stages.first.output.title }}'}}\n").needs_of(2) == (
        "second",
    )


def test_an_id_with_a_dash_is_explained() -> None:
    text = SMALL.replace("id: first", "id: first-one").replace("stages.first.output", "stages.first-one.output")
    assert any("an id with a dash is written stages['first-one']" in each.message for each in problems(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "the file is empty"), ("- a", "the file is no mapping"), ("id: [", "this is no YAML"), ("id: x", "name")],
)  # fmt: skip
def test_a_file_that_is_no_pipeline_is_told_so(text: str, said: str) -> None:
    assert said in str(problems(text)[0])


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"id: x\nname: \xff\n")
    with pytest.raises(InvalidPipeline, match="line 2: this is not UTF-8"):
        load_file(path, REGISTRY)
    path.write_bytes("id: é".encode() * 300_000)
    with pytest.raises(InvalidPipeline, match="larger than"):
        load_file(path, REGISTRY)


@pytest.mark.parametrize("line", ["defautls{}: 1\n", "x{}: .inf\n"])
def test_the_checks_end_where_nobody_reads_on(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    suggest = definition_shape.suggest

    def counted(word: str, known: Sequence[str]) -> str:
        compared.append(word)
        return suggest(word, known)

    monkeypatch.setattr(definition_shape, "suggest", counted)
    told = problems(SMALL + "".join(line.format(number) for number in range(4000)))
    assert len(told) == MAX_PROBLEMS + 1
    assert told[-1] == Problem("there may be more; the checks end at 50 problems")
    assert len(compared) <= MAX_PROBLEMS


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", tmp_path, Path(os.devnull)):
        with pytest.raises(InvalidPipeline, match="cannot be read: it is no regular file"):
            load_file(path, REGISTRY)


LINES = EXAMPLE.splitlines(keepends=True)
VALUES = ["[]", "{}", "3", "null", "x", "''", "'{{ x }}'", "[[a], {b: c}, 1]", "{a: {b: [c]}}", "true", "-1", "1e9"]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "double", "cut", "value", "word", "indent"])):
            case "drop":
                lines[at] = ""
            case "double":
                lines[at] *= 2
            case "cut":
                lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))] + "\n"
            case "value":
                key, colon, _ = lines[at].partition(":")
                lines[at] = f"{key}{colon} {draw(st.sampled_from(VALUES))}\n"
            case "word":
                words = lines[at].split(" ")
                words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from([*VALUES, "stages", "id:", "- "]))
                lines[at] = " ".join(words)
            case _:
                lines[at] = " " * draw(st.integers(0, 4)) + lines[at]
    return "".join(lines)


@settings(max_examples=60, deadline=None)
@given(mutated())
def test_a_damaged_file_is_valid_or_told_and_nothing_else(text: str) -> None:
    try:
        load(text)
    except InvalidPipeline as error:
        assert all(problem.message and (problem.line or 1) >= 1 for problem in error.problems)
