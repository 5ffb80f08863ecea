"""The `Link` header to the next page of a list (RFC 8288). What a page holds is its resource's."""

from urllib.parse import urlencode

from starlette.requests import Request

from stagecast.selection import Selection

DEFAULT_LIMIT = 100


def next_link(request: Request, *, limit: int, before: str | None, selection: Selection) -> dict[str, str]:
    """Return the headers that lead to the next page of the same selection; none when `before` is None."""
    if before is None:
        return {}
    filters = {"pipeline": selection.pipeline_id, "status": selection.status, "q": selection.text}
    given = {name: value for name, value in filters.items() if value is not None}
    # Without scheme and host, so that it holds behind a proxy under another name.
    query = urlencode({"limit": limit, **given, "before": before})
    return {"Link": f'<{request.url.path}?{query}>; rel="next"'}
