"""Run a pipeline, and run an execution again. What a submission must pass is in `gateway.submission`."""

import asyncio
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import ExecutionNotFound
from contracts.ids import is_execution_id
from contracts.requests import RerunReply, RerunRequest, RunReply, RunRequest
from contracts.results import PipelineResult
from gateway.arrival import Arrival
from gateway.http_door import principal_of
from gateway.preference import wait_seconds
from gateway.routes.described import submission, submission_responses
from gateway.routes.errors_described import CORRUPT_LOG, EXECUTION_RUNNING, LOG_UNAVAILABLE, NO_EXECUTION, NO_PIPELINE
from gateway.routes.examples import RERUN, RERUN_RESULT, RERUN_STARTED, RESULT, RUN, STARTED
from gateway.routes.parameters import ExecutionId, PipelineId
from gateway.routes.replies import json_reply
from gateway.submission import Submissions, Submitted
from gateway.subscriptions import Subscriptions
from gateway.waiting import interrupted, wait_for_result


@dataclass(frozen=True, slots=True)
class Waiting:
    """How requests may wait for a result.

    Attributes:
        max_seconds: the longest wait.
        stopping: set when the gateway goes down, which ends every wait.
    """

    max_seconds: float
    stopping: asyncio.Event


def submission_routes(submissions: Submissions, subscriptions: Subscriptions, waiting: Waiting) -> APIRouter:
    """Make the routes that start an execution."""
    router = APIRouter(tags=["executions"])

    @router.post(
        "/api/pipelines/{pipeline_id}/run",
        response_model=RunReply | PipelineResult,
        responses=submission_responses(STARTED, RESULT, NO_PIPELINE),
        openapi_extra=submission(RunRequest, required=True, example=RUN),
    )
    async def run_pipeline(pipeline_id: PipelineId, request: Request) -> Response:
        """Start an execution. It runs to its end whether or not anybody stays to see it."""
        submitted = await submissions.run(pipeline_id, _arrival(request))
        return await answer(request, submitted)

    @router.post(
        "/api/executions/{execution_id}/rerun",
        response_model=RerunReply | PipelineResult,
        responses=submission_responses(
            RERUN_STARTED, RERUN_RESULT, NO_EXECUTION, NO_PIPELINE, EXECUTION_RUNNING, CORRUPT_LOG, LOG_UNAVAILABLE
        ),
        openapi_extra=submission(RerunRequest, required=False, example=RERUN),
    )
    async def rerun_execution(execution_id: ExecutionId, request: Request) -> Response:
        """Run an execution that has ended again, as a new one that takes over the results of earlier stages.

        Without `fromStage`, and with input and options as they were, an execution that failed or was cancelled keeps
        every completed stage whose definition and needs are as they were. With it, every completed stage is kept that
        does not depend on that stage.
        """
        if not is_execution_id(execution_id):
            raise ExecutionNotFound
        submitted = await submissions.rerun(execution_id, _arrival(request))
        return await answer(request, submitted)

    async def answer(request: Request, submitted: Submitted) -> Response:
        """Answer with what was started; with its result when the request waits for it and it comes in time."""
        headers = {"Idempotency-Replayed": "true"} if submitted.is_replayed else {}
        execution_id = submitted.queued.execution_id
        seconds = min(wait_seconds(request.headers.getlist("Prefer")), int(waiting.max_seconds))
        if seconds > 0:
            until = partial(interrupted, request.receive, waiting.stopping)
            result = await wait_for_result(subscriptions, execution_id, seconds=seconds, until=until)
            if result is not None:
                return json_reply(result, {**headers, "Preference-Applied": f"wait={seconds}"})
        return json_reply(_reply_of(submitted), headers)

    return router


def _arrival(request: Request) -> Arrival:
    keys, content_type = request.headers.getlist("Idempotency-Key"), request.headers.get("Content-Type", "")
    return Arrival(request.body, keys, principal_of(request), content_type)


def _reply_of(submitted: Submitted) -> RunReply:
    queued = submitted.queued
    if queued.rerun is None:
        return RunReply(execution_id=queued.execution_id, pipeline_id=queued.pipeline_id)
    return RerunReply(
        execution_id=queued.execution_id,
        pipeline_id=queued.pipeline_id,
        rerun_of=queued.rerun.of,
        reused=tuple(queued.rerun.reused),
    )
