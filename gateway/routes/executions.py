"""Run a pipeline, list executions, look at one, cancel one. What a submission must pass is in `gateway.submission`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import ExecutionNotFound
from contracts.ids import is_execution_id
from contracts.requests import CancelReply, ExecutionListing, ExecutionView, RunReply
from contracts.results import PipelineResult
from contracts.wire import WireModel
from gateway.cancellation import request_cancel
from gateway.inspection import read_view
from gateway.paging import DEFAULT_LIMIT, Before, Limit, next_link
from gateway.preference import wait_seconds
from gateway.routes.described import RUN_BODY, RUN_RESPONSES, errors, page_responses
from gateway.submission import Submissions
from gateway.subscription import Subscriptions
from gateway.waiting import wait_for_result
from stagecast.log import ExecutionLog


@dataclass(frozen=True, slots=True)
class Waiting:
    """How requests may wait for a result.

    Attributes:
        max_seconds: the longest wait.
        stopping: set when the gateway goes down, which ends every wait.
    """

    max_seconds: float
    stopping: asyncio.Event


def run_routes(submissions: Submissions, subscriptions: Subscriptions, waiting: Waiting) -> APIRouter:
    """Make the route that starts an execution."""
    router = APIRouter(tags=["executions"])

    @router.post(
        "/api/pipelines/{pipeline_id}/run",
        response_model=RunReply | PipelineResult,
        responses=RUN_RESPONSES,
        openapi_extra=RUN_BODY,
    )
    async def run_pipeline(pipeline_id: str, request: Request) -> Response:
        """Start an execution. It runs to its end whether or not anybody stays to see it."""
        queued = await submissions.submit(pipeline_id, request.body)
        seconds = min(wait_seconds(request.headers.getlist("Prefer")), int(waiting.max_seconds))
        if seconds > 0:
            result = await wait_for_result(
                subscriptions, queued.execution_id, seconds=seconds, until=_interrupted(request, waiting.stopping)
            )
            if result is not None:
                return _json(result, {"Preference-Applied": f"wait={seconds}"})
        return _json(RunReply(execution_id=queued.execution_id, pipeline_id=pipeline_id))

    return router


def execution_routes(log: ExecutionLog) -> APIRouter:
    """Make the routes that show and cancel executions."""
    router = APIRouter(tags=["executions"])

    @router.get("/api/executions", responses=page_responses(400, 503))
    async def list_executions(
        request: Request, response: Response, limit: Limit = DEFAULT_LIMIT, before: Before = None
    ) -> list[ExecutionListing]:
        """List executions, newest first."""
        page = await log.list_executions(limit=limit, before=before)
        response.headers.update(next_link(request, limit=limit, before=page.next_before))
        return list(page.executions)

    @router.get("/api/executions/{execution_id}", response_model=ExecutionView, responses=errors(404, 500, 503))
    async def get_execution(execution_id: str) -> Response:
        """Show where an execution stands."""
        return _json(await read_view(log, _checked(execution_id)))

    @router.post("/api/executions/{execution_id}/cancel", response_model=CancelReply, responses=errors(404, 500, 503))
    async def cancel_execution(execution_id: str) -> Response:
        """Ask to stop an execution; `cancelled` is false when it has ended already."""
        return _json(CancelReply(cancelled=await request_cancel(log, _checked(execution_id))))

    return router


def _checked(execution_id: str) -> str:
    if not is_execution_id(execution_id):
        raise ExecutionNotFound
    return execution_id


def _json(model: WireModel, headers: dict[str, str] | None = None) -> Response:
    # Written by the model itself: the framework would validate and serialise once more.
    return Response(model.model_dump_json(by_alias=True), headers=headers, media_type="application/json")


def _interrupted(request: Request, stopping: asyncio.Event) -> Callable[[], Awaitable[None]]:
    """Return what ends when the client has gone or the gateway stops. The body must have been read."""

    async def client_gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    async def wait() -> None:
        tasks = {asyncio.create_task(client_gone()), asyncio.create_task(_wait(stopping))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return wait


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
