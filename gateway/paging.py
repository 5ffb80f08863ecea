"""The `Link` header to the next page of a list (RFC 8288). What a page holds is its resource's."""

from urllib.parse import urlencode

from starlette.requests import Request

DEFAULT_LIMIT = 100


def next_link(request: Request, *, limit: int, before: str | None) -> dict[str, str]:
    """Return the headers that lead to the next page; none when `before` is None."""
    if before is None:
        return {}
    # Without scheme and host, so that it holds behind a proxy under another name.
    query = urlencode({"limit": limit, "before": before})
    return {"Link": f'<{request.url.path}?{query}>; rel="next"'}
