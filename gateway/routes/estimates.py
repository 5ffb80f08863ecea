"""`POST /api/pipelines/{id}/estimate`. What a request must pass is in `gateway.estimation`."""

from fastapi import APIRouter
from starlette.requests import Request

from contracts.estimate import Estimate
from contracts.requests import RunRequest
from gateway.arrival import Arrival
from gateway.estimation import Estimates
from gateway.http_door import principal_of
from gateway.routes.described import answer, request_body
from gateway.routes.errors_described import (
    BODY_TOO_LARGE,
    BROKEN_PIPELINE,
    INVALID_INPUT,
    LOG_UNAVAILABLE,
    MISSING_SETTING,
    NO_PIPELINE,
    errors,
)
from gateway.routes.examples import ESTIMATE, RUN
from gateway.routes.parameters import PipelineId


def estimate_routes(estimates: Estimates) -> APIRouter:
    """Make the route that foresees a run."""
    router = APIRouter(tags=["executions"])
    refusals = errors(INVALID_INPUT, MISSING_SETTING, NO_PIPELINE, BODY_TOO_LARGE, BROKEN_PIPELINE, LOG_UNAVAILABLE)

    @router.post(
        "/api/pipelines/{pipeline_id}/estimate",
        responses={**answer(ESTIMATE), **refusals},
        openapi_extra=request_body(RunRequest, required=True, example=RUN),
    )
    async def estimate_run(pipeline_id: PipelineId, request: Request) -> Estimate:
        """Tell what a run with this body would take, with the assumptions behind it. Nothing is started or stored."""
        content_type = request.headers.get("Content-Type", "")
        # Without keys: an estimate may be repeated as often as one likes.
        return await estimates.estimate(pipeline_id, Arrival(request.body, (), principal_of(request), content_type))

    return router
