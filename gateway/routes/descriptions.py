"""`/asyncapi.json` (`/ws`) and `/asyncapi-nats.json` (the NATS subjects): machine-readable, as `/openapi.json` is."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stagecast.asyncapi.nats_document import asyncapi_nats
from stagecast.asyncapi.websocket_document import asyncapi_ws


def description_routes() -> APIRouter:
    """Make the routes that give the AsyncAPI documents; like `/openapi.json` they are no part of that document."""
    router = APIRouter(include_in_schema=False)

    @router.get("/asyncapi.json")
    async def asyncapi(request: Request) -> Response:
        """Give the document of `/ws`, with this gateway as it was asked as server."""
        return JSONResponse(asyncapi_ws(host=request.url.netloc, is_secure=request.url.scheme == "https"))

    @router.get("/asyncapi-nats.json")
    async def of_nats() -> Response:
        """Give the document of the NATS subjects."""
        return JSONResponse(asyncapi_nats())

    return router
