"""Rows become what an option takes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from stagecast.option_rows import read_rows

DEFS: dict[str, Any] = {
    "case": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "vars": {"type": "object"},
            "input": {"type": "string"},
            "expected": {"type": ["string", "null"]},
            "weight": {"type": "number", "minimum": 0},
            "rank": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
            "hard": {"type": "boolean"},
            "checks": {"type": "array", "items": {"type": "object"}},
            "match": {"enum": ["contains", "exact"]},
        },
    }
}
CASES: dict[str, Any] = {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/case"}}


def rows(content: str, name: str = "cases.csv", schema: dict[str, Any] = CASES) -> list[dict[str, Any]]:
    return read_rows("cases", schema, DEFS, name, content.encode())


def test_columns_that_the_schema_does_not_name_are_placeholders_and_stay_text() -> None:
    assert rows("name,age,expected\nAnn,007,yes\nBob,,no\n") == [
        {"vars": {"name": "Ann", "age": "007"}, "expected": "yes"},
        {"vars": {"name": "Bob", "age": ""}, "expected": "no"},
    ]


def test_empty_cells_of_properties_that_need_not_be_there_are_left_out() -> None:
    assert rows("name,expected,weight\nAnn,,\n") == [{"vars": {"name": "Ann"}}]


def test_cells_of_other_types_are_read_as_json() -> None:
    content = 'input,weight,rank,hard,checks,match\nhi,0.5,3,TRUE,"[{""contains"": ""x""}]",exact\n'
    assert rows(content) == [
        {"input": "hi", "weight": 0.5, "rank": 3, "hard": True, "checks": [{"contains": "x"}], "match": "exact"}
    ]


def test_text_that_looks_like_json_stays_text_where_text_is_asked_for() -> None:
    assert rows("input,expected,a.b\n[1],null,{}\n") == [{"input": "[1]", "expected": "null", "vars": {"a.b": "{}"}}]


def test_a_column_of_vars_and_columns_of_single_ones_come_together() -> None:
    assert rows('vars;name\n"{""age"": 7}";Ann\n') == [{"vars": {"age": 7, "name": "Ann"}}]


def test_flat_rows_of_json_are_folded_likewise_and_keep_their_types() -> None:
    flat = [{"name": "Ann", "age": 7, "expected": "yes"}]
    folded = [{"vars": {"name": "Ann", "age": 7}, "expected": "yes"}]
    assert rows(json.dumps(flat), "cases.json") == rows(json.dumps(flat[0]), "cases.jsonl") == folded
    assert rows(json.dumps(folded), "cases.json") == folded


def test_where_there_is_no_vars_other_columns_are_properties_or_refused() -> None:
    people: dict[str, Any] = {"type": "array", "items": {"type": "object", "properties": {"age": {"type": "integer"}}}}
    assert rows("name,age\nAnn,7\n", schema=people) == [{"name": "Ann", "age": 7}]
    people["items"]["additionalProperties"] = False
    with pytest.raises(InvalidInput, match=r"cases.csv, line 2, column 'agee': there is no place for this; did you"):
        rows("agee\n7\n", schema=people)


def test_rows_of_a_list_without_a_schema_are_objects_of_text() -> None:
    assert rows("name\nAnn\n", schema={"type": "array"}) == [{"name": "Ann"}]


REFUSED: list[tuple[str, str, str]] = [
    ("a.csv", "input,weight\nhi,much\n", "a.csv, line 2, column 'weight': this must be of type number, and is 'much'."),
    ("a.csv", "input,weight\nhi,-1\n", "a.csv, line 2, column 'weight': -1 is less than the minimum of 0."),
    (
        "a.csv",
        "input,weight\nhi,1e999\n",
        "a.csv, line 2, column 'weight': this must be of type number, and is '1e999'.",
    ),
    ("a.csv", "input,rank\nhi,1.5\n", "a.csv, line 2, column 'rank': 1.5 is not valid under any of the given schemas."),
    (
        "a.csv",
        "input,match\nx,contains\nhi,near\n",
        "a.csv, line 3, column 'match': 'near' is not one of ['contains', 'exact'].",
    ),
    ("a.csv", "vars,name\n[],Ann\n", "a.csv, line 2, column 'vars': this must be of type object."),
    ("a.csv", 'vars,name\n"{""name"": 1}",Ann\n', "a.csv, line 2, column 'name': this value is in vars, too."),
    ("a.csv", "x\n1\n2\n3\n4\n", "a.csv, line 5: the option 'cases' takes at most 3 rows, and there are 4."),
    ("a.json", '[{"input": "x"}, {"input": 7}]', "a.json, row 2, column 'input': this must be of type string."),
    ("a.json", '[{"vars": 7}]', "a.json, row 1: this must be of type object."),
]


@pytest.mark.parametrize(("name", "content", "sentence"), REFUSED)
def test_a_row_that_does_not_fit_is_told_with_its_place(name: str, content: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rows(content, name)
    assert caught.value.message == sentence


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"enum": [1]}])
def test_an_option_that_takes_no_objects_takes_no_file(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="The option 'cases' takes no file"):
        rows("x\n1\n", schema=schema)


@given(st.text('name,vars weight0.5[]{}":;\n\t\r7e+-', max_size=120), st.sampled_from(["a.csv", "a.jsonl", "a.json"]))
def test_whatever_comes_fits_or_is_refused_by_us(content: str, name: str) -> None:
    try:
        folded = rows(content, name)
    except InvalidInput as refusal:
        assert refusal.message.endswith(".")
    else:
        assert all(isinstance(row, dict) for row in folded)
