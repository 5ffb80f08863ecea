"""A pipeline file under examination: what its stages say as far as they can be read, and the problems found so far.

The checks work on this and not on the finished model, so that one fault does not hide the others. Which checks there
are: `stagecast.definition_shape`, `definition_checks`, `definition_templates`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from contracts.errors import Problem
from stagecast.plain import is_mapping, is_sequence
from stagecast.yaml_lines import Document, Path, dotted


@dataclass(frozen=True)
class DraftStage:
    """One stage as it is written. Any: fields are of every kind until they are checked.

    Attributes:
        index: place in the file, from 0.
        fields: the stage's keys; empty when it is no mapping.
    """

    index: int
    fields: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id, or its place where it has none that can be used."""
        written = self.fields.get("id")
        return written if isinstance(written, str) else f"#{self.index}"

    @property
    def has_id(self) -> bool:
        """Whether it has an id that other stages can name."""
        return isinstance(self.fields.get("id"), str)

    def path(self, *parts: str | int) -> Path:
        """Return the path of a part of this stage."""
        return ("stages", self.index, *parts)

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Return a field that should be a mapping; empty when it is none."""
        return as_mapping(self.fields.get(key))


@dataclass
class Draft:
    """A file's content, and what is wrong with it."""

    document: Document
    problems: list[Problem] = field(default_factory=list[Problem])

    def report(self, path: Path, message: str, line_within: int | None = None) -> None:
        """Note a problem at a path; its line is that of the part there, or of the nearest around it."""
        self.problems.append(Problem(message, self.document.line_of(path, line_within), self._shown(path)))

    def report_faults(self) -> None:
        """Note what the reader of the file found."""
        self.problems += [Problem(each.message, each.line, self._shown(each.path)) for each in self.document.faults]

    def _shown(self, path: Path) -> str:
        shown = list(path)
        if len(path) > 1 and path[0] == "stages" and isinstance(path[1], int) and path[1] < len(self.stages):
            stage = self.stages[path[1]]
            shown[1] = stage.id if stage.has_id else path[1]
        return dotted(shown)

    @cached_property
    def top(self) -> Mapping[str, Any]:
        """The file's keys."""
        return as_mapping(self.document.value)

    @cached_property
    def stages(self) -> Sequence[DraftStage]:
        """The stages in file order."""
        written = self.top.get("stages")
        return [DraftStage(at, as_mapping(raw)) for at, raw in enumerate(written)] if is_sequence(written) else []

    @cached_property
    def stage_by_id(self) -> Mapping[str, DraftStage]:
        """The stages by id; of those with the same id the first."""
        return {stage.id: stage for stage in reversed(self.stages) if stage.has_id}

    @cached_property
    def inputs(self) -> Mapping[str, Any]:
        """The input fields' schemas by name."""
        if "inputs" not in self.top:
            return {"input": {"type": "string", "minLength": 1}}
        return {name: schema for name, schema in as_mapping(self.top["inputs"]).items() if name != "primary"}

    @cached_property
    def defs(self) -> Mapping[str, Any]:
        """The schemas under `$defs`."""
        return as_mapping(self.top.get("$defs"))

    def needs(self, stage: DraftStage) -> Sequence[str]:
        """Return the ids that a stage waits for, as written or by the rule; unknown ones included."""
        written = stage.fields.get("needs")
        if isinstance(written, str):
            return [written]  # a fault of shape, told elsewhere; what is meant is clear
        if is_sequence(written):
            return [need for need in written if isinstance(need, str)]
        return [self.stages[stage.index - 1].id] if stage.index > 0 and written is None else []

    @cached_property
    def ancestors(self) -> Mapping[str, frozenset[str]]:
        """The stages that each stage waits for, however indirectly; in a circle a stage is its own ancestor."""
        found: dict[str, frozenset[str]] = {}
        for stage in self.stages:
            reached: set[str] = set()
            waiting = list(self.needs(stage))
            while waiting:
                need = waiting.pop()
                if need not in reached and need in self.stage_by_id:
                    reached.add(need)
                    waiting.extend(self.needs(self.stage_by_id[need]))
            found.setdefault(stage.id, frozenset(reached))
        return found


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return the value if it is a mapping, else an empty one."""
    return value if is_mapping(value) else {}
