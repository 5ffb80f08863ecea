"""Test cases of a prompt: what one is, which are used for tuning, and which are held out for the final comparison.

Held-out cases are seen by nobody before that: neither by who writes candidates nor by who chooses among them.
"""

import random
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.errors import StageError
from contracts.evidence import SplitName
from runner.functions.optimizer.checks import AnswerCheck, folded
from runner.functions.optimizer.placeholders import fill_placeholders, placeholder_names
from runner.functions.optimizer.shares import share_out
from runner.functions.wording import shorten
from runner.values import as_text

_SHOWN_NAMES = 5

Match = Literal["contains", "exact", "number", "regex"]
Source = Literal["supplied", "drafted"]


class Case(BaseModel):
    """One test case.

    Attributes:
        vars: values of the prompt's placeholders.
        input: what a user would write; the prompt is then the system message.
        expected: the right answer, as `match` compares it.
        checks: what else an answer to this case must pass.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    vars: dict[str, Any] = Field(default_factory=dict[str, Any])  # values of any kind, shown as text
    input: str = ""
    expected: str | None = None
    match: Match = "contains"
    checks: list[AnswerCheck] = Field(default_factory=list[AnswerCheck])

    @property
    def is_decided_by_checks(self) -> bool:
        """Whether the case itself says what is right, so that nobody needs to be asked."""
        return self.expected is not None or bool(self.checks)

    def values(self) -> dict[str, str]:
        """Return the values as they are filled in."""
        return {name: as_text(value) for name, value in self.vars.items()}

    def all_checks(self) -> list[AnswerCheck]:
        """Return the case's checks, the one for `expected` first."""
        expected = [] if self.expected is None else [_check_of(self.match, self.expected)]
        return [*expected, *self.checks]

    def message(self, prompt: str) -> tuple[str | None, str]:
        """Return what the target is sent: the system message, if there is one, and the user's."""
        filled = fill_placeholders(prompt, self.values())
        return (filled, self.input) if self.input else (None, filled)

    def request(self, prompt: str) -> str:
        """Return what the target is sent, as one text for whoever judges the answer."""
        system, user = self.message(prompt)
        return user if system is None else f"{system}\n\n{user}"


class NumberedCase(BaseModel):
    """A case with its place among all cases, from 1, and where it came from."""

    model_config = ConfigDict(frozen=True)

    number: int
    source: Source
    split: SplitName
    case: Case


class CaseSplit(BaseModel):
    """The cases of one optimization, each in its place.

    Attributes:
        unused: cases beyond what is wanted of either kind.
        doubled: cases that ask the same as an earlier one; they are left out.
        supplied: how many there were to begin with, and
        drafted: how many were drafted.
    """

    tuning: list[NumberedCase] = Field(default_factory=list[NumberedCase])
    held_out: list[NumberedCase] = Field(default_factory=list[NumberedCase])
    unused: int = 0
    doubled: int = 0
    supplied: int = 0
    drafted: int = 0

    def all(self) -> list[NumberedCase]:
        """Return the cases of both kinds."""
        return [*self.tuning, *self.held_out]


def split_cases(
    supplied: Sequence[Case], drafted: Sequence[Case], prompt: str, *, seed: int, max_tuning: int, max_held_out: int
) -> CaseSplit:
    """Deal the cases out by chance, the same way for the same seed; how many of each kind is `share_out`'s affair.

    Cases under which the prompt reads the same, white space and case aside, are one: they would prove the same thing
    twice, or show a held-out case to who tunes.
    """
    distinct: dict[str, NumberedCase] = {}
    doubled = 0
    for number, case in enumerate([*supplied, *drafted], start=1):
        source: Source = "supplied" if number <= len(supplied) else "drafted"
        key = folded(case.request(prompt))
        if key in distinct:
            doubled += 1
            continue
        distinct[key] = NumberedCase(number=number, source=source, split="tuning", case=case)
    cases = list(distinct.values())
    random.Random(seed).shuffle(cases)  # noqa: S311  # chance that can be repeated, not a secret
    tuned, held = share_out(len(cases), max_tuning, max_held_out)
    tuning, held_out = cases[held : held + tuned], cases[:held]
    return CaseSplit(
        tuning=sorted(tuning, key=lambda case: case.number),
        held_out=sorted((case.model_copy(update={"split": "held_out"}) for case in held_out), key=lambda c: c.number),
        unused=len(cases) - held - len(tuning),
        doubled=doubled,
        supplied=len(supplied),
        drafted=len(drafted),
    )


def read_cases(cases: Sequence[object], prompt: str) -> list[Case]:
    """Read cases as they were submitted.

    Raises:
        StageError: one of them cannot be used with this prompt (code `bad_cases`); the message names it.
    """
    names = placeholder_names(prompt)
    read: list[Case] = []
    wanted: dict[str, tuple[int, Case]] = {}
    for number, raw in enumerate(cases, start=1):
        try:
            case = Case.model_validate(raw)
            case.all_checks()  # `expected` may be no regular expression, or no number
        except ValidationError as error:
            raise _bad(number, _first_fault(error)) from None
        unknown = sorted(case.vars.keys() - set(names))
        if unknown:
            has = f"its placeholders are {', '.join(names)}" if names else "it has no placeholders"
            raise _bad(number, f"'{shorten(unknown[0], 40)}' is no placeholder of the prompt; {has}")
        missing = [name for name in names if name not in case.vars] if case.vars else []
        if missing:
            raise _bad(number, f"it has no value for {', '.join(missing[:_SHOWN_NAMES])}")
        if not case.vars and not case.input and names:
            raise _bad(number, f"it gives no values for {', '.join(names[:_SHOWN_NAMES])}")
        if case.expected is not None and not case.expected.strip():
            raise _bad(number, "what is expected is blank; leave it out where nobody knows the right answer")
        first = wanted.setdefault(folded(case.request(prompt)), (number, case))
        if case.all_checks() != first[1].all_checks():
            raise _bad(number, f"it asks the same as case {first[0]} and expects something else")
        read.append(case)
    return read


def read_checks(checks: Sequence[object]) -> list[AnswerCheck]:
    """Read the checks that every answer must pass.

    Raises:
        StageError: one of them is no check (code `bad_checks`).
    """
    read: list[AnswerCheck] = []
    for number, raw in enumerate(checks, start=1):
        try:
            read.append(AnswerCheck.model_validate(raw))
        except ValidationError as error:
            raise StageError(f"Check {number} cannot be used: {_first_fault(error)}.", code="bad_checks") from None
    return read


def _check_of(match: Match, expected: str) -> AnswerCheck:
    return AnswerCheck.model_validate({match: expected})


def _bad(number: int, why: str) -> StageError:
    return StageError(f"Case {number} cannot be used: {why}.", code="bad_cases")


def _first_fault(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    return shorten(f"{where}: {message}" if where else message, 300)
