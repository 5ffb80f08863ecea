"""A blueprint as a pipeline file: our code writes it, so a model's words end up in it as texts and never as structure.

Whether the file loads is `inspection`'s affair: an unknown path or need is written as it is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.pipeline import JsonSchema
from runner.functions.asking import object_schema
from runner.functions.generator.blueprint import Blueprint, InputOption, OutputField, Step
from runner.functions.generator.house_yaml import Open, write_entries, write_item
from runner.functions.generator.literals import as_literal, clean_line
from runner.functions.generator.paths import Readings, kind_of
from runner.functions.generator.stage_prompt import Manner, readings_of, write_prompt
from runner.values import Json

MAX_ITEMS = 10  # of a list that a model writes, so of the calls that one foreach makes
_EMPTY: Mapping[str, Json] = {"number": 0, "flag": False, "texts": []}
_MAX_NAME, _MAX_ABOUT, _MAX_REASON = 60, 200, 200


@dataclass(frozen=True, slots=True)
class Frame:
    """What a file says besides its blueprint.

    Attributes:
        id: the pipeline's.
        task: the user's own words.
        model: the model that it names.
        is_small: made for a very small model: each prompt repeats the task, and answers are short.
    """

    id: str
    task: str
    model: str
    is_small: bool = False


def compose(blueprint: Blueprint, frame: Frame) -> str:
    """Return the text of the file."""
    return "\n".join(_Composition(blueprint, frame).lines()) + "\n"


class _Composition:
    """One file in the making."""

    def __init__(self, blueprint: Blueprint, frame: Frame) -> None:
        self._blueprint = blueprint
        self._frame = frame
        self._readings = Readings(blueprint)
        self._steps = {step.id: step for step in reversed(blueprint.steps)}
        self._manner = Manner(blueprint.input, frame.task, frame.is_small)

    def lines(self) -> list[str]:
        """Return the whole file."""
        blueprint, frame = self._blueprint, self._frame
        about = clean_line(blueprint.description, 300) or clean_line(frame.task, 300)
        head: dict[str, Json] = {
            "format": 1,
            "id": frame.id,
            "name": clean_line(blueprint.name, _MAX_NAME) or frame.id,
            "version": "1.0.0",
            "description": about,
        }
        model: dict[str, Json] = {"use": frame.model, "temperature": 0.2}
        models = Open(fast={**model, "max_tokens": 160 if frame.is_small else 2_000})
        lines = [
            "# yaml-language-server: $schema=./pipeline.schema.json",
            f"# Made by pipeline-generator-v1. Check it with: stagecast validate {frame.id}.yaml",
            *write_entries(head),
            "",
            "# The request's input fills the field named by primary, its options fill the others.",
            *write_entries({"inputs": Open(self._inputs())}),
            "",
            "# What the alias stands for can be changed here, by the settings, or for one run by options.models.",
            *write_entries({"models": models}),
            "",
            *write_entries({"defaults": {"model": "fast", "retries": 2, "timeout": "120s"}}),
            "",
            "# The most that one run may take, repeated calls included. Add usd: 0.10 once the model has a price.",
            *write_entries({"budget": {"calls": self._calls()}}),
            "",
            "stages:",
        ]
        for number, step in enumerate(blueprint.steps):
            before = blueprint.steps[number - 1].id if number else None
            lines += [*write_item(Open(self._stage(step, before)), 2), ""]
        return [*lines, *write_entries({"output": self._output()})]

    def _inputs(self) -> dict[str, Json]:
        most = 8_000 if self._frame.is_small else 20_000
        text = {"type": "string", "minLength": 1, "maxLength": most}
        about = clean_line(self._blueprint.input_about, _MAX_ABOUT)
        inputs: dict[str, Json] = {
            "primary": self._blueprint.input,
            self._blueprint.input: {**text, "description": about} if about else text,
        }
        for option in self._blueprint.options:
            inputs.setdefault(option.name, _option_schema(option))
        return inputs

    def _calls(self) -> int:
        return sum((step.retries + 1) * (MAX_ITEMS if step.for_each else 1) for step in self._blueprint.steps)

    def _stage(self, step: Step, before: str | None) -> dict[str, Json]:
        needs = self._needs(step)
        known = [self._steps[need] for need in needs if need in self._steps]
        stage: dict[str, Json] = {"id": step.id, "name": clean_line(step.name, _MAX_NAME) or step.id}
        if needs != ([] if before is None else [before]):
            stage["needs"] = needs
        if step.only_if.test != "always":
            stage["when"] = [{"if": self._condition(step), "else": self._reason(step)}]
            stage["output_when_skipped"] = _nothing(step)
        if step.for_each:
            stage["foreach"] = self._foreach(step)
        stage["prompt"] = write_prompt(step, self._readings, known, self._manner)
        if step.fields:
            stage["output"] = self._output_schema(step.fields)
        elif step.check != "none":
            stage["check"] = [_check(step.check, self._blueprint.input)]
        if step.retries != 2:
            stage["retries"] = step.retries
        return stage

    def _foreach(self, step: Step) -> dict[str, Json]:
        reading = self._readings.resolve(step.for_each)
        source = self._steps.get(reading.stage or "")
        can_be_empty = source is not None and source.only_if.test != "always"
        foreach: dict[str, Json] = {"items": f"{{{{ {reading.expression} }}}}", "as": "item", "max_parallel": 4}
        return {**foreach, "min_ok": 0} if can_be_empty else foreach

    def _needs(self, step: Step) -> list[str]:
        """Return the ids that a step waits for: those it names, and those whose output it reads."""
        paths = [step.for_each, step.only_if.value if step.only_if.test != "always" else ""]
        read = [self._readings.resolve(path) for path in paths if path]
        read += readings_of(step.instruction, self._readings, self._manner)
        stages = [reading.stage for reading in read if reading.stage is not None]
        return [*dict.fromkeys([*step.needs, *(each for each in stages if each in self._steps and each != step.id)])]

    def _condition(self, step: Step) -> str:
        reading = self._readings.resolve(step.only_if.value)
        value, than = reading.expression, clean_line(step.only_if.than, 100)
        is_long = reading.kind in ("text", "texts", "data")
        match step.only_if.test:
            case "contains":
                return f"{_quoted(than)} in {value}"
            case "more_than" | "less_than" as test:
                measured = f"{value} | length" if is_long else value
                return f"{measured} {'>' if test == 'more_than' else '<'} {_number(than)}"
            case "is_not_empty":
                return f"{value} | length > 0" if is_long else f"{value} is defined"
            case test:
                sign = "==" if test == "is" else "!="
                return f"{value} {sign} {_same_kind(than, reading.kind)}"

    def _reason(self, step: Step) -> str:
        return as_literal(clean_line(step.only_if.otherwise, _MAX_REASON)) or "its condition was not met"

    def _output_schema(self, fields: Sequence[OutputField]) -> JsonSchema:
        properties = {field.name: _field_schema(field, is_small=self._frame.is_small) for field in fields}
        return object_schema(**properties)

    def _output(self) -> Json:
        if not self._blueprint.delivers:
            return f"{{{{ {self._readings.whole(self._blueprint.steps[-1]).expression} }}}}"
        return {
            part.name: f"{{{{ {self._readings.resolve(part.value).expression} }}}}" for part in self._blueprint.delivers
        }


def _field_schema(field: OutputField, *, is_small: bool) -> JsonSchema:
    chars, items = (120, 4) if is_small else (2_000, MAX_ITEMS)
    text = {"type": "string", "minLength": 1, "maxLength": chars}
    schemas: dict[str, JsonSchema] = {
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "choice": {"enum": list(field.allowed)},
        "texts": {"type": "array", "minItems": 1, "maxItems": items, "items": text},
    }
    about = clean_line(field.about, _MAX_ABOUT)
    schema = schemas.get(kind_of(field), text)
    return {**schema, "description": about} if about else schema


def _option_schema(option: InputOption) -> JsonSchema:
    kind, default = kind_of(option), clean_line(option.default, 200)
    schema: JsonSchema = {"type": "string", "default": default}
    if kind == "choice":
        schema = {"enum": list(option.allowed), "default": default if default in option.allowed else option.allowed[0]}
    elif kind == "number":
        schema = {"type": "number", "default": json.loads(_number(default))}
    elif kind == "flag":
        schema = {"type": "boolean", "default": default.lower() in ("true", "yes", "1")}
    about = clean_line(option.about, _MAX_ABOUT)
    return {**schema, "description": about} if about else schema


def _nothing(step: Step) -> Json:
    """Return what a skipped step offers, so that what reads it needs no branches."""
    if step.for_each:
        return {"results": [], "dropped": []}
    return {field.name: _EMPTY.get(kind_of(field), "") for field in step.fields} if step.fields else ""


def _check(name: str, primary: str) -> dict[str, Json]:
    if name == "no_repetition":
        return {"no_repetition": {"of": primary}}
    return {"max_growth": {"of": primary, "ratio": 1, "allow_chars": 0}}


def _same_kind(text: str, kind: str) -> str:
    if kind == "number":
        return _number(text)
    if kind == "flag":
        return "true" if text.lower() in ("true", "yes", "1") else "false"
    return _quoted(text)


def _number(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return "0"
    if number != number or abs(number) > 1e15:
        return "0"
    return str(int(number)) if number == int(number) else str(number)


def _quoted(text: str) -> str:
    """Return a text of one line as a string of an expression."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
