"""Reads a YAML 1.2 file as JSON data, and remembers on which line each part stands. Knows nothing of pipelines.

Safe against what a file could do to its reader: no tags and no objects, size, depth and what aliases expand to are
bounded, a key that stands twice is a fault.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# ruamel.yaml is untyped.

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scanner import Scanner

from contracts.errors import Problem

Path = tuple[str | int, ...]

MAX_FILE_BYTES = 262_144  # the reader takes up to 3 µs a byte, and requests wait meanwhile
_MAX_TOKENS = 20_000  # words and signs, a key with its value is four; the reader takes up to 40 µs for each
_MAX_NODES = 50_000  # after aliases were put in
_MAX_EXPANDED = 4_194_304  # characters, after aliases were put in
_MAX_DEPTH = 60

_TAG = "tag:yaml.org,2002:"
_KEY_TAGS = frozenset({_TAG + "str", _TAG + "value", _TAG + "timestamp"})  # the last two only look like something
_BASES = {"0x": 16, "0o": 8, "0b": 2}


class _Mark(Protocol):
    line: int  # from 0


class _Node(Protocol):
    """What ruamel.yaml, which is untyped, makes of a file."""

    id: str  # scalar, sequence or mapping
    tag: str
    value: Any
    style: str | None
    start_mark: _Mark


class _SyntaxFault(Protocol):
    """What ruamel.yaml says of a text that is no YAML."""

    problem: str | None
    context: str | None
    problem_mark: _Mark | None
    context_mark: _Mark | None


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


@dataclass(frozen=True, slots=True)
class YamlFault:
    """A fault that did not stop the reading, such as a key that stands twice."""

    path: Path
    message: str
    line: int


@dataclass
class Document:
    """What a file says, and where.

    Attributes:
        value: the file as JSON data. Any: of every kind.
        faults: what did not stop the reading.
        places: where each part stands.
    """

    value: Any = None
    faults: list[YamlFault] = field(default_factory=list[YamlFault])
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
    node = _compose(text)
    return Document() if node is None else _Reader().read_document(node)


class _BoundedScanner(Scanner):
    """Stops at the first token that is too deep or too many, before anything is made of it."""

    def fetch_more_tokens(self) -> Any:  # Any: ruamel.yaml is untyped
        line: int = self.reader.line + 1
        if len(self.indents) + len(self.flow_context) - 1 > _MAX_DEPTH:
            raise _too_deep(line)
        if self.tokens_taken + len(self.tokens) > _MAX_TOKENS:
            raise UnreadableYaml(Problem(f"the file has more than {_MAX_TOKENS:,} words and signs", line))
        return super().fetch_more_tokens()


def _too_deep(line: int) -> UnreadableYaml:
    return UnreadableYaml(Problem(f"the file is nested more than {_MAX_DEPTH} levels deep", line))


def _compose(text: str) -> _Node | None:
    # The pure reader: the C one knows YAML 1.1 only, in which `on` and `yes` are true. Not the round-trip one: it
    # leaves a mark (\\x07) at each fold of a folded text.
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = _BoundedScanner
    yaml.composer.warn_double_anchors = False  # an anchor's name may be used again
    try:
        return cast("_Node | None", yaml.compose(text))
    except MarkedYAMLError as error:
        fault = cast("_SyntaxFault", error)
        mark = fault.problem_mark or fault.context_mark
        message = " ".join(part for part in (fault.problem, fault.context) if part) or "syntax error"
        problem = Problem(f"this is no YAML: {message}", None if mark is None else mark.line + 1)
    except (YAMLError, ValueError, AttributeError, TypeError, LookupError, AssertionError) as error:
        # The last ones are what the reader raises for broken texts that it did not foresee.
        problem = Problem(f"this is no YAML: {str(error).partition(chr(10))[0][:200] or 'syntax error'}")
    raise UnreadableYaml(problem)


class _Reader:
    """Turns nodes into data. Aliases are put in as copies, so what they expand to is counted."""

    def __init__(self) -> None:
        self._document = Document()
        self._nodes = 0
        self._characters = 0

    def read_document(self, node: _Node) -> Document:
        self._document.value = self._read(node, (), _line(node))
        return self._document

    def _read(self, node: _Node, path: Path, key_line: int) -> Any:
        line = _line(node)
        self._nodes += 1
        if len(path) > _MAX_DEPTH:
            raise _too_deep(line)
        if self._nodes > _MAX_NODES or self._characters > _MAX_EXPANDED:
            raise UnreadableYaml(Problem("the file says more than it may; do its aliases (*name) multiply?", key_line))
        self._document.places[path] = _Place(key_line, line)
        if node.id == "mapping":
            return self._mapping(node, path)
        if node.id == "sequence":
            self._expect_tag(node, path, "seq")
            children: list[_Node] = node.value
            return [self._read(child, (*path, place), _line(child)) for place, child in enumerate(children)]
        return self._scalar(node, path, key_line)

    def _mapping(self, node: _Node, path: Path) -> dict[str, Any]:
        self._expect_tag(node, path, "map")
        result: dict[str, Any] = {}
        pairs: list[tuple[_Node, _Node]] = node.value
        for key_node, value_node in pairs:
            line = _line(key_node)
            if key_node.id != "scalar" or key_node.tag not in _KEY_TAGS:
                self._report(_key_fault(key_node), line, path)
                continue
            key = str(key_node.value)
            if key in result:
                first = self._document.line_of((*path, key))
                self._report(f"'{key}' stands here a second time; the first is on line {first}", line, (*path, key))
                continue
            self._characters += len(key)
            result[key] = self._read(value_node, (*path, key), line)
        return result

    def _scalar(self, node: _Node, path: Path, key_line: int) -> Any:
        text = str(node.value)
        self._characters += len(text)
        self._document.places[path] = _Place(key_line, _line(node), text, node.style == "|")
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

    def _expect_tag(self, node: _Node, path: Path, wanted: str) -> None:
        if node.tag != _TAG + wanted:
            self._report(
                f"the tag '{node.tag.removeprefix(_TAG)}' has no meaning here; leave it out", _line(node), path
            )

    def _report(self, message: str, line: int, path: Path) -> None:
        self._document.faults.append(YamlFault(path, message, line))


def _line(node: _Node) -> int:
    return node.start_mark.line + 1


def _key_fault(key: _Node) -> str:
    if key.id == "mapping":
        return 'a text that begins with {{ must be in quotes: "{{ … }}"'
    if key.tag == _TAG + "merge":
        return "merge keys (<<) are not read; write out what they stand for"
    return "a key must be text; put it in quotes"


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign, bare = (-1 if digits.startswith("-") else 1), digits.lstrip("+-")
    return sign * int(bare, _BASES.get(bare[:2], 10))


def _finite(text: str) -> float:
    number = float(text.replace("_", ""))
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number
