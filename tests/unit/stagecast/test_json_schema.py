import pytest

from stagecast.json_schema import Fault, check_schema, check_value


def test_a_sound_schema_has_no_faults() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/case"}, "b": {"$ref": "#/$defs/case/items"}}}
    assert check_schema(schema, {"case": {"type": "array", "items": {"type": "string"}}}) == []
    assert check_schema({"$ref": "#/$defs/own", "$defs": {"own": {"$ref": "#"}}}, {}) == []


@pytest.mark.parametrize(
    ("schema", "path", "said"),
    [
        ({"type": "strin"}, ("type",), "did you mean 'string'?"),
        ({"properties": {"a": {"minLength": "x"}}}, ("properties", "a", "minLength"), "must be of type integer"),
        ({"items": {"$ref": "#/$defs/cas"}}, ("items", "$ref"), "leads nowhere; it may be #/$defs/case"),
        ({"$ref": "http://localhost/x"}, ("$ref",), "leads nowhere"),
        ({"$ref": "#case"}, ("$ref",), "leads nowhere"),
        ({"anyOf": [{}, {"pattern": "["}]}, ("anyOf", 1, "pattern"), "no regular expression"),
        ({"patternProperties": {"(": {}}}, ("patternProperties", "("), "no regular expression"),
        ([], (), "a JSON Schema is a mapping"),
    ],
)
def test_a_faulty_schema_is_told_with_its_place(schema: object, path: tuple[str | int, ...], said: str) -> None:
    (fault,) = check_schema(schema, {"case": {}})
    assert fault.path == path
    assert said in fault.message


def test_a_value_is_checked_against_the_pipelines_definitions() -> None:
    schema = {"type": "array", "items": {"$ref": "#/$defs/case"}}
    defs = {"case": {"type": "object", "required": ["vars"]}}
    assert check_value([{"vars": 1}], schema, defs) is None
    assert check_value([{"vars": 1}, {}], schema, defs) == Fault((1,), "'vars' is a required property")


def test_a_value_that_is_too_deep_is_a_fault() -> None:
    value: list[object] = []
    for _ in range(5_000):
        value = [value]
    fault = check_value(value, {"type": "array", "items": {"$ref": "#"}}, {})
    assert fault == Fault((), "it is nested too deeply")


def test_references_that_go_in_circles_are_a_fault() -> None:
    assert check_value(1, {"$ref": "#"}, {}) == Fault((), "it is nested too deeply")
