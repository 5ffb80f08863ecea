"""Time and chance as the engine sees them, passed in so that tests decide them. Not what is done with them."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from contracts.envelope import utc_now


@dataclass(frozen=True, slots=True)
class Timing:
    """Where time and chance come from.

    Attributes:
        sleep: wait for a number of seconds.
        random: a number from 0 up to 1.
        monotonic: seconds; durations are differences of it.
        now: the moment, with its time zone.
    """

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now

    def ms_since(self, began: float) -> int:
        """Return the milliseconds since a reading of `monotonic`."""
        return max(0, round((self.monotonic() - began) * 1000))
