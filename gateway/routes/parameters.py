"""The parameters of routes: what they look like, with examples. Checking them is the routes' own affair.

The framework tells patterns of ids and does not check them: an id that breaks one is answered with 404 like an unknown
one.
"""

import re
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import WithJsonSchema

from contracts.ids import EXECUTION_ID_PATTERN, OUTPUT_FILENAME_PATTERN, PIPELINE_ID_PATTERN
from gateway.reports import FORMATS
from gateway.routes.examples import EXECUTION_ID, FILENAME, PIPELINE_ID

_FILENAME_PATTERN = re.sub(
    r"\?P<\w+>", "", OUTPUT_FILENAME_PATTERN
)  # JSON Schema's expressions have no names for groups
_GO_ON = "Where to go on: as in the `Link` header of the page before."


def _path(example: str, description: str) -> Any:
    return Path(description=description, openapi_examples={"example": {"value": example}})


def _string(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


PipelineId = Annotated[str, _string(PIPELINE_ID_PATTERN), _path(PIPELINE_ID, "The `id` in the pipeline's file.")]
ExecutionId = Annotated[str, _string(EXECUTION_ID_PATTERN), _path(EXECUTION_ID, "As the run was answered with.")]
Filename = Annotated[str, _string(_FILENAME_PATTERN), _path(FILENAME, "As a row of `GET /api/outputs` has it.")]
Format = Annotated[
    str,
    WithJsonSchema({"type": "string", "enum": list(FORMATS)}),
    Query(
        description="`json`: the result as it was saved. `html`, `md`: a report of it, as one page or as Markdown.",
        openapi_examples={"a page": {"value": "html"}},
    ),
]
Limit = Annotated[
    int, Query(ge=1, le=1000, description="How many rows at most.", openapi_examples={"few": {"value": 20}})
]
Cursor = Annotated[
    str | None,
    _string("^[1-9][0-9]{0,18}$"),
    Query(description=_GO_ON, openapi_examples={"second page": {"value": "17"}}),
]
BeforeFile = Annotated[
    str | None,
    _string(_FILENAME_PATTERN),
    Query(description=_GO_ON, openapi_examples={"second page": {"value": FILENAME}}),
]
