"""JSON Schemas of pipeline files: whether one is sound, and whether a value fits one. Never fetches a reference.

A schema may refer to the pipeline's `$defs` as `#/$defs/name`, or to its own.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.exceptions import best_match as _best_match  # pyright: ignore[reportUnknownVariableType]  # untyped
from referencing import Registry
from referencing.exceptions import Unresolvable

from contracts.pipeline import JsonSchema
from stagecast.plain import is_mapping, is_sequence
from stagecast.spelling import suggest

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_CACHED = 512  # compiled schemas
_MAX_QUOTED = 200  # characters of a complaint, which may quote a whole value
_NESTED = ("not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames", "prefixItems",
           "allOf", "anyOf", "oneOf", "unevaluatedItems", "unevaluatedProperties")  # fmt: skip
_NAMED = ("properties", "patternProperties", "dependentSchemas", "$defs")


@dataclass(frozen=True, slots=True)
class Fault:
    """Where something breaks a schema, and how. `path` leads through the value, or through a faulty schema."""

    path: tuple[str | int, ...]
    message: str


def check_value(value: object, schema: JsonSchema, defs: Mapping[str, JsonSchema]) -> Fault | None:
    """Return the most telling fault of a value, or None when it fits.

    Args:
        value: JSON data.
        schema: a sound schema (see `check_schema`).
        defs: the pipeline's `$defs`.
    """
    validator = _validator(json.dumps([schema, defs], sort_keys=True))
    try:
        first = next(faults := _faults(validator, value), None)
        if first is None:
            return None
        fault = cast("ValidationError", _best_match([first, *faults]))
    except Unresolvable as error:
        return Fault((), f"its schema refers to '{error.ref}', which does not exist")
    except RecursionError:
        return Fault((), "it is nested too deeply")
    return Fault(tuple(fault.absolute_path), _told(fault))


def check_schema(schema: object, defs: Mapping[str, JsonSchema]) -> list[Fault]:
    """Return what is wrong with a schema itself: its keywords, regular expressions, and references."""
    if not is_mapping(schema):
        return [Fault((), "a JSON Schema is a mapping, for example {type: string}")]
    try:
        meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
        found = [Fault(tuple(fault.absolute_path), _told(fault)) for fault in _faults(meta, schema)]
        # A list of alternatives fails as a whole and in each part; one complaint a place is enough.
        found = list({fault.path: fault for fault in reversed(found)}.values())
        return found or list(_inner_faults(schema, {**defs, **_own_defs(schema)}, ()))
    except RecursionError:
        return [Fault((), "it is nested too deeply")]


def _inner_faults(schema: object, defs: Mapping[str, object], path: tuple[str | int, ...]) -> Iterator[Fault]:
    if not is_mapping(schema):
        return
    for keyword in ("$ref", "$dynamicRef"):
        reference = schema.get(keyword)
        if isinstance(reference, str) and not _leads_somewhere(reference, defs):
            known = ", ".join(f"#/$defs/{name}" for name in sorted(defs)) or "nothing: the pipeline has no $defs"
            yield Fault((*path, keyword), f"'{reference}' leads nowhere; it may be {known}")
    for expression, place in _patterns(schema):
        try:
            re.compile(expression)
        except (re.error, OverflowError) as error:
            yield Fault((*path, *place), f"'{expression[:_MAX_QUOTED]}' is no regular expression: {error}")
    for keyword in _NESTED:
        inner = schema.get(keyword)
        for place, part in enumerate(inner) if is_sequence(inner) else [(None, inner)]:
            yield from _inner_faults(part, defs, (*path, keyword) if place is None else (*path, keyword, place))
    for keyword in _NAMED:
        named = schema.get(keyword)
        for name, part in named.items() if is_mapping(named) else ():
            yield from _inner_faults(part, defs, (*path, keyword, name))


def _patterns(schema: Mapping[str, object]) -> Iterator[tuple[str, tuple[str, ...]]]:
    pattern, by_pattern = schema.get("pattern"), schema.get("patternProperties")
    if isinstance(pattern, str):
        yield pattern, ("pattern",)
    if is_mapping(by_pattern):
        yield from ((expression, ("patternProperties", expression)) for expression in by_pattern)


def _leads_somewhere(reference: str, defs: Mapping[str, object]) -> bool:
    if reference == "#":
        return True
    target: object = {"$defs": defs}
    parts = reference.split("/")
    if parts[0] != "#" or parts[1] != "$defs":
        return False
    for part in parts[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if is_mapping(target) and name in target:
            target = target[name]
        elif is_sequence(target) and name.isdigit() and int(name) < len(target):
            target = target[int(name)]
        else:
            return False
    return True


def _own_defs(schema: Mapping[str, object]) -> Mapping[str, object]:
    own = schema.get("$defs")
    return own if is_mapping(own) else {}


@lru_cache(maxsize=_CACHED)
def _validator(key: str) -> Draft202012Validator:
    # Keyed by content: each execution brings its own copy of the definition.
    schema, defs = cast("tuple[JsonSchema, JsonSchema]", json.loads(key))
    # An empty registry: a schema from a user's file must never make a service fetch an address.
    return Draft202012Validator({**schema, "$defs": {**defs, **_own_defs(schema)}}, registry=Registry())


# Any: JSON data of every kind.
def _faults(validator: Draft202012Validator, value: Any) -> Iterator[ValidationError]:
    return iter(cast("Iterable[ValidationError]", validator.iter_errors(value)))  # pyright: ignore[reportUnknownMemberType]  # untyped


def _told(fault: ValidationError) -> str:
    limit: Any = fault.validator_value
    if fault.validator == "anyOf" and fault.absolute_path and fault.absolute_path[-1] == "type":
        return f"this is no type; {suggest(str(cast('object', fault.instance)), _TYPES)}"
    match fault.validator:
        case "type":
            wanted = " or ".join(limit) if is_sequence(limit) else limit
            return f"this must be of type {wanted}"
        case "minLength" if limit == 1:
            return "this must not be empty"
        case "minLength":
            return f"this is shorter than {limit} characters"
        case "maxLength":
            return f"this is longer than {limit} characters"
        case "minItems":
            return f"this has fewer than {limit} items"
        case "maxItems":
            return f"this has more than {limit} items"
        case _:
            message = fault.message
            return message if len(message) <= _MAX_QUOTED else f"{message[:_MAX_QUOTED]}…"
