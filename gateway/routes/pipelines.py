"""`GET /api/pipelines` and `/api/pipelines/{id}`. Running one is in `gateway.routes.executions`."""

from typing import Any

from fastapi import APIRouter

from contracts.errors import PipelineNotFound
from contracts.ids import is_pipeline_id
from contracts.requests import PipelineListing
from gateway.routes.described import errors
from stagecast.catalog import Catalog, detail, listing


def pipeline_routes(catalog: Catalog) -> APIRouter:
    """Make the routes that show pipelines."""
    router = APIRouter(tags=["pipelines"])

    @router.get("/api/pipelines", responses=errors(500))
    async def list_pipelines() -> list[PipelineListing]:
        """List the pipelines that can be run, by id. A broken file is left out; `stagecast validate` shows why."""
        return [listing(entry) for entry in catalog.list()]

    @router.get("/api/pipelines/{pipeline_id}", responses=errors(404, 500))
    async def get_pipeline(pipeline_id: str) -> dict[str, Any]:
        """Show one pipeline with its stages."""
        if not is_pipeline_id(pipeline_id):
            raise PipelineNotFound
        return detail(catalog.get(pipeline_id))

    return router
