"""What a JSON Schema plainly asks for: references followed, alternatives decided. Validation is `json_schema`."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.pipeline import JsonSchema
from stagecast.plain import is_mapping, is_sequence

_MAX_STEPS = 12  # references and alternatives that lead to each other
_COMBINED = ("allOf", "anyOf", "oneOf")
_KINDS: Mapping[type, str] = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object", type(None): "null"
}  # fmt: skip


def with_own(defs: Mapping[str, JsonSchema], schema: JsonSchema) -> Mapping[str, JsonSchema]:
    """Return the definitions that a schema can refer to: the pipeline's and its own."""
    own = schema.get("$defs")
    return {**defs, **own} if is_mapping(own) else defs


# Any: a JSON Schema.
def flatten(schema: object, defs: Mapping[str, JsonSchema]) -> Mapping[str, Any]:
    """Return a schema without `$ref`, `allOf`, `anyOf` and `oneOf` at its top.

    Of alternatives the first counts that is not null. What is no schema of keywords asks for nothing.
    """
    known: dict[str, Any] = dict(schema) if is_mapping(schema) else {}
    for _ in range(_MAX_STEPS):
        name = str(known.get("$ref", "")).removeprefix("#/$defs/")
        if "$ref" in known and name in defs:
            known = {**defs[name], **{key: value for key, value in known.items() if key != "$ref"}}
        elif part := _first_part(known):
            known = {**part, **{key: value for key, value in known.items() if key not in _COMBINED}}
        else:
            break
    return known


def kinds_of(flat: Mapping[str, Any]) -> Sequence[str]:
    """Return the JSON types that a flattened schema allows, null last; text where it does not say."""
    named = flat.get("type")
    if isinstance(named, str):
        kinds = [named]
    elif is_sequence(named):
        kinds = [str(kind) for kind in named]
    else:
        values = [flat["const"]] if "const" in flat else flat.get("enum")
        kinds = [_KINDS[type(value)] for value in values] if is_sequence(values) else []
    if not kinds:
        kinds = ["object" if "properties" in flat else "array" if "items" in flat else "string"]
    return sorted(dict.fromkeys(kinds), key=lambda kind: kind == "null")


def _first_part(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the combining keywords ask for: all of `allOf`, the first of the others that is not null."""
    merged: dict[str, Any] = {}
    for keyword in _COMBINED:
        parts = [part for part in schema.get(keyword, ()) if is_mapping(part) and part.get("type") != "null"]
        for part in parts if keyword == "allOf" else parts[:1]:
            merged |= part
    return merged
