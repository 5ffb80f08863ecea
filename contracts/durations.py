"""Durations as pipeline files write them: `1500ms`, `60s`, `5m`, `1h`. Always seconds inside."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>ms|s|m|h)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_FIX = "write a number with ms, s, m or h, for example 60s"


def parse_duration(value: object) -> object:
    """Turn `"1500ms"`, `"60s"`, `"5m"`, `"1h"` or a number of seconds into seconds; leave the rest to validation.

    Raises:
        ValueError: a text or a truth value that is no duration.
    """
    if isinstance(value, bool):
        raise ValueError(f"true and false are no durations; {_FIX}")
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"'{value[:40]}' is not a duration; {_FIX}")
    return float(match["number"]) * _UNIT_SECONDS[match["unit"]]


Seconds = Annotated[
    float,
    BeforeValidator(parse_duration, json_schema_input_type=str | float),
    Field(gt=0, le=86_400),
]
