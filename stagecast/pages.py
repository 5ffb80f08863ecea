"""The client's side of lists that come by the page. Which lists there are is `stagecast.client`'s affair."""

from collections.abc import Mapping
from typing import TypeVar

import httpx

from stagecast.exchange import Exchange, read_reply

_MAX_ROWS = 1000  # that a gateway gives on a page

AnyRow = TypeVar("AnyRow")


async def read_pages(
    exchange: Exchange, path: str, kind: type[list[AnyRow]], *, limit: int, filters: Mapping[str, str | None]
) -> list[AnyRow]:
    """Return the first rows of a list: page after page, until so many were found or there are no more.

    Of what is selected a page may have few rows, even none, though a later one has more.

    Args:
        exchange: reaches the gateway.
        path: of the list.
        kind: a list of its rows.
        limit: how many rows.
        filters: parameters by name; those that are None are left out.

    Raises:
        RequestRefused: an answer is an error.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    query: str | None = str(httpx.QueryParams({"limit": min(limit, _MAX_ROWS), **given}))
    rows: list[AnyRow] = []
    while query is not None and len(rows) < limit:
        content, query = await exchange.request_page(f"{path}?{query}")
        rows += read_reply(kind, content)
    return rows[:limit]
