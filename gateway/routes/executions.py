"""List executions, look at one, cancel or finish one. Starting one is in `gateway.routes.submissions`."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import ExecutionNotFound
from contracts.ids import is_execution_id
from contracts.requests import CancelReply, ExecutionListing, ExecutionView, FinishReply
from gateway.archive import Archive
from gateway.http_door import principal_of
from gateway.inspection import read_view
from gateway.ownership import check_execution
from gateway.paging import DEFAULT_LIMIT, next_link
from gateway.routes.described import answer, linked_answer, page_answer
from gateway.routes.errors_described import (
    CORRUPT_LOG,
    INVALID_PAGE,
    LOG_UNAVAILABLE,
    NO_EXECUTION,
    OUTPUT_UNREADABLE,
    OUTPUTS_UNAVAILABLE,
    errors,
)
from gateway.routes.examples import CANCELLED, EXECUTION, EXECUTION_ROW, FINISHING
from gateway.routes.parameters import Cursor, ExecutionId, Limit, SelectedExecutions
from gateway.routes.replies import json_reply
from gateway.wishes import request_cancel, request_finish
from stagecast.log import ExecutionLog


def execution_routes(log: ExecutionLog, archive: Archive | None = None) -> APIRouter:
    """Make the routes that show executions, cancel and finish them."""
    router = APIRouter(tags=["executions"])

    one = errors(NO_EXECUTION, CORRUPT_LOG, LOG_UNAVAILABLE, OUTPUT_UNREADABLE, OUTPUTS_UNAVAILABLE)
    rows = page_answer("/api/executions", EXECUTION_ROW, operation="get_execution", parameter="execution_id", key="id")

    places = {"execution_id": "/id", "stage_id": "/stages/0/id"}
    shown = linked_answer(
        EXECUTION, operation="get_stage_input", parameters=places, description="What its first stage was given."
    )

    @router.get("/api/executions", responses={**rows, **errors(INVALID_PAGE, LOG_UNAVAILABLE)})
    async def list_executions(
        request: Request,
        response: Response,
        selection: SelectedExecutions,
        limit: Limit = DEFAULT_LIMIT,
        before: Cursor = None,
    ) -> list[ExecutionListing]:
        """List executions, newest first.

        A page of a selection is looked for some tenths of a second: it may have fewer rows than `limit`, even none, and
        a `Link` to go on.
        """
        page = await log.list_executions(limit=limit, before=before, selection=selection)
        response.headers.update(next_link(request, limit=limit, before=page.next_before, selection=selection))
        return list(page.executions)

    @router.get("/api/executions/{execution_id}", response_model=ExecutionView, responses={**shown, **one})
    async def get_execution(execution_id: ExecutionId, request: Request) -> Response:
        """Show where an execution stands."""
        view = await read_view(log, _checked(execution_id), archive)
        check_execution(principal_of(request), view.owner)
        return json_reply(view)

    @router.post(
        "/api/executions/{execution_id}/cancel", response_model=CancelReply, responses={**answer(CANCELLED), **one}
    )
    async def cancel_execution(execution_id: ExecutionId, request: Request) -> Response:
        """Ask to stop an execution; `cancelled` is false when it has ended, or how it ends is decided already."""
        cancelled = await request_cancel(log, _checked(execution_id), principal_of(request))
        return json_reply(CancelReply(cancelled=cancelled))

    @router.post(
        "/api/executions/{execution_id}/finish", response_model=FinishReply, responses={**answer(FINISHING), **one}
    )
    async def finish_execution(execution_id: ExecutionId, request: Request) -> Response:
        """Ask an execution to stop here and keep the best that it has.

        Model calls in flight are cut off and no further ones made, stages that have not begun are skipped; `always`
        stages run. `finishing` is false when it has ended, how it ends is decided already, or it is to be cancelled.
        """
        finishing = await request_finish(log, _checked(execution_id), principal_of(request))
        return json_reply(FinishReply(finishing=finishing))

    return router


def _checked(execution_id: str) -> str:
    if not is_execution_id(execution_id):
        raise ExecutionNotFound
    return execution_id
