"""The bodies of run and rerun: JSON of the right form. Whether a pipeline takes what they hold is decided elsewhere."""

import json
from typing import Any, cast

from pydantic_core import from_json

from contracts.errors import InvalidInput
from contracts.requests import RerunRequest, RunRequest
from stagecast.plain import MAX_DEPTH, is_too_deep

INPUT_REQUIRED = "Input is required and must be a non-empty string"
_RERUN_FIELDS = ("fromStage", "input", "options")


def parse_run(body: bytes) -> RunRequest:
    """Read `{"input": …, "options": …}`.

    Raises:
        InvalidInput: it is no JSON object, `input` is missing, blank or no string, or `options` is no object.
    """
    return run_request(_object(body) if body else {})


def run_request(fields: dict[str, Any]) -> RunRequest:
    """Return the request that these fields are.

    Raises:
        InvalidInput: `input` is missing, blank or no string, or `options` is no object.
    """
    text = fields.get("input")
    if not isinstance(text, str):
        raise InvalidInput(INPUT_REQUIRED)
    return RunRequest(input=_checked_input(text), options=read_options(fields) or {})


def parse_json(text: bytes, what: str) -> Any:
    """Read JSON; raise `InvalidInput` with the name of what it should be where it is none."""
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        raise InvalidInput(f"{what[0].upper()}{what[1:]} is not valid JSON.") from None


def parse_rerun(body: bytes) -> RerunRequest:
    """Read `{"fromStage": …, "input": …, "options": …}`; whatever is left out or null is as it was.

    A field of another name is refused: who misspells `fromStage` would pay for everything again.

    Raises:
        InvalidInput: it is neither empty nor a JSON object of this form.
    """
    fields = _object(body) if body else {}
    unknown = sorted(fields.keys() - set(_RERUN_FIELDS))
    if unknown:
        raise InvalidInput(f"A rerun takes {', '.join(_RERUN_FIELDS)}, not '{unknown[0][:100]}'.")
    from_stage, text = fields.get("fromStage"), fields.get("input")
    if from_stage is not None and not isinstance(from_stage, str):
        raise InvalidInput("fromStage must be a stage's id.")
    if text is not None and not isinstance(text, str):
        raise InvalidInput("input must be a non-empty string.")
    return RerunRequest(
        from_stage=from_stage, input=None if text is None else _checked_input(text), options=read_options(fields)
    )


def read_options(fields: dict[str, Any]) -> dict[str, Any] | None:
    """Return the field `options`, None where there is none.

    Raises:
        InvalidInput: it is no object, or nothing that JSON can carry.
    """
    options = fields.get("options")
    if options is None:
        return None
    if not isinstance(options, dict):
        raise InvalidInput("options must be an object.")
    try:
        json.dumps(options, allow_nan=False)  # 1e999 is read as infinity, which JSON cannot write
    except ValueError:
        raise InvalidInput("options has a number that is too large.") from None
    if is_too_deep(cast("object", options)):
        raise InvalidInput(f"options is nested more than {MAX_DEPTH} deep.")
    return cast("dict[str, Any]", options)


def _object(body: bytes) -> dict[str, Any]:
    document = parse_json(body, "the request body")
    if not isinstance(document, dict):
        raise InvalidInput("The request body must be a JSON object.")
    return cast("dict[str, Any]", document)


def _checked_input(text: str) -> str:
    if not text.strip():
        raise InvalidInput(INPUT_REQUIRED)
    return text
