"""The JSON Schema of a stage's output: made whole with the pipeline's `$defs`, compiled once, asked for complaints."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.exceptions import best_match as _best_match  # pyright: ignore[reportUnknownVariableType]  # untyped
from referencing import Registry
from referencing.exceptions import Unresolvable

from contracts.errors import StageError
from contracts.pipeline import JsonSchema
from runner.values import Json, sentence

_DEFS_PREFIX = "#/$defs/"
_SHOWN_CHARACTERS = 200  # of a complaint, which may quote a whole value
_CACHED_SCHEMAS = 512


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema that stands alone, as it goes to a provider, and its compiled check."""

    schema: JsonSchema
    _validator: Draft202012Validator

    def complaint(self, value: Json) -> str | None:
        """Return one sentence about where the value breaks the schema, or None when it fits.

        Raises:
            StageError: the schema refers to something that is neither in it nor in the pipeline's `$defs`.
        """
        faults = cast("Iterator[ValidationError]", self._validator.iter_errors(value))  # pyright: ignore[reportUnknownMemberType]  # untyped there
        try:
            first = next(faults, None)
            if first is None:
                return None
            fault = cast("ValidationError", _best_match([first, *faults]))
        except Unresolvable as error:
            raise StageError(
                f"The output schema refers to nothing: {sentence(str(error))}.", code="bad_schema"
            ) from None
        message = sentence(fault.message)
        short = message if len(message) <= _SHOWN_CHARACTERS else f"{message[:_SHOWN_CHARACTERS]}…"
        return f"does not fit its schema at {fault.json_path}: {short}."


def shape_of(schema: JsonSchema | None, defs: Mapping[str, JsonSchema]) -> Shape | None:
    """Return the shape of a schema that may refer to the pipeline's `$defs`; None when there is no schema."""
    return None if schema is None else _compile(json.dumps([schema, dict(defs)]))


@lru_cache(maxsize=_CACHED_SCHEMAS)
def _compile(key: str) -> Shape:
    # Keyed by content: each execution brings its own copy of the definition.
    schema, defs = cast("tuple[JsonSchema, dict[str, JsonSchema]]", json.loads(key))
    whole = _with_defs(schema, defs)
    # An empty registry: a schema from a user's file must never make the runner fetch an address.
    return Shape(whole, Draft202012Validator(whole, registry=Registry()))


def _with_defs(schema: JsonSchema, defs: Mapping[str, JsonSchema]) -> JsonSchema:
    own = cast("dict[str, JsonSchema]", schema.get("$defs", {}))
    known = {**defs, **own}
    used: dict[str, JsonSchema] = {}
    open_nodes: list[object] = [schema]
    while open_nodes:
        for name in _referred(open_nodes.pop()):
            if name in known and name not in used:
                used[name] = known[name]
                open_nodes.append(known[name])
    return {**schema, "$defs": {**used, **own}} if used or own else schema


def _referred(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for child in cast("list[object]", node):
            yield from _referred(child)
    elif isinstance(node, dict):
        for key, child in cast("dict[str, object]", node).items():
            if key == "$ref" and isinstance(child, str) and child.startswith(_DEFS_PREFIX):
                name = child.removeprefix(_DEFS_PREFIX).split("/", 1)[0]
                yield name.replace("~1", "/").replace("~0", "~")
            else:
                yield from _referred(child)
