"""How routes describe themselves in the OpenAPI document, where the framework cannot know. Nothing here runs."""

from typing import Any

from contracts.requests import ErrorReply, RerunRequest, RunRequest

_MEANINGS = {
    400: "The request cannot be understood or run; the sentence says why.",
    404: "There is none of this id.",
    409: "`idempotency_conflict`: the key came with another request. `execution_running`: it has not ended yet.",
    413: "The request body is longer than the gateway takes.",
    429: "Too much of something: `queue_full` (executions wait), `rate_limited`, `too_many_connections`; try again "
    "after `Retry-After` seconds.",
    500: "A fault on this side.",
    503: "The broker or the storage does not answer; try again.",
}

Json = dict[str, Any]
Responses = dict[int | str, Json]


def errors(*statuses: int) -> Responses:
    """Describe the error answers of a route. `default` stands for whatever else may go wrong on the way."""
    described: Responses = {status: {"model": ErrorReply, "description": _MEANINGS[status]} for status in statuses}
    return {**described, "default": {"model": ErrorReply, "description": "Any other error."}}


def _header(name: str, example: str, description: str) -> Json:
    described = {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
    return {**described, "example": example, "description": description}


_SUBMISSION_HEADERS = [
    _header("Prefer", "wait=30", "`wait=N`: answer with the result if it is there within N seconds (RFC 7240)."),
    _header(
        "Idempotency-Key",
        "8e03978e-40d5-43e8-bc93-6894a57f9324",
        "Names this request, in 1 to 255 visible ASCII characters: however often it is repeated, through any gateway, "
        "it starts one execution.",
    ),
]


def _submission(model: type[RunRequest | RerunRequest], *, required: bool, example: Json) -> Json:
    content = {"application/json": {"schema": model.model_json_schema(by_alias=True), "example": example}}
    return {"requestBody": {"required": required, "content": content}, "parameters": _SUBMISSION_HEADERS}


# The bodies are read by hand, because what is unknown is told before a bad body.
RUN_BODY = _submission(RunRequest, required=True, example={"input": "Write a poem about the sea."})
RERUN_BODY = _submission(RerunRequest, required=False, example={"fromStage": "rewrite", "options": {"n_cases": 4}})


def submission_responses(*statuses: int) -> Responses:
    """Describe the answers of a route that starts an execution, with these errors besides those that all have."""
    text = {"schema": {"type": "string"}}
    described: Json = {
        "description": "Accepted; or, with `Prefer: wait=N` and `Preference-Applied` in the answer, the result.",
        "headers": {
            "Preference-Applied": {**text, "description": "The wait that was granted; the answer is the result."},
            "Idempotency-Replayed": {**text, "description": "`true` where the key had started this execution before."},
        },
    }
    refusals = errors(*sorted({400, 409, 413, 429, 500, *statuses}))
    refusals[429]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return {200: described, **refusals}


def page_responses(*statuses: int) -> Responses:
    """Describe the answers of a route that gives one page of a list."""
    link = {"description": 'Leads to the next page, rel="next"; absent on the last one.', "schema": {"type": "string"}}
    return {200: {"headers": {"Link": link}}, **errors(*statuses)}


def event_responses() -> Responses:
    """Describe the answers of the route that gives an execution's events."""
    stream = {"schema": {"type": "string"}, "example": 'id: 0\ndata: {"type": "execution:queued", …}\n\n'}
    log = {"schema": {"$ref": "#/components/schemas/EventLog"}}
    return {
        200: {
            "description": "Server-sent events: `id` is the event's `seq`. With `stream=false`: the log.",
            "content": {"text/event-stream": stream, "application/json": log},
        },
        204: {"description": "The execution has ended, and `Last-Event-ID` says that the end was seen."},
    }
