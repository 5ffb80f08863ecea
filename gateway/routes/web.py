"""Routes for the files of `web/`: the dashboard at `/`, `/client.js`, and what they import. What they do is theirs.

Each file has a route of its own: no path of a request ever reaches the disk.
"""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.web_files import WebFile

_NOT_GZIP = re.compile(r"(?:gzip|\*) *; *q=0(?:\.0*)?(?: *,|$)")


def web_routes(files: list[WebFile]) -> APIRouter:
    """Make a route for each file."""
    router = APIRouter(include_in_schema=False)
    for file in files:
        _add_route(router, file)
    return router


def _add_route(router: APIRouter, file: WebFile) -> None:
    headers = {
        # Kept by browsers, and asked about each time: what a page loads always fits the gateway that it talks to.
        "Cache-Control": "no-cache",
        # Public code, the same for everybody, so that pages of other origins may import it. It opens no other door.
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
        **({} if file.compressed is None else {"Vary": "Accept-Encoding"}),
        **file.headers,
    }
    plain = (file.content, {**headers, "ETag": f'"{file.digest}"'})
    packed = (file.compressed, {**headers, "ETag": f'"{file.digest}-gzip"', "Content-Encoding": "gzip"})

    async def serve(request: Request) -> Response:
        content, chosen = packed if file.compressed is not None and _takes_gzip(request) else plain
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
        if chosen["ETag"] in known or "*" in known:
            return Response(status_code=304, headers=headers | {"ETag": chosen["ETag"]})
        return Response(content, headers=chosen, media_type=file.media_type)

    router.add_api_route(file.path, serve, methods=["GET", "HEAD"])


def _takes_gzip(request: Request) -> bool:
    accepted = request.headers.get("Accept-Encoding", "")
    return ("gzip" in accepted or "*" in accepted) and _NOT_GZIP.search(accepted) is None
