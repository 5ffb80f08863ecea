"""Model calls from libraries that run in a thread and wait: made in the event loop, by the same meter."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from runner.benchmark.meter import Meter
from runner.models.client import ModelReply, ModelRequest

_T = TypeVar("_T")


class ThreadCalls:
    """Makes calls for code in threads.

    Args:
        meter: what the calls are counted by.
        loop: where models are asked; must run as long as there are calls.
    """

    def __init__(self, meter: Meter, loop: asyncio.AbstractEventLoop) -> None:
        self._meter = meter
        self._loop = loop

    @property
    def remaining(self) -> int | None:
        """Calls that may still be made; None for no limit."""
        return self._meter.remaining

    def ask(self, request: ModelRequest) -> ModelReply:
        """Make a call and wait for it; raises what `Meter.ask` raises."""
        return asyncio.run_coroutine_threadsafe(self._meter.ask(request), self._loop).result()

    def ask_all(self, requests: Sequence[ModelRequest]) -> list[ModelReply]:
        """Make calls side by side and wait for all of them; raises what the first one that failed raises."""
        replies = asyncio.run_coroutine_threadsafe(self._gather(requests), self._loop).result()
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        return [reply for reply in replies if isinstance(reply, ModelReply)]

    async def _gather(self, requests: Sequence[ModelRequest]) -> list[ModelReply | BaseException]:
        return await asyncio.gather(*map(self._meter.ask, requests), return_exceptions=True)


async def run_waiting(work: Callable[[], _T], meter: Meter) -> _T:
    """Run code that waits in a thread. When cancelled, the meter refuses further calls, which ends the thread."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await meter.close()
        task.add_done_callback(_take_note)
        raise


def _take_note(task: "asyncio.Task[Any]") -> None:  # of any result
    """Look at how it ended, so that asyncio does not tell of an error that nobody waits for."""
    if not task.cancelled():
        task.exception()
