"""A value that fits a JSON Schema, as small, as usual or as large as it may be: stands in for what a model will answer.

It is for measuring. What only validation needs (patterns, formats, `if`) is passed over.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.estimate import RangeEnd
from contracts.pipeline import JsonSchema
from stagecast.plain import is_mapping, is_sequence
from stagecast.plain_schema import flatten, kinds_of, with_own

SIZES: tuple[RangeEnd, ...] = ("low", "expected", "high")

_MAX_LEVELS = 12  # below it, as in a schema that refers to itself, everything is null
_MAX_ITEMS = 200  # of one list
_UNBOUNDED_ITEMS: Mapping[RangeEnd, int] = {"low": 0, "expected": 3, "high": 10}
_UNBOUNDED_CHARACTERS: Mapping[RangeEnd, int] = {"low": 1, "expected": 100, "high": 1_000}
_USUAL_CHARACTERS = 400  # a generous maxLength is not what is usually written


@dataclass(frozen=True, slots=True)
class Specimen:
    """A value, and what it stands on. Any: JSON of every kind.

    Attributes:
        is_bounded: whether the schema says how long its lists may be; else that is a guess.
    """

    value: Any
    is_bounded: bool = True


def specimen(schema: JsonSchema, defs: Mapping[str, JsonSchema], size: RangeEnd, most_characters: int) -> Specimen:
    """Return a value of a size.

    Args:
        schema: a sound schema.
        defs: the pipeline's `$defs`.
        size: which of the values that fit.
        most_characters: its texts and lists end there; more does not fit into an answer.
    """
    maker = _Maker(with_own(defs, schema), size, most_characters)
    value = maker.make(schema, 0)
    return Specimen(value, maker.is_bounded)


class _Maker:
    def __init__(self, defs: Mapping[str, JsonSchema], size: RangeEnd, most_characters: int) -> None:
        self.is_bounded = True
        self._defs = defs
        self._size: RangeEnd = size
        self._room = most_characters

    def make(self, schema: object, level: int) -> Any:
        self._room -= 1
        if level > _MAX_LEVELS or self._room < 0:
            return None
        known = flatten(schema, self._defs)
        choices = [known["const"]] if "const" in known else known.get("enum")
        if is_sequence(choices) and choices:
            return self._chosen(choices)
        match kinds_of(known)[0]:
            case "object":
                return self._object(known, level)
            case "array":
                return self._array(known, level)
            case "string":
                return self._text(known)
            case "integer" | "number":
                return known.get("minimum", 1 if self._size == "low" else 100)
            case "boolean":
                return True
            case _:
                return None

    def _chosen(self, values: Sequence[Any]) -> Any:
        by_length = sorted(values, key=lambda value: len(json.dumps(value)))
        chosen = by_length[{"low": 0, "expected": len(values) // 2, "high": -1}[self._size]]
        self._room -= len(json.dumps(chosen))
        return chosen

    def _object(self, schema: Mapping[str, Any], level: int) -> dict[str, Any]:
        properties, required = schema.get("properties"), schema.get("required", ())
        made: dict[str, Any] = {}
        for name, part in properties.items() if is_mapping(properties) else ():
            if self._size != "low" or name in required:
                self._room -= len(name)
                made[name] = self.make(part, level + 1)
        return made

    def _array(self, schema: Mapping[str, Any], level: int) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        if most is None:
            self.is_bounded = False
            count = max(least, _UNBOUNDED_ITEMS[self._size])
        else:
            count = {"low": least, "expected": (least + most + 1) // 2, "high": most}[self._size]
        made: list[Any] = []
        while len(made) < min(count, _MAX_ITEMS) and self._room > 0:
            made.append(self.make(schema.get("items", {"type": "string"}), level + 1))
        return made

    def _text(self, schema: Mapping[str, Any]) -> str:
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        if most is None:
            length = max(least, _UNBOUNDED_CHARACTERS[self._size])
        else:
            usual = min(max(least, most // 2), max(least, _USUAL_CHARACTERS))
            length = {"low": least, "expected": usual, "high": most}[self._size]
        length = max(0, min(length, self._room))
        self._room -= length
        return "x" * length
