"""Plain data, that is JSON's: telling its kinds apart, weighing it, copying it, writing it into text.

Knows nothing of templates; `stagecast.sandbox` builds its limits from it.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard, cast

from contracts.errors import ExpressionError

MAX_DEPTH = 100
"""Nested lists and objects. Beyond 190 an event could be written and never be read again (jiter's limit)."""

MAX_TEXT = 4_000_000  # characters: of a rendered text, and of any text or list that an expression builds
MAX_VALUE = 32_000_000  # weight (see `weigh`) of data that an expression hands on as it is
_MAX_JSON_INDENT = 8  # columns
_PIECE = 4  # weight of a value besides its characters: a digit, a comma, a space, a bracket

TOO_LARGE = f"this would become larger than {MAX_TEXT:,} characters"


# Any in the three guards: what models and users made is data of every kind.
def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Tell whether it is a mapping."""
    return isinstance(value, Mapping)


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    """Tell whether it is a list or a tuple; text is neither."""
    return isinstance(value, list | tuple)


def _is_iterable(value: object) -> TypeGuard[Iterable[Any]]:
    return isinstance(value, Iterable)


def weigh(value: object, limit: int) -> int:
    """Return about how many characters a value has when written out; stops counting once beyond `limit`.

    What is referred to twice counts twice, as it does when written.
    """
    total = 0
    waiting: list[object] = [value]
    while waiting and total <= limit:
        current = waiting.pop()
        total += _PIECE
        if isinstance(current, str):
            total += len(current)
        elif is_mapping(current):
            waiting.extend(current.values())
            total += sum(len(key) for key in current if isinstance(key, str))
        elif is_sequence(current):
            if total + len(current) > limit:
                return total + len(current)
            waiting.extend(current)
    return total


def plain(value: object, limit: int = MAX_VALUE) -> Any:
    """Return the value as JSON data of its own: lists for generators and tuples, nothing that is not data.

    Raises:
        ExpressionError: the value is no data (a method, an infinite number), or weighs more than `limit`.
    """
    too_large = ExpressionError(f"this value is larger than {limit:,} characters")
    if weigh(value, limit) > limit:
        raise too_large
    copied = _copy(value)
    if weigh(copied, limit) > limit:
        raise too_large
    return copied


def _copy(value: object) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ExpressionError("an infinite number, or one that is none, cannot be used as data")
        return value
    if is_mapping(value):
        return {_key(key): _copy(item) for key, item in value.items()}
    if _is_iterable(value):
        return [_copy(item) for item in _bounded(value)]
    if callable(value):
        raise ExpressionError("a method is no value; write its parentheses")
    raise ExpressionError(f"a value of type {type(value).__name__} cannot be used as data")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise ExpressionError(f"the key {str(key)[:40]!r} of a mapping is not text")
    return key


def _bounded(items: Iterable[Any]) -> Iterator[Any]:
    for number, item in enumerate(items):
        if number > MAX_TEXT:
            raise ExpressionError(TOO_LARGE)
        yield item


def as_text(value: object) -> str:
    """Write a value as it appears inside text: text as it is, everything else as JSON.

    Raises:
        ExpressionError: the value is no data, or too large.
    """
    return value if isinstance(value, str) else as_json(value)


def as_json(value: object, indent: int | None = None) -> str:
    """Write JSON for a prompt: readable characters, no HTML escapes.

    Raises:
        ExpressionError: the value is no data, or too large.
    """
    if indent is not None and not 0 <= indent <= _MAX_JSON_INDENT:
        raise ExpressionError(f"tojson's indent is a number from 0 to {_MAX_JSON_INDENT}")
    return json.dumps(plain(value, MAX_TEXT), ensure_ascii=False, indent=indent)


def is_too_deep(value: object) -> bool:
    """Tell whether lists and objects are nested more than `MAX_DEPTH` deep."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children_of(node)]
        if not level:
            return False
    return any(isinstance(node, (list, dict)) for node in level)


def _children_of(node: object) -> list[object]:
    if isinstance(node, list):
        return cast("list[object]", node)
    return list(cast("dict[str, object]", node).values()) if isinstance(node, dict) else []
