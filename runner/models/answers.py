"""A model's text as the value that was asked for: parsed, and checked against its JSON Schema."""

import json
import re
from typing import Any, NoReturn

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from contracts.errors import ModelError
from contracts.pipeline import JsonSchema

_FENCED = re.compile(r"^\s*```[a-zA-Z]*\s*\n(?P<inner>.*?)\n?\s*```\s*$", re.DOTALL)
_SHOWN_CHARACTERS = 160  # of a complaint, which may quote the model's text


class AnswerMismatch(Exception):
    """The text is not the JSON that was asked for; the message is one sentence that says where."""


def read_answer(text: str, schema: JsonSchema | None) -> Any:  # what a model answers is any JSON
    """Return the text, or with a schema the JSON value in it.

    Code fences around the JSON are taken off: models without structured output write them.

    Raises:
        AnswerMismatch: not JSON, or not what the schema allows.
        ModelError: the schema itself refers to something that is not in it.
    """
    if schema is None:
        return text
    fenced = _FENCED.match(text)
    try:
        value = json.loads(fenced["inner"] if fenced else text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise AnswerMismatch(f"The answer is not JSON: {_shorten(str(error))}.") from None
    # An empty registry: a schema from a user's file must never make the runner fetch an address.
    validator = Draft202012Validator(schema, registry=Registry())
    try:
        faults: list[ValidationError] = sorted(validator.iter_errors(value), key=_depth)  # pyright: ignore[reportUnknownMemberType]  # untyped there
    except Unresolvable as error:
        raise ModelError(f"The output schema refers to nothing: {_shorten(str(error))}.", code="bad_request") from None
    if faults:
        place, message = faults[0].json_path, _shorten(faults[0].message)
        raise AnswerMismatch(f"The answer does not fit its schema at {place}: {message}.")
    return value


def _depth(fault: ValidationError) -> int:
    return len(fault.path)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"
