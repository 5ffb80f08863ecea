"""Writes YAML in the style of the shipped pipeline files: short parts in one line, prompts as blocks.

ruamel.yaml does the quoting; its own layout would be right as well, and nobody would like to read it.
"""

# pyright: reportUnknownMemberType=false
# ruamel.yaml is untyped.

import io
import json
import re
from collections.abc import Mapping
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from runner.values import Json
from stagecast.plain import is_mapping, is_sequence

_WIDTH = 120
_STEP = 2
_PLAIN = re.compile(r"[A-Za-z]([\w .'()/;!?-]*[\w.')/;!?])?|\d+\.\d+\.\d+|\d+(ms|s|m|h)", re.ASCII)
_PLAIN_ALONE = re.compile(r"[A-Za-z][\w .,'()/;!?-]*[\w.')/;!?]", re.ASCII)  # a comma means nothing outside of braces
_NOT_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


class Block(str):
    """A text of several lines, as `literals.clean` leaves it, that is written below its key (`|`)."""

    __slots__ = ()


class Open(dict[str, Json]):
    """A mapping whose keys stand on lines of their own, however short it is."""


def write_entries(entries: Mapping[str, Json], indent: int = 0) -> list[str]:
    """Return the lines of a mapping, each key on its own line; what fits stands beside its key."""
    return [line for key, value in entries.items() for line in _write_entry(key, value, indent)]


def write_items(items: list[Json], indent: int = 0) -> list[str]:
    """Return the lines of a list of mappings, or of whatever fits into a line each."""
    return [line for item in items for line in write_item(item, indent)]


def write_item(item: Json, indent: int = 0) -> list[str]:
    """Return the lines of one item of a list."""
    inline = _inline(item)
    pad = " " * indent
    if not is_mapping(item) or (inline is not None and len(inline) + indent + _STEP <= _WIDTH):
        return [f"{pad}- {flow(item)}"]
    first, *rest = write_entries(item, indent + _STEP)
    return [f"{pad}- {first.lstrip()}", *rest]


def flow(value: Json) -> str:
    """Return JSON data as YAML in one line."""
    if isinstance(value, str):
        return _scalar(value)
    if is_mapping(value):
        return "{" + ", ".join(f"{_scalar(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if is_sequence(value):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return json.dumps(value)


def _write_entry(key: str, value: Json, indent: int) -> list[str]:
    head = f"{' ' * indent}{_scalar(key)}:"
    if isinstance(value, Block):
        pad = " " * (indent + _STEP)
        return [f"{head} |", *(f"{pad}{line}" if line else "" for line in value.split("\n"))]
    inline = value if isinstance(value, str) and _is_plain(value, _PLAIN_ALONE) else _inline(value)
    if inline is not None and (len(head) + len(inline) < _WIDTH or isinstance(value, str)):
        return [f"{head} {inline}"]
    if is_mapping(value):
        return [head, *write_entries(cast("Mapping[str, Json]", value), indent + _STEP)]
    if is_sequence(value):
        return [head, *write_items(list(value), indent + _STEP)]
    return [f"{head} {inline}"]


def _inline(value: Json) -> str | None:
    return None if _has_block(value) or isinstance(value, Open) else flow(value)


def _has_block(value: Json) -> bool:
    if is_mapping(value):
        return any(_has_block(item) for item in value.values())
    if is_sequence(value):
        return any(_has_block(item) for item in value)
    return isinstance(value, Block)


def _is_plain(text: str, form: re.Pattern[str]) -> bool:
    return form.fullmatch(text) is not None and text.lower() not in _NOT_TEXT


def _scalar(text: str) -> str:
    if _is_plain(text, _PLAIN):
        return text
    yaml = YAML()
    yaml.width = 2**31  # never fold
    stream = io.StringIO()
    yaml.dump(DoubleQuotedScalarString(text), stream)
    return stream.getvalue().rstrip("\n")
