"""Deterministic checks of an answer: exact, contains, not_contains, regex, number, json, schema, length.

A check is written as one key with what it wants: `{contains: refund}`, `{length: {max: 40, unit: words}}`. No model is
asked. Who compares two answers by their checks is `duel`.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Literal, Self, TypeAlias

import regex
from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.pipeline import JsonSchema
from runner.functions.wording import shorten, words_of
from stagecast.json_schema import check_schema, check_value
from stagecast.plain import is_mapping, is_sequence

MATCH_SECONDS = 0.2
"""A regular expression that takes longer on an answer counts as not found: it comes from whoever submitted the run."""
_SHOWN_CHARS = 60
_NUMBER = re.compile(r"(?:(?<![\w.])[-+])?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_COUNTED = re.compile(r"\{(\d+)?(?:,(\d*))?\}")
MAX_EXPRESSION_CHARS = 500
MAX_REPETITIONS = 1_000
"""The numbers of repetitions in a regular expression, multiplied: nested ones are unfolded when it is compiled."""
_FENCE = re.compile(r"^\s*```[a-zA-Z]*\s*\n(.*?)\n?```\s*$", re.DOTALL)
_FORBIDDEN_KEYWORDS = frozenset({"pattern", "patternProperties", "uniqueItems"})

Texts: TypeAlias = str | list[str]
Anything: TypeAlias = Any  # a JSON value: parsed from an answer, or a part of a schema


class Length(BaseModel):
    """How long an answer may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min: int | None = Field(default=None, ge=0)
    max: int | None = Field(default=None, ge=0)
    unit: Literal["characters", "words"] = "characters"


class CheckResult(BaseModel):
    """Whether an answer passed one check.

    Attributes:
        name: the check, for people.
        why: what was wrong, as a sentence; empty where it passed.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    passed: bool
    why: str = ""


class AnswerCheck(BaseModel):
    """One check; exactly one of its fields is set.

    Attributes:
        exact: what the answer must be, case and white space left out of account; of a list, one of them.
        contains: what must stand in it, likewise; of a list, each.
        not_contains: what must not.
        regex: what must be found in it.
        number: the last number of the answer.
        json: whether it must be JSON; a fence around it is allowed.
        schema: JSON Schema that it must fit, as JSON.
        length: how long it may be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    exact: Texts | None = None
    contains: Texts | None = None
    not_contains: Texts | None = None
    regex: str | None = None
    number: float | None = None
    is_json: bool | None = Field(default=None, alias="json")
    fits: JsonSchema | None = Field(default=None, alias="schema")
    length: Length | None = None

    @model_validator(mode="after")
    def _is_one_that_can_be_made(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError(
                "a check has one key: exact, contains, not_contains, regex, number, json, schema or length"
            )
        if self.regex is not None:
            _check_expression(self.regex)
        if self.fits is not None:
            faults = check_schema(self.fits, {})
            if faults:
                raise ValueError(f"the schema is faulty: {faults[0].message}")
            if _uses(self.fits, _FORBIDDEN_KEYWORDS):
                # What takes for ever on a hostile answer: whoever submits a run must not hold up the runner.
                raise ValueError("'pattern', 'patternProperties' and 'uniqueItems' are not taken here")
        return self

    def result(self, answer: str) -> CheckResult:
        """Look at an answer."""
        name, why = self._look(answer)
        return CheckResult(name=name, passed=not why, why=why)

    def _look(self, answer: str) -> tuple[str, str]:
        if self.exact is not None:
            return _look_exact(_listed(self.exact), answer)
        if self.contains is not None:
            return _look_contains(_listed(self.contains), answer)
        if self.not_contains is not None:
            return _look_not_contains(_listed(self.not_contains), answer)
        if self.regex is not None:
            return _look_regex(self.regex, answer)
        if self.number is not None:
            return _look_number(self.number, answer)
        if self.length is not None:
            return _look_length(self.length, answer)
        if self.fits is not None:
            return _look_schema(self.fits, answer)
        return _look_json(self.is_json is not False, answer)


def look_at(checks: Sequence[AnswerCheck], answer: str) -> list[CheckResult]:
    """Look at an answer with each check."""
    return [check.result(answer) for check in checks]


def folded(text: str) -> str:
    """Return a text as `exact` and `contains` compare it: lower case, white space made even."""
    return " ".join(text.casefold().split())


def last_number(text: str) -> float | None:
    """Return the last number that stands in a text; None where there is none. Commas between digits are left out."""
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "")) if found else None


def _check_expression(expression: str) -> None:
    shown = f"'{shorten(expression, _SHOWN_CHARS)}'"
    if len(expression) > MAX_EXPRESSION_CHARS:
        raise ValueError(f"{shown} is longer than {MAX_EXPRESSION_CHARS} characters")
    counts = [max(int(low or 0), int(high or 0), 1) for low, high in _COUNTED.findall(expression)]
    if math.prod(counts) > MAX_REPETITIONS:
        raise ValueError(f"{shown} repeats too much: its counts multiplied may be {MAX_REPETITIONS} at most")
    try:
        regex.compile(expression)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        why = str(error) if isinstance(error, regex.error) else "it is nested too deeply"
        raise ValueError(f"{shown} is no regular expression: {why}") from None


def _look_exact(wanted: list[str], answer: str) -> tuple[str, str]:
    name = f"is {_quoted(wanted, ' or ')}"
    is_it = folded(answer) in {folded(text) for text in wanted}
    return name, "" if is_it else f"The answer is {_quoted([answer])}."


def _look_contains(wanted: list[str], answer: str) -> tuple[str, str]:
    missing = [text for text in wanted if folded(text) not in folded(answer)]
    return f"contains {_quoted(wanted, ' and ')}", f"It lacks {_quoted(missing)}." if missing else ""


def _look_not_contains(unwanted: list[str], answer: str) -> tuple[str, str]:
    found = [text for text in unwanted if folded(text) in folded(answer)]
    return f"does not contain {_quoted(unwanted, ' or ')}", f"It contains {_quoted(found)}." if found else ""


def _look_regex(expression: str, answer: str) -> tuple[str, str]:
    name = f"matches {_quoted([expression])}"
    try:
        is_found = regex.search(expression, answer, timeout=MATCH_SECONDS) is not None
    except TimeoutError:
        return name, f"The expression took longer than {MATCH_SECONDS:g} s on this answer."
    return name, "" if is_found else "It does not match."


def _look_number(wanted: float, answer: str) -> tuple[str, str]:
    number = last_number(answer)
    name = f"ends with the number {wanted:g}"
    if number is None:
        return name, "There is no number in the answer."
    return name, "" if abs(number - wanted) <= 1e-6 * max(1.0, abs(wanted)) else f"Its last number is {number:g}."


def _look_length(length: Length, answer: str) -> tuple[str, str]:
    size = len(words_of(answer)) if length.unit == "words" else len(answer)
    low, high = length.min, length.max
    limits = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    is_within = (low is None or size >= low) and (high is None or size <= high)
    name = f"has {' and '.join(limits)} {length.unit}" if limits else "has any length"
    return name, "" if is_within else f"It has {size} {length.unit}."


def _look_schema(schema: JsonSchema, answer: str) -> tuple[str, str]:
    name = f"is JSON that fits {shorten(json.dumps(schema), _SHOWN_CHARS)}"
    try:
        value = _parsed(answer)
    except ValueError:
        return name, "It is not JSON."
    try:
        fault = check_value(value, schema, {})
    except OverflowError:
        return name, "It has a number that is too large."
    if fault is None:
        return name, ""
    where = ".".join(str(part) for part in fault.path)
    return name, shorten(f"{where + ': ' if where else ''}{fault.message}.", 200)


def _look_json(wanted: bool, answer: str) -> tuple[str, str]:
    try:
        _parsed(answer)
    except ValueError:
        return ("is JSON", "It is not JSON.") if wanted else ("is not JSON", "")
    return ("is JSON", "") if wanted else ("is not JSON", "It is JSON.")


def _parsed(answer: str) -> Anything:
    fenced = _FENCE.match(answer)
    try:
        value: Anything = json.loads(fenced.group(1) if fenced else answer)
        json.dumps(value, allow_nan=False)  # NaN and what became infinite are no JSON
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _uses(schema: Anything, keywords: frozenset[str]) -> bool:
    if is_mapping(schema):
        return any(name in keywords or _uses(part, keywords) for name, part in schema.items())
    return is_sequence(schema) and any(_uses(part, keywords) for part in schema)


def _listed(texts: Texts) -> list[str]:
    return [texts] if isinstance(texts, str) else texts


def _quoted(texts: list[str], between: str = ", ") -> str:
    return shorten(
        between.join(f"'{shorten(' '.join(text.split()), _SHOWN_CHARS)}'" for text in texts), 4 * _SHOWN_CHARS
    )
