"""Waiting until a gateway says that it can serve, as `stagecast up` does."""

import asyncio
import time
from typing import Any

from contracts.errors import GatewayUnreachable, StagecastError
from stagecast.exchange import Exchange, read_reply

_POLL_SECONDS = 0.2


async def wait_ready(exchange: Exchange, timeout_seconds: float, runners: int) -> None:
    """Return when the gateway says that it is ready and at least so many runners are there.

    Raises:
        GatewayUnreachable: it was not so within the time; the message tells what was missing.
    """
    end = time.monotonic() + timeout_seconds
    while (missing := await _what_is_missing(exchange, runners)) is not None:
        if time.monotonic() >= end:
            raise GatewayUnreachable(missing)
        await asyncio.sleep(_POLL_SECONDS)


async def _what_is_missing(exchange: Exchange, runners: int) -> str | None:
    try:
        reply = await exchange.send("GET", "/readyz")
        ready = read_reply(dict[str, Any], reply.content)
    except StagecastError as error:
        return error.message
    there = ready.get("runners")
    if not reply.is_success:
        return "The gateway is there, but its broker does not answer."
    if not isinstance(there, int) or there < runners:
        return f"{there or 'None'} of {runners} runners are there."
    return None
