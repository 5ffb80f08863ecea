"""The filters of pipeline expressions that are not Jinja2's own: those that could build too large a value.

Each weighs its result before it builds it. Which of Jinja2's filters are kept beside them: `KEPT_FILTERS`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contracts.errors import ExpressionError
from stagecast.plain import MAX_TEXT, TOO_LARGE, as_json, as_text, is_mapping, is_sequence, weigh

# `random` is left out because a resumed execution renders again; the rest multiplies or is for HTML.
KEPT_FILTERS = frozenset(
    """abs capitalize count d default dictsort filesizeformat first float groupby int items last length list lower map
    max min reject rejectattr reverse round select selectattr sort striptags title trim truncate unique upper urlencode
    wordcount wordwrap""".split()  # noqa: SIM905 - thirty-four lines of one word each would hide the list
)

_MAX_INDENT = 1_000  # columns
_WIDE_FORMAT = re.compile(r"%(\([^)]*\))?[^a-zA-Z%]*?(\d{4,}|\*)")  # a width of thousands, or one taken from a value


def concatenate(parts: Iterable[object], between: str = "") -> str:
    """Join values as text.

    Raises:
        ExpressionError: the text becomes too large.
    """
    texts: list[str] = []
    total = 0
    for part in parts:
        texts.append(as_text(part))
        total += len(texts[-1]) + len(between)
        if total > MAX_TEXT:
            raise ExpressionError(TOO_LARGE)
    return between.join(texts)


def format_percent(text: str, values: object) -> str:
    """Fill `%s` and its kind.

    Raises:
        ExpressionError: the text becomes too large.
    """
    if _WIDE_FORMAT.search(text) or len(text) + text.count("%") * weigh(values, MAX_TEXT) > MAX_TEXT:
        raise ExpressionError(TOO_LARGE)
    return text % values


def _join(value: Iterable[object], d: str = "", attribute: str | None = None) -> str:
    return concatenate(value if attribute is None else (_look_up(item, attribute) for item in value), d)


def _look_up(item: object, attribute: str) -> object:
    for part in attribute.split("."):
        if is_mapping(item) and part in item:
            item = item[part]
        elif is_sequence(item) and part.isdigit() and int(part) < len(item):
            item = item[int(part)]
        else:
            raise ExpressionError(f"there is no '{part}' in an item")
    return item


def _replace(value: object, old: str, new: str, count: int = -1) -> str:
    text, new = as_text(value), as_text(new)
    if len(text) + text.count(old) * len(new) > MAX_TEXT:
        raise ExpressionError(TOO_LARGE)
    return text.replace(old, new, count)


def _indent(value: object, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    space = width if isinstance(width, str) else " " * min(max(width, 0), _MAX_INDENT)
    lines = as_text(value).split("\n")
    if sum(len(line) + len(space) for line in lines) > MAX_TEXT:
        raise ExpressionError(TOO_LARGE)
    return "\n".join(
        (space if (number or first) and (line or blank) else "") + line for number, line in enumerate(lines)
    )


def _format(text: str, *values: object, **named: object) -> str:
    return format_percent(text, named or values)


def _sum(values: Iterable[object], attribute: str | None = None, start: float = 0) -> float:
    total = start
    for value in values:
        number = value if attribute is None else _look_up(value, attribute)
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ExpressionError(f"sum adds numbers, and {as_text(number)[:40]} is none")
        total += number
    return total


# Any: Jinja2 calls each with its own parameters.
OWN_FILTERS: Mapping[str, Callable[..., Any]] = {
    "format": _format,
    "indent": _indent,
    "join": _join,
    "replace": _replace,
    "string": as_text,
    "sum": _sum,
    "tojson": as_json,
}
