"""`GET /api/executions/{id}/stages/{stageId}/input`. What can be told is decided in `gateway.stage_inputs`."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import ExecutionNotFound
from contracts.ids import is_execution_id
from contracts.stage_input import StageInput
from gateway.http_door import principal_of
from gateway.routes.described import answer
from gateway.routes.errors_described import (
    CORRUPT_LOG,
    LOG_UNAVAILABLE,
    NO_EXECUTION,
    NO_STAGE,
    OUTPUT_UNREADABLE,
    OUTPUTS_UNAVAILABLE,
    errors,
)
from gateway.routes.page_examples import STAGE_INPUT
from gateway.routes.parameters import ExecutionId, StageId
from gateway.routes.replies import json_reply
from gateway.stage_inputs import StageInputs


def stage_input_routes(inputs: StageInputs) -> APIRouter:
    """Make the route that tells what a stage was given."""
    router = APIRouter(tags=["executions"])
    refusals = errors(NO_EXECUTION, NO_STAGE, CORRUPT_LOG, LOG_UNAVAILABLE, OUTPUT_UNREADABLE, OUTPUTS_UNAVAILABLE)

    @router.get(
        "/api/executions/{execution_id}/stages/{stage_id}/input",
        response_model=StageInput,
        responses={**answer(STAGE_INPUT), **refusals},
    )
    async def get_stage_input(execution_id: ExecutionId, stage_id: StageId, request: Request) -> Response:
        """Tell what a stage was given: a prompt's messages or a function's arguments, rendered anew from the log.

        Of a `foreach` there is an entry for each item, the first 50 at most; `total` says how many there were. What a
        repeated attempt is told of its last fault is not in it. Where it cannot be told, `reason` says why.
        """
        if not is_execution_id(execution_id):
            raise ExecutionNotFound
        return json_reply(await inputs.read(principal_of(request), execution_id, stage_id))

    return router
