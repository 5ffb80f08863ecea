"""What may be cut off while it is under way: a model call, or the wait before one. Why it is, is `account`'s affair."""

import asyncio
from types import TracebackType


class Flight:
    """A block that ends early, without an exception, once its time is over or `cut` is called.

    Like any cancellation it reaches what the block awaits, which may clear up. It is as good as done when the block
    catches it and comes to its end.

    Args:
        seconds: how long the block may take; None for as long as it likes.
    """

    def __init__(self, seconds: float | None) -> None:
        self._limit = asyncio.timeout(seconds)
        self._is_under_way = False

    @property
    def is_cut(self) -> bool:
        """Whether it was told to end."""
        return self._limit.expired()

    async def __aenter__(self) -> "Flight":
        """Begin to count."""
        await self._limit.__aenter__()
        self._is_under_way = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Swallow our own cancellation, and nothing else."""
        self._is_under_way = False
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            return self._limit.expired()
        return False

    def cut(self) -> None:
        """End it now."""
        if self._is_under_way and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())
