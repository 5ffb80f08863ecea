"""Reads a YAML 1.2 file as JSON data, and remembers on which line each part stands. Knows nothing of pipelines.

Safe against what a file could do to its reader: no tags and no objects, size, depth and what aliases expand to are
bounded, a key that stands twice is a fault.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from contracts.errors import Problem

Path = tuple[str | int, ...]

MAX_FILE_BYTES = 1_048_576
_MAX_NODES = 50_000  # after aliases were put in
_MAX_EXPANDED = 4 * MAX_FILE_BYTES  # characters, after aliases were put in
_MAX_DEPTH = 60

_TAG = "tag:yaml.org,2002:"
_BASES = {"0x": 16, "0o": 8, "0b": 2}


class UnreadableYaml(Exception):
    """The text is not YAML, or more than may be read. Carries the problem to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one part stands: lines from 1, the scalar as written, whether it is a block text (`|`)."""

    key_line: int
    value_line: int
    text: str | None = None
    is_block: bool = False


@dataclass
class Document:
    """What a file says, and where.

    Attributes:
        value: the file as JSON data. Any: of every kind.
        problems: faults that did not stop the reading, such as a key that stands twice.
        places: where each part stands.
    """

    value: Any = None
    problems: list[Problem] = field(default_factory=list[Problem])
    places: dict[Path, _Place] = field(default_factory=dict[Path, _Place])

    def line_of(self, path: Path, line_within: int | None = None) -> int:
        """Return the line of the part at `path`, or of the nearest part around it that there is.

        Args:
            path: keys and places from the top.
            line_within: line within the part's text, from 1, where the part is a text of several lines.
        """
        place = self.places.get(path)
        if place is not None and place.is_block and line_within is not None:
            return place.value_line + line_within
        near = (self.places.get(path[:length]) for length in range(len(path), -1, -1))
        return next((place.key_line for place in near if place is not None), 1)

    def written(self, path: Path) -> str | None:
        """Return a scalar as it is written in the file, so `1.10` for the number 1.1; None when it is no scalar."""
        place = self.places.get(path)
        return None if place is None else place.text


def dotted(path: Sequence[str | int]) -> str:
    """Write a path for people: `stages.0.prompt`."""
    return ".".join(str(part) for part in path)


def read_yaml(text: str) -> Document:
    """Read a file.

    Raises:
        UnreadableYaml: it is no YAML, holds several documents, or is larger or deeper than a file may be.
    """
    if len(text.encode(errors="replace")) > MAX_FILE_BYTES:
        raise UnreadableYaml(Problem(f"the file is larger than {MAX_FILE_BYTES:,} bytes"))
    try:
        # The pure reader: the C one of old knows YAML 1.1 only, in which `on` and `yes` are true.
        node = YAML(typ="rt", pure=True).compose(text)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # untyped
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else int(mark.line) + 1
        context = f" {error.context}" if error.context else ""
        raise UnreadableYaml(Problem(f"this is no YAML: {error.problem or 'syntax error'}{context}", line)) from None
    except RecursionError:
        raise UnreadableYaml(Problem(f"the file is nested more than {_MAX_DEPTH} levels deep")) from None
    except (YAMLError, ValueError, AttributeError, TypeError, LookupError, AssertionError) as error:
        # What the reader raises for broken texts that it did not foresee.
        raise UnreadableYaml(Problem(f"this is no YAML: {str(error).splitlines()[0][:200]}")) from None
    return _Reader().read_document(node) if isinstance(node, Node) else Document()


class _Reader:
    """Turns nodes into data. Aliases are put in as copies, so what they expand to is counted."""

    def __init__(self) -> None:
        self._document = Document()
        self._nodes = 0
        self._characters = 0

    def read_document(self, node: Node) -> Document:
        self._document.value = self._read(node, (), _line(node))
        return self._document

    def _read(self, node: Node, path: Path, key_line: int) -> Any:
        line = _line(node)
        self._nodes += 1
        if len(path) > _MAX_DEPTH:
            raise UnreadableYaml(Problem(f"the file is nested more than {_MAX_DEPTH} levels deep", line))
        if self._nodes > _MAX_NODES or self._characters > _MAX_EXPANDED:
            raise UnreadableYaml(Problem("the file says more than it may; do its aliases (*name) multiply?", line))
        self._document.places[path] = _Place(key_line, line)
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                return [self._read(item, (*path, place), _line(item)) for place, item in enumerate(_children(node))]
            case _:
                return self._scalar(node, path, key_line)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        self._expect_tag(node, path, "map")
        result: dict[str, Any] = {}
        for key_node, value_node in _pairs(node):
            line = _line(key_node)
            key: object = key_node.value
            if not isinstance(key, str) or key_node.tag not in (_TAG + "str", _TAG + "value", _TAG + "timestamp"):
                shown = key if isinstance(key, str) else "a list or mapping"
                fix = "write what it stands for" if key == "<<" else "put it in quotes"
                self._report(f"a key must be text, and {shown} is none; {fix}", line, path)
                continue
            if key in result:
                first = self._document.line_of((*path, key))
                self._report(f"'{key}' stands here a second time; the first is on line {first}", line, (*path, key))
                continue
            self._characters += len(key)
            result[key] = self._read(value_node, (*path, key), line)
        return result

    def _scalar(self, node: Node, path: Path, key_line: int) -> Any:
        text = str(node.value)
        self._characters += len(text)
        is_block = getattr(node, "style", None) == "|"
        self._document.places[path] = _Place(key_line, _line(node), text, is_block)
        match node.tag.removeprefix(_TAG):
            case "str" | "timestamp" | "value":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() in ("true", "yes", "on", "y")
            case "int" | "float" as kind:
                try:
                    return _integer(text) if kind == "int" else _finite(text)
                except ValueError:
                    return self._report(f"'{text[:40]}' is no number that JSON can hold", _line(node), path)
            case _:
                return self._expect_tag(node, path, "str")

    def _expect_tag(self, node: Node, path: Path, wanted: str) -> None:
        if node.tag != _TAG + wanted:
            self._report(
                f"the tag '{node.tag.removeprefix(_TAG)}' has no meaning here; leave it out", _line(node), path
            )

    def _report(self, message: str, line: int, path: Path) -> None:
        self._document.problems.append(Problem(message, line, dotted(path)))


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _children(node: SequenceNode) -> list[Node]:
    return node.value


def _pairs(node: MappingNode) -> list[tuple[Node, Node]]:
    return node.value


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign, bare = (-1 if digits.startswith("-") else 1), digits.lstrip("+-")
    return sign * int(bare, _BASES.get(bare[:2], 10))


def _finite(text: str) -> float:
    number = float(text.replace("_", ""))
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number
