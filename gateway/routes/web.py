"""The files of `web/` as the gateway serves them: `/client.js` and what it imports. What they do is theirs.

They are read once, at the start, and each has a route of its own: no path of a request ever reaches the disk.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

_MEDIA_TYPES = {".js": "text/javascript; charset=utf-8"}  # other files are not served
_ROOT = Path(__file__).parent.parent.parent
# In the wheel, else in the checkout that an editable install points to.
_PLACES = (_ROOT / "gateway" / "web", _ROOT / "web")


@dataclass(frozen=True, slots=True)
class WebFile:
    """One file that is served.

    Attributes:
        path: of the URL, like `/client/socket.js`.
    """

    path: str
    content: bytes
    media_type: str

    @property
    def etag(self) -> str:
        """The same for the same content, on every gateway."""
        return f'"{sha256(self.content).hexdigest()[:32]}"'


def read_web_files(directory: Path | None = None) -> list[WebFile]:
    """Read what is served, from a directory or from where it was installed."""
    place = directory or next((place for place in _PLACES if place.is_dir()), _PLACES[0])
    return [
        WebFile(f"/{file.relative_to(place).as_posix()}", file.read_bytes(), _MEDIA_TYPES[file.suffix])
        for file in sorted(place.rglob("*"))
        if file.suffix in _MEDIA_TYPES and file.is_file()
    ]


def web_routes(files: list[WebFile]) -> APIRouter:
    """Make a route for each file."""
    router = APIRouter(include_in_schema=False)
    for file in files:
        _add_route(router, file)
    return router


def _add_route(router: APIRouter, file: WebFile) -> None:
    headers = {
        "ETag": file.etag,
        # Kept by browsers, and asked about each time: what a page loads always fits the gateway that it talks to.
        "Cache-Control": "no-cache",
        # Public code, the same for everybody, so that pages of other origins may import it. It opens no other door.
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
    }

    async def serve(request: Request) -> Response:
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
        if file.etag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)

    router.add_api_route(file.path, serve, methods=["GET", "HEAD"])
