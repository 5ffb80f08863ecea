"""Values that stand in for answers."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stagecast.json_schema import check_value
from stagecast.plain import is_mapping, is_sequence
from stagecast.specimen import SIZES, specimen

_LEAVES = st.one_of(
    st.integers(0, 30).flatmap(
        lambda low: st.integers(low, 60).map(lambda high: {"type": "string", "minLength": low, "maxLength": high})
    ),
    st.just({"type": "integer"}),
    st.just({"type": "boolean"}),
    st.just({"type": ["string", "null"], "maxLength": 9}),
    st.lists(st.text(max_size=5), min_size=1, max_size=4, unique=True).map(lambda values: {"enum": values}),
    st.just({"$ref": "#/$defs/name"}),
    st.just({"anyOf": [{"type": "null"}, {"type": "number", "minimum": 3}]}),
)


def _inside(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    lists = st.tuples(inner, st.integers(0, 3), st.integers(0, 3)).map(
        lambda made: {"type": "array", "items": made[0], "minItems": made[1], "maxItems": made[1] + made[2]}
    )
    objects = st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(
        lambda made: {"type": "object", "required": sorted(made)[:1], "properties": made, "additionalProperties": False}
    )
    return lists | objects


SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.recursive(_LEAVES, _inside, max_leaves=8)
DEFS = {"name": {"type": "string", "minLength": 1, "maxLength": 4}}


@given(SCHEMAS)
def test_a_specimen_of_every_size_fits_its_schema_and_larger_ones_are_longer(schema: dict[str, Any]) -> None:
    made = [specimen(schema, DEFS, size, 1_000_000) for size in SIZES]
    assert [check_value(each.value, schema, DEFS) for each in made] == [None, None, None]
    low, expected, high = (len(json.dumps(each.value)) for each in made)
    assert low <= expected + 1 <= high + 2  # `1` and `100`, `null` and a letter: the lengths of scalars differ a little
    assert all(each.is_bounded for each in made)


@given(SCHEMAS, st.integers(1, 50))
def test_a_specimen_ends_where_an_answer_would(schema: dict[str, Any], most: int) -> None:
    assert sum(map(len, _texts(specimen(schema, DEFS, "high", most).value))) <= most + 5  # a word of an enum is whole


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    tree: dict[str, Any] = {"type": "object", "properties": {name: {"$ref": "#/$defs/tree"} for name in "abcdefgh"}}
    made = specimen({"$ref": "#/$defs/tree"}, {"tree": tree}, "high", 5_000)
    assert len(json.dumps(made.value)) < 200_000


def test_a_list_without_a_limit_is_a_guess() -> None:
    assert not specimen({"type": "array", "items": {"type": "string"}}, {}, "expected", 1_000).is_bounded


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = list(value.values()) if is_mapping(value) else value if is_sequence(value) else ()
    return [text for each in inner for text in _texts(each)]
