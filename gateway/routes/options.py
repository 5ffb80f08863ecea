"""`POST /api/pipelines/{id}/options`: files as the options that they are. Reading them is `gateway.uploads`."""

from fastapi import APIRouter
from starlette.requests import Request

from contracts.errors import PipelineNotFound
from contracts.ids import is_pipeline_id
from contracts.requests import OptionsReply
from gateway.arrival import Arrival
from gateway.definitions import Definitions
from gateway.http_door import principal_of
from gateway.routes.described import answer, form_body
from gateway.routes.errors_described import BODY_TOO_LARGE, BROKEN_PIPELINE, INVALID_INPUT, NO_PIPELINE, errors
from gateway.routes.page_examples import OPTIONS, OPTIONS_FORM
from gateway.routes.parameters import PipelineId
from gateway.uploads import read_uploaded_options


def option_routes(definitions: Definitions) -> APIRouter:
    """Make the route that reads files into options."""
    router = APIRouter(tags=["executions"])

    @router.post(
        "/api/pipelines/{pipeline_id}/options",
        responses={**answer(OPTIONS), **errors(INVALID_INPUT, NO_PIPELINE, BODY_TOO_LARGE, BROKEN_PIPELINE)},
        openapi_extra=form_body(OPTIONS_FORM),
    )
    async def read_options(pipeline_id: PipelineId, request: Request) -> OptionsReply:
        """Read the files of a form into options, as a run with the same form would. Nothing is started or stored.

        What the options hold besides files comes back as it was; whether the pipeline takes it is told by a run or an
        estimate.
        """
        if not is_pipeline_id(pipeline_id):
            raise PipelineNotFound
        pipeline = definitions.find(pipeline_id)
        arrival = Arrival(request.body, (), principal_of(request), request.headers.get("Content-Type", ""))
        return OptionsReply(options=await read_uploaded_options(arrival, pipeline))

    return router
