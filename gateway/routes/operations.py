"""`/healthz` (is the process alive) and `/readyz` (can it take submissions), for load balancers and people."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from contracts.errors import LogUnavailable, StagecastError
from gateway.routes.described import answer
from gateway.routes.examples import HEALTHY, NOT_READY, READY
from stagecast.log import ExecutionLog
from stagecast.presence import RunnerDirectory


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """Whether submissions are taken."""

    ready: bool
    broker: bool = Field(description="The broker answers and accepts.")
    runners: int = Field(description="Runners that are alive; without any, submissions are taken and wait.")


def operation_routes(log: ExecutionLog, runners: RunnerDirectory | None) -> APIRouter:
    """Make the routes that tell how the gateway is."""
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", summary="Is it alive", responses=answer(HEALTHY))
    async def healthz() -> Health:
        """Tell that the process is alive; asks nobody else."""
        return Health()

    not_ready = {"application/json": {"example": NOT_READY}}

    @router.get(
        "/readyz",
        summary="Can it serve",
        response_model=Readiness,
        responses={
            **answer(READY),
            503: {"model": Readiness, "description": "The broker is away.", "content": not_ready},
        },
    )
    async def readyz() -> Response:
        """Tell whether submissions are taken."""
        readiness = await _readiness(log, runners)
        return Response(readiness.model_dump_json(), 200 if readiness.ready else 503, media_type="application/json")

    return router


async def _readiness(log: ExecutionLog, runners: RunnerDirectory | None) -> Readiness:
    try:
        await log.ping()
    except StagecastError:
        return Readiness(ready=False, broker=False, runners=0)
    try:
        present = await runners.present() if runners is not None else ()
    except LogUnavailable:
        present = ()
    return Readiness(ready=True, broker=True, runners=len(present))
