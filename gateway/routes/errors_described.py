"""The error answers of routes, as the OpenAPI document tells them: every code with its status, meaning and an example.

What becomes of an error when it happens is `gateway.errors`; a test holds the two against each other.
"""

from dataclasses import dataclass
from typing import Any

from contracts.requests import ErrorReply

# Any: JSON of the OpenAPI document.
Json = dict[str, Any]
Responses = dict[int | str, Json]


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One way in which a request can be refused.

    Attributes:
        sentence: an example of `error`.
    """

    status: int
    code: str
    sentence: str


INVALID_INPUT = ErrorKind(400, "invalid_input", "Input is required and must be a non-empty string")
INVALID_VIEW = ErrorKind(400, "invalid_input", "after: Input should be greater than or equal to -1")
INVALID_FORMAT = ErrorKind(400, "invalid_format", "The format must be one of json, html, md.")
INVALID_PAGE = ErrorKind(400, "invalid_input", "limit: Input should be less than or equal to 1000")
MISSING_SETTING = ErrorKind(
    400, "missing_setting", "OPENAI_API_KEY is not set on any runner; the model openai:gpt-5-mini needs it."
)
UNAUTHENTICATED = ErrorKind(401, "unauthenticated", "No valid token was given.")
FORBIDDEN = ErrorKind(403, "forbidden", "The token may not do this.")
FOREIGN_ORIGIN = ErrorKind(403, "origin_not_allowed", "Pages of this origin may not ask.")
HOST_NOT_ALLOWED = ErrorKind(403, "host_not_allowed", "This gateway does not go by the name in the Host header.")
NO_PIPELINE = ErrorKind(404, "pipeline_not_found", "Pipeline not found")
NO_EXECUTION = ErrorKind(404, "execution_not_found", "Execution not found")
NO_STAGE = ErrorKind(404, "stage_not_found", "Stage not found")
NO_OUTPUT = ErrorKind(404, "output_not_found", "Output not found")
REQUEST_TIMEOUT = ErrorKind(408, "request_timeout", "The request took too long to arrive.")
EXECUTION_RUNNING = ErrorKind(
    409, "execution_running", "The execution has not ended; cancel it or wait, then run it again."
)
IDEMPOTENCY_CONFLICT = ErrorKind(
    409, "idempotency_conflict", "This Idempotency-Key came with another request before; use a new one."
)
BODY_TOO_LARGE = ErrorKind(
    413, "body_too_large", "The request body is longer than 1 MB; a file in it may be too large."
)
QUEUE_FULL = ErrorKind(429, "queue_full", "10000 executions wait already, which is the limit; try again later.")
RATE_LIMITED = ErrorKind(429, "rate_limited", "Too many requests; try again in 2 seconds.")
TOO_MANY_CONNECTIONS = ErrorKind(
    429, "too_many_connections", "1000 connections of this client are open, which is the limit; close one."
)
HEAD_TOO_LARGE = ErrorKind(431, "head_too_large", "The request's head is too long.")
INTERNAL_ERROR = ErrorKind(500, "internal_error", "Internal error")
CORRUPT_LOG = ErrorKind(500, "corrupt_log", "The execution's log contradicts itself; the gateway's log says where.")
BROKEN_PIPELINE = ErrorKind(
    500, "invalid_pipeline", "The pipeline's file is broken; `stagecast validate example-v1.yaml` tells where."
)
START_FAILED = ErrorKind(500, "log_unavailable", "Execution failed to start")
LOG_UNAVAILABLE = ErrorKind(503, "log_unavailable", "The broker does not answer.")
IDENTITY_UNAVAILABLE = ErrorKind(
    503, "identity_unavailable", "The keys that tokens are checked with cannot be had just now."
)
OUTPUT_UNREADABLE = ErrorKind(
    500, "output_unreadable", "The saved result cannot be read: input.options: Input should be a valid dictionary."
)
OUTPUTS_UNAVAILABLE = ErrorKind(503, "outputs_unavailable", "The storage of results does not answer.")

_EVERYWHERE = (
    UNAUTHENTICATED,
    FORBIDDEN,
    FOREIGN_ORIGIN,
    HOST_NOT_ALLOWED,
    REQUEST_TIMEOUT,
    RATE_LIMITED,
    HEAD_TOO_LARGE,
    INTERNAL_ERROR,
    IDENTITY_UNAVAILABLE,
)
"""What every route under `/api` may answer."""

_MEANINGS = {
    400: "The request cannot be understood or run; the sentence says why.",
    401: "It is not known who asks; where access is off this never comes.",
    403: "Who asks may not do this.",
    404: "There is none of this id, or it is somebody else's.",
    408: "The request did not come whole in time; the connection is closed.",
    409: "It does not fit what is there.",
    413: "The request body is longer than the gateway takes.",
    429: "Too much at once; try again after `Retry-After` seconds.",
    431: "Request line and headers are longer than the gateway takes; the connection is closed.",
    500: "A fault on this side.",
    503: "The broker or the storage does not answer; try again after `Retry-After` seconds.",
}
_RETRY_AFTER = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}, "example": 5}
_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}, "example": "Bearer"}},
    429: {"Retry-After": _RETRY_AFTER},
    503: {"Retry-After": _RETRY_AFTER},
}


def errors(*kinds: ErrorKind) -> Responses:
    """Describe the error answers of a route under `/api`: these, and those that all have."""
    return describe_errors(*kinds, *_EVERYWHERE)


def describe_errors(*kinds: ErrorKind) -> Responses:
    """Describe error answers, by status."""
    responses: Responses = {}
    for kind in sorted(kinds, key=lambda kind: kind.status):
        response = responses.setdefault(kind.status, _response(kind.status))
        response["content"]["application/json"]["examples"][kind.code] = {
            "summary": kind.code,
            "value": {"error": kind.sentence, "code": kind.code},
        }
    return responses


def _response(status: int) -> Json:
    headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
    content: Json = {"application/json": {"examples": {}}}
    return {"model": ErrorReply, "description": _MEANINGS[status], "content": content, **headers}
