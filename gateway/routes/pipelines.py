"""`GET /api/pipelines` and `/api/pipelines/{id}`. Running one is in `gateway.routes.executions`."""

from typing import Any

from fastapi import APIRouter

from contracts.errors import PipelineNotFound
from contracts.ids import is_pipeline_id
from contracts.requests import PipelineDetail, PipelineListing
from gateway.routes.described import answer
from gateway.routes.errors_described import BROKEN_PIPELINE, NO_PIPELINE, errors
from gateway.routes.examples import PIPELINE, PIPELINE_ROW
from gateway.routes.parameters import PipelineId
from stagecast.catalog import Catalog
from stagecast.pipeline_view import detail, listing


def pipeline_routes(catalog: Catalog) -> APIRouter:
    """Make the routes that show pipelines."""
    router = APIRouter(tags=["pipelines"])
    shown = answer(PIPELINE)
    shown[200]["model"] = PipelineDetail
    one = {**shown, **errors(NO_PIPELINE, BROKEN_PIPELINE)}

    @router.get("/api/pipelines", responses={**answer([PIPELINE_ROW]), **errors()})
    async def list_pipelines() -> list[PipelineListing]:
        """List the pipelines that can be run, by id. A broken file is left out; `stagecast validate` shows why."""
        return [listing(entry) for entry in catalog.list()]

    @router.get("/api/pipelines/{pipeline_id}", responses=one)
    async def get_pipeline(pipeline_id: PipelineId) -> dict[str, Any]:
        """Show one pipeline with its stages."""
        if not is_pipeline_id(pipeline_id):
            raise PipelineNotFound
        return detail(catalog.get(pipeline_id))

    return router
