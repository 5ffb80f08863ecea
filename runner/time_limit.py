"""A time limit that stands still while others are waited for. What is done when it is over is `attempts`' affair."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType


class TimeLimit:
    """Like `asyncio.timeout`, but `clock_stopped` inside of it does not count.

    A step that is told waits for the broker as long as it takes. Were that counted, an answer that was paid for would
    be thrown away because the broker was restarted meanwhile.

    Args:
        seconds: how long the block may take.
    """

    def __init__(self, seconds: float) -> None:
        self._limit = asyncio.timeout(seconds)
        self._left: float | None = None
        self._stops = 0
        self._token: Token[tuple[TimeLimit, ...]] | None = None
        self._is_over = False

    @property
    def is_expired(self) -> bool:
        """Whether the time was up."""
        return self._limit.expired()

    async def __aenter__(self) -> "TimeLimit":
        """Begin to count."""
        await self._limit.__aenter__()
        self._token = _running.set((*_running.get(), self))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Stop counting for good; raises `TimeoutError` when the time was up."""
        self._is_over = True
        if self._token is not None:
            _running.reset(self._token)
        return await self._limit.__aexit__(kind, error, trace)

    def stop(self) -> None:
        """Let the clock stand still; side by side, until each that stopped it has let it go on."""
        self._stops += 1
        when = self._limit.when()
        if self._stops == 1 and when is not None and not self._is_done:
            self._left = when - asyncio.get_running_loop().time()
            self._limit.reschedule(None)

    def go_on(self) -> None:
        """Let the clock go on."""
        self._stops -= 1
        if self._stops == 0 and self._left is not None and not self._is_done:
            self._limit.reschedule(asyncio.get_running_loop().time() + self._left)
            self._left = None

    @property
    def _is_done(self) -> bool:
        return self._is_over or self._limit.expired()


_running: ContextVar[tuple[TimeLimit, ...]] = ContextVar("running_time_limits", default=())


@contextmanager
def clock_stopped() -> Generator[None]:
    """Stop every time limit around us, those of the tasks that we were made in included."""
    limits = _running.get()
    for limit in limits:
        limit.stop()
    try:
        yield
    finally:
        for limit in limits:
            limit.go_on()
