"""The parameters of routes: what they look like, with examples. Checking them is the routes' own affair.

The framework tells patterns of ids and does not check them: an id that breaks one is answered with 404 like an unknown
one.
"""

import re
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import WithJsonSchema
from starlette.requests import Request

from contracts.ids import EXECUTION_ID_PATTERN, OUTPUT_FILENAME_PATTERN, PIPELINE_ID_PATTERN, STAGE_ID_PATTERN
from contracts.results import LOOKED_AT_CHARACTERS, ResultStatus
from contracts.state import ExecutionStatus
from gateway.http_door import principal_of
from gateway.ownership import owner_to_list
from gateway.reports import FORMATS
from gateway.routes.examples import EXECUTION_ID, FILENAME, PIPELINE_ID
from gateway.routes.page_examples import PIPELINE_FILENAME, STAGE_ID
from stagecast.selection import Selection

_FILENAME_PATTERN = re.sub(
    r"\?P<\w+>", "", OUTPUT_FILENAME_PATTERN
)  # JSON Schema's expressions have no names for groups
_BY_STATUS = "Only those with this status."
_MAX_TEXT_CHARACTERS = 200
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
PipelineFilename = Annotated[
    str, _string(r"^[^/]+\.yaml$"), _path(PIPELINE_FILENAME, "As a row of `GET /api/pipeline-files` has it.")
]
StageId = Annotated[str, _string(STAGE_ID_PATTERN), _path(STAGE_ID, "The stage's `id`, as an execution's view has it.")]
PipelineFilter = Annotated[
    str | None,
    Query(
        pattern=PIPELINE_ID_PATTERN,
        description="Only those of the pipeline with exactly this id.",
        openapi_examples={"one pipeline": {"value": PIPELINE_ID}},
    ),
]
ResultStatusFilter = Annotated[
    ResultStatus | None, Query(description=_BY_STATUS, openapi_examples={"failed": {"value": "failed"}})
]
ExecutionStatusFilter = Annotated[
    ExecutionStatus | None, Query(description=_BY_STATUS, openapi_examples={"running": {"value": "running"}})
]
TextFilter = Annotated[
    str | None,
    Query(
        max_length=_MAX_TEXT_CHARACTERS,
        description=f"Only those with this text in the prompt, the pipeline's id, the execution's id or the error, of "
        f"which the first {LOOKED_AT_CHARACTERS:,} characters count. Capitals and white space make no difference; "
        "blank finds all.",
        openapi_examples={"a word": {"value": "poem"}},
    ),
]


def selected_outputs(
    request: Request, pipeline: PipelineFilter = None, status: ResultStatusFilter = None, q: TextFilter = None
) -> Selection:
    """Say which results are to be listed: those asked for, as far as they are theirs to see."""
    return Selection(owner_to_list(principal_of(request)), pipeline, status, q)


def selected_executions(
    request: Request, pipeline: PipelineFilter = None, status: ExecutionStatusFilter = None, q: TextFilter = None
) -> Selection:
    """Say which executions are to be listed: those asked for, as far as they are theirs to see."""
    return Selection(owner_to_list(principal_of(request)), pipeline, status, q)


SelectedOutputs = Annotated[Selection, Depends(selected_outputs)]
SelectedExecutions = Annotated[Selection, Depends(selected_executions)]
