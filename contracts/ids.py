"""Identifiers: how they are made, and the patterns that everything from outside is checked against.

An id becomes part of a NATS subject, a storage key and a file name. The patterns therefore admit nothing that means
something there: no `.`, `*`, `>`, `/` or white space.
"""

import base64
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Annotated

from pydantic import StringConstraints

from contracts.errors import InvalidId

_RANDOM_BYTES = 10  # 80 random bits: an id cannot be guessed
_RANDOM_LENGTH = 16  # characters of base32, each five bits

EXECUTION_ID_PATTERN = rf"^exec_[0-9]{{13}}_[a-z0-9]{{{_RANDOM_LENGTH}}}$"
PIPELINE_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"
STAGE_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
OUTPUT_FILENAME_PATTERN = (
    rf"^(?P<pipeline>[A-Za-z0-9][A-Za-z0-9_-]{{0,99}})"
    r"_(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<clock>[0-9]{2}-[0-9]{2}-[0-9]{2})-(?P<millis>[0-9]{3})Z"
    rf"_(?P<random>[a-z0-9]{{{_RANDOM_LENGTH}}})\.json$"
)

ExecutionId = Annotated[str, StringConstraints(pattern=EXECUTION_ID_PATTERN)]
PipelineId = Annotated[str, StringConstraints(pattern=PIPELINE_ID_PATTERN)]
StageId = Annotated[str, StringConstraints(pattern=STAGE_ID_PATTERN)]

# `\Z` would be needed beside `$`, which also matches before a final newline: fullmatch does the same for all of them.
_EXECUTION_ID = re.compile(EXECUTION_ID_PATTERN)
_PIPELINE_ID = re.compile(PIPELINE_ID_PATTERN)
_OUTPUT_FILENAME = re.compile(OUTPUT_FILENAME_PATTERN)


def new_execution_id(now_ms: int | None = None) -> str:
    """Make an id like `exec_1703187600000_k3v9…`: it sorts by time and carries 80 random bits.

    Args:
        now_ms: milliseconds since the epoch; the clock's when left out.
    """
    millis = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    token = base64.b32encode(secrets.token_bytes(_RANDOM_BYTES)).decode().lower()
    return f"exec_{millis:013d}_{token}"


def is_execution_id(text: str) -> bool:
    """Tell whether the text has the form of an execution id (not whether there is such an execution)."""
    return _EXECUTION_ID.fullmatch(text) is not None


def is_pipeline_id(text: str) -> bool:
    """Tell whether the text has the form of a pipeline id (not whether there is such a pipeline)."""
    return _PIPELINE_ID.fullmatch(text) is not None


def check_execution_id(text: str) -> str:
    """Return the id unchanged, or raise `InvalidId`."""
    if not is_execution_id(text):
        raise InvalidId("This is not an execution id.")
    return text


def submitted_at(execution_id: str) -> datetime:
    """Return the moment (UTC, milliseconds) at which the id was made.

    Raises:
        InvalidId: the text is no execution id.
    """
    millis = int(check_execution_id(execution_id).split("_")[1])
    return datetime.fromtimestamp(millis // 1000, UTC).replace(microsecond=millis % 1000 * 1000)


def output_filename(pipeline_id: str, execution_id: str) -> str:
    """Name the result file of an execution: `<pipeline>_<submitted>_<random>.json`, unique and in order of time.

    Example: `echo-v1_2026-11-24T15-04-05-123Z_k3v9abcdefghijkl.json`.
    """
    moment = submitted_at(execution_id)
    stamp = moment.strftime("%Y-%m-%dT%H-%M-%S") + f"-{moment.microsecond // 1000:03d}Z"
    filename = f"{pipeline_id}_{stamp}_{execution_id.rsplit('_', 1)[1]}.json"
    parse_output_filename(filename)
    return filename


def parse_output_filename(filename: str) -> re.Match[str]:
    """Split a result file's name into `pipeline`, `day`, `clock`, `millis` and `random`.

    Raises:
        InvalidId: the name has another form. Nothing that fails here may reach a path.
    """
    match = _OUTPUT_FILENAME.fullmatch(filename)
    if match is None:
        raise InvalidId("This is not the name of a result file.")
    return match
