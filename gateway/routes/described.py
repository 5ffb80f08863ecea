"""How routes describe themselves in the OpenAPI document, where the framework cannot know. Nothing here runs.

Error answers are in `gateway.routes.errors_described`, parameters in `gateway.routes.parameters`, example values in
`gateway.routes.examples`.
"""

import json
from typing import Any

from contracts.requests import NOT_BLANK, RerunRequest, RunRequest
from gateway.routes.errors_described import (
    BODY_TOO_LARGE,
    BROKEN_PIPELINE,
    IDEMPOTENCY_CONFLICT,
    INVALID_INPUT,
    MISSING_SETTING,
    QUEUE_FULL,
    START_FAILED,
    ErrorKind,
    Responses,
    errors,
)
from gateway.routes.examples import EVENT_LOG, EVENTS

# Any: JSON of the OpenAPI document.
Json = dict[str, Any]


def _header(name: str, schema: Json, example: str, description: str) -> Json:
    described = {"name": name, "in": "header", "required": False, "schema": schema}
    return {**described, "example": example, "description": description}


_SUBMISSION_HEADERS = [
    _header(
        "Prefer",
        {"type": "string"},
        "wait=30",
        "`wait=N`: answer with the result if it is there within N seconds (RFC 7240). Whatever else is preferred is "
        "passed over.",
    ),
    _header(
        "Idempotency-Key",
        {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"},
        "8e03978e-40d5-43e8-bc93-6894a57f9324",
        "Names this request, in 1 to 255 visible ASCII characters: however often it is repeated, through any gateway, "
        "it starts one execution.",
    ),
]
_FORM: Json = {
    "schema": {
        "type": "object",
        "required": ["input"],
        "properties": {
            "input": {"type": "string", "pattern": NOT_BLANK, "description": "As in JSON."},
            "options": {
                "type": "object",
                "additionalProperties": True,
                "description": "As in JSON, without the options that are files.",
            },
        },
        "additionalProperties": {
            "type": "string",
            "format": "binary",
            "description": "Named like an option that takes rows: a CSV file with a heading, JSON objects one a line, "
            "or a JSON array of objects.",
        },
    },
    "encoding": {"options": {"contentType": "application/json"}},
    "example": {"input": "Answer {question}", "options": {"n_cases": 12}, "cases": "question,expected\n1 + 1?,2\n"},
}
BODIES = (RunRequest, RerunRequest)
"""The models of bodies that are read by hand, because what is unknown is told before a bad body."""


def request_body(model: type[RunRequest | RerunRequest], *, required: bool, example: Json) -> Json:
    """Describe a body that is read by hand. A run's may also be a form with files."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}, "example": example}}
    forms = {"multipart/form-data": _FORM} if model is RunRequest else {}
    return {"requestBody": {"required": required, "content": {**content, **forms}}}


def form_body(example: Json) -> Json:
    """Describe the body of a route that takes a form alone, like a run's but for its input."""
    passed_over: Json = {"type": "string", "description": "May be there; it is passed over."}
    properties: Json = {**_FORM["schema"]["properties"], "input": passed_over}
    schema: Json = {**_FORM["schema"], "required": [], "properties": properties}
    form: Json = {**_FORM, "schema": schema, "example": example}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": form}}}


def submission(model: type[RunRequest | RerunRequest], *, required: bool, example: Json) -> Json:
    """Describe the body and the headers of a route that starts an execution."""
    return {**request_body(model, required=required, example=example), "parameters": _SUBMISSION_HEADERS}


def submission_responses(started: Json, result: Json, *kinds: ErrorKind) -> Responses:
    """Describe the answers of a route that starts an execution.

    Args:
        started: an example of the usual answer.
        result: an example of the answer to a request that waited.
        kinds: how it may be refused, besides the ways that all such routes share.
    """
    described: Json = {
        "description": "Accepted; or, with `Prefer: wait=N` and `Preference-Applied` in the answer, the result.",
        "headers": {
            "Preference-Applied": {
                "description": "The wait that was granted; the answer is the result.",
                "schema": {"type": "string", "pattern": "^wait=[0-9]+$"},
                "example": "wait=30",
            },
            "Idempotency-Replayed": {
                "description": "`true` where the key had started this execution before.",
                "schema": {"type": "string", "enum": ["true"]},
                "example": "true",
            },
        },
        "content": {
            "application/json": {
                "examples": {
                    "started": {"summary": "the usual answer", "value": started},
                    "result": {"summary": "with `Prefer: wait`", "value": result},
                }
            }
        },
        "links": _LINKS_OF_SUBMISSION,
    }
    shared = (
        INVALID_INPUT,
        MISSING_SETTING,
        IDEMPOTENCY_CONFLICT,
        BODY_TOO_LARGE,
        QUEUE_FULL,
        BROKEN_PIPELINE,
        START_FAILED,
    )
    return {200: described, **errors(*shared, *kinds)}


def _link(operation: str, parameter: str, value: str, description: str) -> Json:
    return {"operationId": operation, "parameters": {parameter: value}, "description": description}


_LINKS_OF_SUBMISSION = {
    operation: _link(operation, "execution_id", "$response.body#/executionId", description)
    for operation, description in {
        "get_execution": "Where it stands.",
        "cancel_execution": "Stop it.",
        "finish_execution": "Stop it here and keep the best that it has.",
        "rerun_execution": "Run it again, once it has ended.",
    }.items()
}


def answer(example: object, *, description: str = "Done.") -> Responses:
    """Describe a good answer by an example."""
    return {200: {"description": description, "content": {"application/json": {"example": example}}}}


def linked_answer(example: object, *, operation: str, parameters: dict[str, str], description: str) -> Responses:
    """Describe a good answer, and which operation its fields lead to: where it has what, by parameter."""
    described = answer(example)
    values = {name: f"$response.body#{place}" for name, place in parameters.items()}
    described[200]["links"] = {operation: {"operationId": operation, "parameters": values, "description": description}}
    return described


def result_answer(example: object) -> Responses:
    """Describe the answer of the route that gives a result, in each of its forms."""
    page = '<!doctype html><html lang="en">…</html>'
    described = answer(example, description="The result, or with `format` a report of it.")
    described[200]["content"] |= {
        "text/html": {"schema": {"type": "string"}, "example": page},
        "text/markdown": {"schema": {"type": "string"}, "example": "# echo-v1\n"},
    }
    described[200]["headers"] = {
        "Content-Disposition": {
            "description": "Of a report: to be shown, and the name to save it by.",
            "schema": {"type": "string", "pattern": '^inline; filename="[^"]+"$'},
            "example": 'inline; filename="echo-v1.html"',
        }
    }
    return described


def page_answer(path: str, row: Json, *, operation: str, parameter: str, key: str) -> Responses:
    """Describe the answer of a route that gives one page of a list.

    Args:
        path: of the list.
        row: an example of a row.
        operation: the route that shows one of the rows.
        parameter: which of its parameters names the row.
        key: where the row has that name.
    """
    link = {
        "description": 'Leads to the next page, rel="next" (RFC 8288); absent on the last one.',
        "schema": {"type": "string", "pattern": '^<[^>]+>; rel="next"$'},
        "example": f'<{path}?limit=1&before=17>; rel="next"',
    }
    described = answer([row], description="One page, newest first.")
    described[200]["headers"] = {"Link": link}
    described[200]["links"] = {
        operation: _link(operation, parameter, f"$response.body#/0/{key}", "The newest of them.")
    }
    return described


def event_answer() -> Responses:
    """Describe the answers of the route that gives an execution's events."""
    stream = "".join(f"id: {event['seq']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)
    return {
        200: {
            "description": "Server-sent events: `id` is the event's `seq`. With `stream=false`: the log.",
            "content": {
                "text/event-stream": {"schema": {"type": "string"}, "example": stream},
                "application/json": {"example": EVENT_LOG},
            },
        },
        204: {"description": "The execution has ended, and `Last-Event-ID` says that the end was seen."},
    }
