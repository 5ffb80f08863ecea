"""The parameters of a page and the `Link` header to the next one (RFC 8288). What a page holds is its resource's."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from starlette.requests import Request

Limit = Annotated[int, Query(ge=1, le=1000, description="How many rows at most.")]
Before = Annotated[str | None, Query(description="Where to go on: as in the `Link` header of the page before.")]
DEFAULT_LIMIT = 100


def next_link(request: Request, *, limit: int, before: str | None) -> dict[str, str]:
    """Return the headers that lead to the next page; none when `before` is None."""
    if before is None:
        return {}
    # Without scheme and host, so that it holds behind a proxy under another name.
    query = urlencode({"limit": limit, "before": before})
    return {"Link": f'<{request.url.path}?{query}>; rel="next"'}
