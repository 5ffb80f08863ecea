"""`GET /api/outputs` and `/api/outputs/{filename}`. Saving results is the runner's."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.results import OutputListing, PipelineResult
from gateway.http_door import principal_of
from gateway.ownership import check_output
from gateway.paging import DEFAULT_LIMIT, next_link
from gateway.reports import Reports, report_format
from gateway.routes.described import page_answer, result_answer
from gateway.routes.errors_described import INVALID_FORMAT, INVALID_PAGE, NO_OUTPUT, OUTPUTS_UNAVAILABLE, errors
from gateway.routes.examples import OUTPUT_ROW, RESULT
from gateway.routes.parameters import BeforeFile, Filename, Format, Limit, SelectedOutputs
from stagecast.outputs import OutputStore


def output_routes(outputs: OutputStore) -> APIRouter:
    """Make the routes that show saved results."""
    router = APIRouter(tags=["outputs"])
    reports = Reports()

    rows = page_answer("/api/outputs", OUTPUT_ROW, operation="get_output", parameter="filename", key="filename")

    @router.get("/api/outputs", responses={**rows, **errors(INVALID_PAGE, OUTPUTS_UNAVAILABLE)})
    async def list_outputs(
        request: Request,
        response: Response,
        selection: SelectedOutputs,
        limit: Limit = DEFAULT_LIMIT,
        before: BeforeFile = None,
    ) -> list[OutputListing]:
        """List saved results, newest first.

        A page of a selection is looked for some tenths of a second: it may have fewer rows than `limit`, even none, and
        a `Link` to go on.
        """
        page = await outputs.list(limit=limit, before=before, selection=selection)
        response.headers.update(next_link(request, limit=limit, before=page.next_before, selection=selection))
        return list(page.rows)

    @router.get(
        "/api/outputs/{filename}",
        response_model=PipelineResult,
        responses={**result_answer(RESULT), **errors(INVALID_FORMAT, NO_OUTPUT, OUTPUTS_UNAVAILABLE)},
    )
    async def get_output(filename: Filename, request: Request, format: Format = "json") -> Response:
        """Return a saved result, as it was written or as a report."""
        report = report_format(format)
        saved = await outputs.read(filename)
        check_output(principal_of(request), saved)
        if report is not None:
            return await reports.answer(saved, filename, report)
        return Response(saved, media_type="application/json")

    return router
