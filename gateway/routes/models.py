"""`GET /api/models`. What is told of a model is decided in `gateway.model_survey`."""

from fastapi import APIRouter

from contracts.model_status import ModelOverview
from gateway.model_survey import ModelSurvey
from gateway.routes.described import answer
from gateway.routes.errors_described import errors
from gateway.routes.page_examples import MODELS


def model_routes(models: ModelSurvey) -> APIRouter:
    """Make the route that tells which models can be used."""
    router = APIRouter(tags=["operations"])

    @router.get("/api/models", responses={**answer(MODELS), **errors()})
    async def list_models() -> ModelOverview:
        """Tell which models pipelines use here, whether a runner has the key for each, and what to set if not.

        A key is told by the name of its setting, never by its value. While the broker does not answer, `runners` is
        null.
        """
        return await models.overview()

    return router
