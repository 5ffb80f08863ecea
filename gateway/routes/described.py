"""How routes describe themselves in the OpenAPI document, where the framework cannot know. Nothing here runs."""

from typing import Any

from contracts.requests import ErrorReply, RunRequest

_MEANINGS = {
    400: "The request cannot be understood or run; the sentence says why.",
    404: "There is none of this id.",
    413: "The request body is longer than the gateway takes.",
    500: "A fault on this side.",
    503: "The broker or the storage does not answer; try again.",
}

Responses = dict[int | str, dict[str, Any]]


def errors(*statuses: int) -> Responses:
    """Describe the error answers of a route. `default` stands for whatever else may go wrong on the way."""
    described: Responses = {status: {"model": ErrorReply, "description": _MEANINGS[status]} for status in statuses}
    return {**described, "default": {"model": ErrorReply, "description": "Any other error."}}


RUN_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": RunRequest.model_json_schema(by_alias=True),
                "example": {"input": "Write a poem about the sea."},
            }
        },
    },
    "parameters": [
        {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "example": "wait=30",
            "description": "`wait=N`: answer with the result if it is there within N seconds (RFC 7240).",
        }
    ],
}
"""The run's body is read by hand, because an unknown pipeline is told before a bad body."""

RUN_RESPONSES: Responses = {
    200: {
        "description": "Accepted; or, with `Prefer: wait=N` and `Preference-Applied` in the answer, the result.",
        "headers": {"Preference-Applied": {"schema": {"type": "string"}}},
    },
    **errors(400, 404, 413, 500),
}


def page_responses(*statuses: int) -> Responses:
    """Describe the answers of a route that gives one page of a list."""
    link = {"description": 'Leads to the next page, rel="next"; absent on the last one.', "schema": {"type": "string"}}
    return {200: {"headers": {"Link": link}}, **errors(*statuses)}
