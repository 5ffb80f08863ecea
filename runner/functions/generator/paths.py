"""What the texts of a blueprint read: references found in them, and what each stands for in the finished file."""

import re
from dataclasses import dataclass
from typing import Literal

from runner.functions.generator.blueprint import Blueprint, InputOption, OutputField, Step

_REFERENCE = re.compile(
    r"\{\{\s*(?P<path>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)\s*"
    r"""(?P<filters>(?:\|\s*[a-z_]+(?:\(\s*(?:"[^"'\\{}\n]*"|'[^"'\\{}\n]*'|\d{1,4})?\s*\))?\s*)*)\}\}""",
    re.ASCII,
)
Kind = Literal["text", "number", "flag", "choice", "texts", "data", "unknown"]
INLINE: frozenset[Kind] = frozenset({"number", "flag", "choice", "unknown"})
"""What may stand in the midst of a sentence: it is bounded. An unknown one is left to the loader to complain of."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a text reads.

    Attributes:
        expression: how the finished file calls it.
        name: its last part, for people and tags.
        stage: the stage that it comes from, if from one.
    """

    expression: str
    name: str
    kind: Kind
    stage: str | None = None


def kind_of(part: OutputField | InputOption) -> Kind:
    """Return the kind of a field or option; a choice between nothing is a text."""
    return "text" if part.kind == "choice" and not part.allowed else part.kind


def find_references(text: str, words: str) -> list[re.Match[str]]:
    """Return the references in a model's text: plain paths in double braces, with plain filters behind them.

    Whatever else stands in braces is text. So is what stands in the user's words: typed, and copied by the model.
    """
    typed = _bare(words)
    return [match for match in _REFERENCE.finditer(text) if _bare(match[0]) not in typed]


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


class Readings:
    """What the stages of one blueprint can read."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._steps = {step.id: step for step in reversed(blueprint.steps)}
        self._options = {option.name: option for option in blueprint.options}
        self._input = blueprint.input

    def resolve(self, path: str) -> Reading:
        """Return what a path such as `stages.plan.output.topics` stands for; an unknown one is given back as it is."""
        parts = _bare(path).split(".")
        unknown = Reading(".".join(parts), parts[-1], "unknown")
        match parts:
            case ["item", *_]:
                return Reading(unknown.expression, parts[-1], "text")
            case ["inputs", name] if name == self._input:
                return Reading(unknown.expression, name, "text")
            case ["inputs", name] if name in self._options:
                option = self._options[name]
                return Reading(unknown.expression, name, kind_of(option))
            case ["stages", stage, *rest] if stage in self._steps:
                return self._of_step(self._steps[stage], rest, unknown)
            case ["stages", stage, *_]:
                return Reading(unknown.expression, parts[-1], "unknown", stage)
            case _:
                return unknown

    def whole(self, step: Step) -> Reading:
        """Return all that a step delivers."""
        if step.for_each:
            return Reading(f"stages.{step.id}.results", step.id, "texts", step.id)
        if len(step.fields) == 1:
            only = step.fields[0]
            return Reading(f"stages.{step.id}.output.{only.name}", only.name, kind_of(only), step.id)
        return Reading(f"stages.{step.id}.output", step.id, "data" if step.fields else "text", step.id)

    def _of_step(self, step: Step, rest: list[str], unknown: Reading) -> Reading:
        match rest:
            case [] | ["output"]:
                return self.whole(step)
            case ["results"] | ["output", _] if step.for_each:
                return self.whole(step)
            case ["output", name]:
                field = next((field for field in step.fields if field.name == name), None)
                if field is not None:
                    return Reading(unknown.expression, name, kind_of(field), step.id)
            case _:
                pass
        return Reading(unknown.expression, unknown.name, "unknown", step.id)
