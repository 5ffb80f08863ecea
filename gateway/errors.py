"""How errors look outside: a status, and `{"error": "<one sentence>", "code": "<stable>"}`. Nothing else leaks."""

import math
from collections.abc import Mapping

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.errors import (
    CorruptLog,
    ExecutionNotFound,
    ExecutionRunning,
    IdempotencyConflict,
    InvalidId,
    InvalidInput,
    InvalidPipeline,
    LogUnavailable,
    MissingSetting,
    OutputNotFound,
    OutputsUnavailable,
    OutputUnreadable,
    PipelineNotFound,
    QueueFull,
    StagecastError,
    StageNotFound,
)
from contracts.requests import ErrorReply
from gateway.refusals import Forbidden, IdentityUnavailable, RateLimited, TooManyConnections, Unauthenticated
from stagecast.redaction import redact

_log = structlog.get_logger()

_STATUSES: dict[type[StagecastError], int] = {
    InvalidId: 400,
    InvalidInput: 400,
    MissingSetting: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    PipelineNotFound: 404,
    ExecutionNotFound: 404,
    OutputNotFound: 404,
    StageNotFound: 404,
    ExecutionRunning: 409,
    IdempotencyConflict: 409,
    QueueFull: 429,
    RateLimited: 429,
    TooManyConnections: 429,
    # A broken file is the operator's fault, not the caller's.
    InvalidPipeline: 500,
    CorruptLog: 500,
    OutputUnreadable: 500,
    LogUnavailable: 503,
    OutputsUnavailable: 503,
    IdentityUnavailable: 503,
}
_RESOURCES: dict[str, type[StagecastError]] = {
    # Ids with a slash, however written, fit no route: they are unknown all the same.
    "/api/pipelines/": PipelineNotFound,
    "/api/pipeline-files/": PipelineNotFound,
    "/api/executions/": ExecutionNotFound,
    "/api/outputs/": OutputNotFound,
}
_RETRY_AFTER_SECONDS = {429: "5", 503: "1"}  # a queue empties more slowly than a broker comes back


class BodyTooLarge(StagecastError):
    """The request body is longer than the setting allows."""

    code = "body_too_large"


class StartFailed(StagecastError):
    """A submission was not stored."""

    code = "log_unavailable"

    def __init__(self) -> None:
        super().__init__("Execution failed to start")


_STATUSES[BodyTooLarge] = 413
_STATUSES[StartFailed] = 500


def error_response(status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> Response:
    """Make an error answer; a secret that found its way into the sentence is left out."""
    body = ErrorReply(error=redact(message), code=code).model_dump_json()
    return Response(body, status, headers=headers, media_type="application/json")


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of this app, the framework's own included, an error answer. Call it after adding middleware."""
    app.add_exception_handler(StagecastError, _on_own_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_parameters)
    app.add_middleware(FaultBarrier)


async def _on_own_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, StagecastError):
        raise error
    status = _status_of(error)
    if status is None:
        _log.error("unexpected error", path=request.scope["path"], method=request.method, exc_info=error)
        return error_response(500, "Internal error", StagecastError.code)
    if isinstance(error, InvalidPipeline):
        _log.warning("broken pipeline file asked for", file=error.file, reason=error.message)
        message = f"The pipeline's file is broken; `stagecast validate {error.file}` tells where."
        return error_response(status, message, error.code)
    if isinstance(error, CorruptLog):
        _log.error("log cannot be folded", path=request.scope["path"], reason=error.message)
        message = "The execution's log contradicts itself; the gateway's log says where."
        return error_response(status, message, error.code)
    return refusal_of(error)


def refusal_of(error: StagecastError) -> Response:
    """Make the answer to an error that has a status of its own, and a sentence that may be told."""
    status = _status_of(error) or 500
    headers = {"Retry-After": _RETRY_AFTER_SECONDS[status]} if status in _RETRY_AFTER_SECONDS else {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return error_response(status, error.message, error.code, headers)


def _status_of(error: StagecastError) -> int | None:
    return next((_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES), None)


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:
        for prefix, kind in _RESOURCES.items():
            if request.scope["path"].startswith(prefix):
                return await _on_own_error(request, kind())  # pyright: ignore[reportCallIssue] - all have a default
        return error_response(404, "Not found", "not_found")
    if error.status_code == 405:
        return error_response(405, "Method not allowed", "method_not_allowed", error.headers)
    return error_response(error.status_code, "The request cannot be served.", "invalid_request", error.headers)


async def _on_invalid_parameters(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    return error_response(400, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}", InvalidInput.code)


class FaultBarrier:
    """ASGI middleware: what no handler knows is logged here, once, with its trace, and answered.

    An exception handler for `Exception` would not do: the framework raises again after it, and the server logs it anew.
    Only a fault in an answer that has begun goes on to the server, which logs it and cuts the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except ClientDisconnect:
            return  # it went, or was sent away, before its body was whole: nobody is there to be answered
        except Exception as error:
            if has_begun:
                raise
            _log.error("unexpected error", path=scope["path"], method=scope["method"], exc_info=error)
            await error_response(500, "Internal error", StagecastError.code)(scope, receive, send)
