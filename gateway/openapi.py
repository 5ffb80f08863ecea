"""The OpenAPI document as a whole: names, groups, who may ask. What a route says of itself is in `gateway.routes`."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from gateway.routes.described import BODIES

# Any: JSON of the OpenAPI document.
_Json = dict[str, Any]

DESCRIPTION = """
Runs multi-stage LLM pipelines and streams every stage as it happens.

Events come over the WebSocket `/ws`, which `/asyncapi.json` describes, and where there is no WebSocket as server-sent
events. On `/ws` send `{"type": "subscribe", "executionId": "…"}`; after `{"type": "subscribed", …}` come all events of
the execution from its first one on.

Every error answer is `{"error": "<one sentence>", "code": "<stable>"}`. Besides those told at each route there are 404
`not_found` for an unknown path, 405 `method_not_allowed` with `Allow` for another method, and 400 `invalid_request` for
what is no HTTP.
"""
TAGS: list[_Json] = [
    {"name": "executions", "description": "Start, watch, cancel, finish and repeat runs of pipelines."},
    {"name": "pipelines", "description": "What can be run."},
    {"name": "outputs", "description": "Results that were saved."},
    {"name": "operations", "description": "How this gateway is; for load balancers and people."},
]
_BEARER = {"type": "http", "scheme": "bearer", "description": "A token of `stagecast token new`, or a JWT."}
_NOT_OURS = ("HTTPValidationError", "ValidationError")  # the framework's; ours is `ErrorReply`, with status 400


def operation_id(route: APIRoute) -> str:
    """Name an operation as its function is named: stable, and what a generated client calls it."""
    return route.name


def describe(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Make the app, which includes these routers, tell this document."""
    make = app.openapi
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    told = [route for route in routes if route.include_in_schema]

    def document() -> _Json:
        if app.openapi_schema is None:
            app.openapi_schema = _finished(make(), told)
        return app.openapi_schema

    app.openapi = document


def _finished(document: _Json, routes: Iterable[APIRoute]) -> _Json:
    components: _Json = document.setdefault("components", {})
    schemas: _Json = components.setdefault("schemas", {})
    schemas |= {model.__name__: model.model_json_schema(by_alias=True) for model in BODIES}
    for name in _NOT_OURS:
        schemas.pop(name, None)
    components["securitySchemes"] = {"token": _BEARER}
    for route in routes:
        for method in route.methods or ():
            _finish(document["paths"][route.path_format][method.lower()], route)
    return document


def _finish(operation: _Json, route: APIRoute) -> None:
    operation["responses"].pop("422", None)
    if route.path.startswith("/api/"):
        operation["security"] = [
            {},
            {"token": []},
        ]  # either is enough: where access is off nobody has to say who they are
    for status, told in route.responses.items():
        for media_type, content in told.get("content", {}).items():
            # The framework leaves out of examples what is null; so once more.
            operation["responses"][str(status)]["content"][media_type] |= content
