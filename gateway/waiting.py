"""Waits for an execution's end on behalf of a request, as long as its client stays. The execution does not notice."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from starlette.types import Receive

from contracts.errors import CorruptLog, ExecutionNotFound, LogUnavailable, OutputsUnavailable
from contracts.events import ExecutionCompleted
from contracts.results import PipelineResult
from gateway.standing import TERMINAL
from gateway.subscription import View
from gateway.subscriptions import Subscriptions

_log = structlog.get_logger()


async def wait_for_result(
    subscriptions: Subscriptions, execution_id: str, *, seconds: float, until: Callable[[], Awaitable[object]]
) -> PipelineResult | None:
    """Return the result; None when time was up or `until` (client gone, gateway stopping) returned before it came."""
    result = asyncio.create_task(_read_result(subscriptions, execution_id))
    interruption = asyncio.ensure_future(until())
    try:
        await asyncio.wait({result, interruption}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return result.result() if result.done() else None
    finally:
        result.cancel()
        interruption.cancel()
        await asyncio.gather(result, interruption, return_exceptions=True)


async def interrupted(receive: Receive, stopping: asyncio.Event) -> None:
    """Return when the client has gone or the gateway stops. The request's body must have been read."""
    tasks = {asyncio.create_task(_gone(receive)), asyncio.create_task(_wait(stopping))}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _read_result(subscriptions: Subscriptions, execution_id: str) -> PipelineResult | None:
    try:
        # Event 0 is the submission itself.
        subscription = await subscriptions.open(execution_id, View(after=0))
    except (LogUnavailable, OutputsUnavailable, CorruptLog, ExecutionNotFound) as error:
        _log.warning("cannot wait for the result", execution_id=execution_id, reason=error.message)
        return None
    try:
        async for entry in subscription:
            if entry.type == TERMINAL and isinstance(event := entry.event(), ExecutionCompleted):
                return event.result
    finally:
        subscription.close()
    return None
