from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.errors import ExpressionError
from stagecast.expressions import Reference, compile_expression, compile_structure, compile_template
from stagecast.plain import MAX_TEXT, MAX_VALUE, weigh
from stagecast.sandbox import MAX_LOOP_STEPS

SCOPE: dict[str, Any] = {
    "inputs": {"prompt": "{{ 7 * 7 }}", "count": 3, "rows": [{"a": "x", "values": 2}, {"a": "y", "values": 5}]},
    "stages": {
        "judge": {"output": {"items": [1, 2], "keys": None, "winner": {"prompt": "p"}}, "status": "success"},
        "with-dash": {"output": "d", "status": "success"},
    },
    "item": "s",
}


def render(text: str) -> Any:
    return compile_template(text).render(SCOPE)


def fault(text: str) -> str:
    with pytest.raises(ExpressionError) as caught:
        render(text)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ inputs.count }}", 3),
        ("  {{ inputs.count }}\n", 3),
        ("{{ inputs.rows }}", SCOPE["inputs"]["rows"]),
        ("{{ inputs.count > 2 }}", True),
        ("{{ none }}", None),
        ("{{ '5' }}", "5"),
        ("{{ inputs.rows | map(attribute='a') }}", ["x", "y"]),
        ("{{ {'rows': inputs.rows | map(attribute='values')} }}", {"rows": [2, 5]}),
    ],
)
def test_a_text_that_is_only_an_expression_keeps_its_type(text: str, value: object) -> None:
    rendered = render(text)
    assert rendered == value
    assert type(rendered) is type(value)


def test_other_texts_are_text_and_keep_their_white_space() -> None:
    assert render(" n: {{ inputs.count }}\n") == " n: 3\n"
    assert render("{{ inputs.count }}{{ inputs.count }}") == "33"
    assert render("no template: } { %") == "no template: } { %"


def test_values_in_a_text_are_written_as_json() -> None:
    assert render("{{ inputs.rows[0] }}, {{ none }}, {{ true }}") == '{"a": "x", "values": 2}, null, true'
    assert render("{{ 'a' ~ none ~ [true] }}!") == "anull[true]!"
    assert render("{{ '<é>' | tojson }}!") == '"<é>"!'


def test_what_a_user_typed_is_never_a_template() -> None:
    assert render("{{ inputs.prompt }}") == "{{ 7 * 7 }}"
    assert render("say {{ inputs.prompt }}") == "say {{ 7 * 7 }}"


def test_mapping_keys_win_over_methods() -> None:
    assert render("{{ stages.judge.output.items }}") == [1, 2]
    assert render("{{ stages.judge.output.keys }}") is None
    assert render("{{ inputs.rows | sum(attribute='values') }}") == 7


def test_a_missing_key_named_like_a_method_is_missing() -> None:
    assert "no 'values' in a mapping that has items" in fault("{{ stages.judge.output.values }}")
    with pytest.raises(ExpressionError):
        compile_expression("not stages.judge.output.values").evaluate(SCOPE)
    assert compile_expression("stages.judge.output.values is defined").evaluate(SCOPE) is False


def test_methods_of_mappings_can_be_called() -> None:
    assert render("{% for k, v in inputs.rows[0].items() %}{{ k }}={{ v }};{% endfor %}") == "a=x;values=2;"
    assert render("{{ inputs.rows[0].get('b', 'none') }}") == "none"


def test_loops_know_where_they_are() -> None:
    text = "{% for row in inputs.rows %}{{ loop.index }}{{ row.a }}{{ '' if loop.last else ', ' }}{% endfor %}"
    assert render(text) == "1x, 2y"


def test_block_tags_leave_no_empty_lines() -> None:
    assert render("a\n{% if inputs.count %}\n  b\n{% endif %}\nc\n") == "a\n  b\nc\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ prmpt }}", "there is no 'prmpt' here"),
        ("{{ inputs.promt }}", "there is no 'promt' in a mapping that has prompt, count, rows"),
        ("{{ stages.judge.output.keys.x }}", "there is no 'x' in null"),
        ("{{ inputs.rows[7].a }}", "there is no item 7 in a list of 2"),
        ("one\n{{ inputs.count | lenght }}", "line 2: there is no filter 'lenght'; did you mean 'length'?"),
        ("one\ntwo {{ inputs.count / 0 }}", "line 2: division by zero"),
        ("{{ inputs.prompt.upper }}", "a method is no value; write its parentheses"),
        ("{% if %}", "Expected an expression"),
        ("{% include 'x' %}", "'include' is not offered"),
        ("{% macro x() %}{% endmacro %}", "'macro' is not offered"),
        ("{% set x %}a{% endset %}", "'assignblock' is not offered"),
        ("{{ 1e308 * 10 }}", "an infinite number"),
        ("{{ namespace() }}", "cannot be used as data"),
        ("{{ 'a'.format() }}", "'format' is not offered on a value of type str"),
        ("{{ inputs.rows.append(1) }}", "'append' is not offered"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "nested too deeply"),
    ],
)
def test_errors_say_what_is_wrong_and_where(text: str, said: str) -> None:
    assert said in fault(text)


def test_an_error_carries_the_line_within_the_template() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template("one\ntwo\n{{ inputs.. }}")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ inputs.__class__ }}",
        "{{ range.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ inputs['__class__'] }}",
        "{{ (1).to_bytes(10) }}",
        "{{ inputs | attr('__class__') }}",
    ],
)
def test_nothing_leads_to_pythons_insides(text: str) -> None:
    fault(text)


DOUBLING = (
    "{{% set ns = namespace(x='ab') %}}{{% for a in range(99) %}}{{% set ns.x = {} %}}{{% endfor %}}{{{{ ns.x }}}}"
)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 10 ** 9 }}",
        "{{ 10 ** 1000000 }}",
        "{{ [1] * 10 ** 9 }}",
        "{{ range(10 ** 9) | list }}",
        "{{ '%1000000000d' % 3 }}",
        "{{ '%*d' % (1000000000, 3) }}",
        "{{ '%1000000000d' | format(3) }}",
        "{{ 'a'.ljust(10 ** 9) }}",
        "{{ 'a' | center(10 ** 9) }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ ('a' * 3000000) | replace('a', 'b' * 3000000) }}",
        "{{ ['a' * 3000000, 'b' * 3000000] | join }}!",
        "{{ inputs | tojson(indent=1000000000) }}",
        "{% for a in range(3000) %}" + "x" * 2000 + "{% endfor %}",
        DOUBLING.format("ns.x ~ ns.x"),
        DOUBLING.format("ns.x + ns.x"),
        DOUBLING.format("[ns.x, ns.x]"),
        DOUBLING.format("ns.x | replace('a', 'aa')"),
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    ],
)
def test_one_line_cannot_fill_the_memory_or_run_for_ever(text: str) -> None:
    fault(text)


def test_the_limits_are_where_they_say() -> None:
    assert len(render(f"{{{{ 'x' * {MAX_TEXT - 100} }}}}!")) == MAX_TEXT - 99
    steps = "{% for a in range(" + str(MAX_LOOP_STEPS) + ") %}{% endfor %}done"
    assert render(steps) == "done"
    fault(steps + "{% for a in [1] %}{% endfor %}")


def test_data_may_be_handed_on_beyond_the_limit_of_a_text() -> None:
    large = ["x" * 1_000_000] * 8
    assert compile_template("{{ large }}").render({"large": large}) == large
    with pytest.raises(ExpressionError, match="larger"):
        compile_template("as text: {{ large }}").render({"large": large})
    with pytest.raises(ExpressionError, match="larger"):
        compile_template("{{ large }}").render({"large": ["x" * MAX_VALUE]})


def test_what_is_handed_on_is_a_copy() -> None:
    rendered = render("{{ inputs.rows }}")
    rendered[0]["a"] = "changed"
    assert SCOPE["inputs"]["rows"][0]["a"] == "x"


def test_an_expression_is_written_without_braces() -> None:
    assert compile_expression("inputs.count > 2 and item == 's'").evaluate(SCOPE) is True
    for text in ("{{ inputs.count }}", "a b", "a }} {{ b", "", "{% if x %}"):
        with pytest.raises(ExpressionError):
            compile_expression(text)


def test_references_are_the_names_that_are_read_from_the_scope() -> None:
    text = (
        "{% for row in inputs.rows %}{{ row.a }}{{ item.x[0].y }}{% endfor %}{{ range(3) }}{{ stages['a-b'].output }}"
    )
    template = compile_template(text)
    assert template.references == {Reference("inputs", "rows"), Reference("item", "x"), Reference("stages", "a-b")}
    assert template.paths == {("inputs", "rows"), ("item", "x"), ("stages", "a-b", "output")}
    assert compile_expression("stages[item].x").references == {Reference("stages", None), Reference("item", None)}


def test_a_structure_renders_the_texts_inside_it() -> None:
    structure = compile_structure({"{{ key }}": ["{{ inputs.count }}", 1, None], "b": {"c": "n{{ item }}"}})
    assert structure.render(SCOPE) == {"{{ key }}": [3, 1, None], "b": {"c": "ns"}}
    assert structure.references == {Reference("inputs", "count"), Reference("item", None)}


def test_compiled_texts_are_kept() -> None:
    assert compile_template("{{ inputs.count }} kept") is compile_template("{{ inputs.count }} kept")


def test_what_is_referred_to_twice_weighs_twice() -> None:
    inner = ["x" * 100] * 10
    assert weigh([inner, inner], 10_000) > 2 * 1_000
    assert weigh([inner] * 10_000, 10_000) > 10_000


WORDS = """{{ }} {% %} {# #} if for in endfor endif else set with . | ( ) [ ] 'a' 1 ** * + ~ % inputs stages item rows
items() values keys length tojson join map range(9) namespace() x = == not is defined , : { } - loop"""
PIECES = st.sampled_from(WORDS.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(PIECES | st.text(max_size=3), max_size=15).map(" ".join),
    st.dictionaries(st.sampled_from(["inputs", "stages", "item", "x"]), JSON),
)
@example("{{ inputs ** inputs }}", {"inputs": "a"})
@example("{{ x % x }}", {"x": "%(a)s"})
@example("{{ x * x }}", {"x": -1.5})
def test_whatever_is_rendered_gives_data_or_an_expression_error(text: str, scope: dict[str, Any]) -> None:
    for compiler in (compile_template, compile_structure):
        try:
            weigh(compiler(text).render(scope), MAX_VALUE)
        except ExpressionError as error:
            assert error.message
    try:
        compile_expression(text).evaluate(scope)
    except ExpressionError as error:
        assert error.message
