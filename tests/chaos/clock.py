"""Time as the chaos suite spends it: schedule and clients' habits are timers. The one place that waits for time.

Everything else in the suite waits for something to happen.
"""

import asyncio
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment; the services under test run on the same machine and so by the same clock."""
    return datetime.now(UTC)


async def elapse(seconds: float) -> None:
    """Return when so many seconds have gone by."""
    over = asyncio.Event()
    timer = asyncio.get_running_loop().call_later(seconds, over.set)
    try:
        await over.wait()
    finally:
        timer.cancel()
