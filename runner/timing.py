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


class Elapsed:
    """The time since something began, on whichever runner: wall time before this run, steady time in it.

    Args:
        began: when, if that was before this run; clocks that disagree about the order make it 0.
    """

    def __init__(self, began: datetime | None, timing: Timing) -> None:
        self._timing = timing
        self._before_seconds = 0.0 if began is None else max(0.0, (timing.now() - began).total_seconds())
        self._began_here = timing.monotonic()

    def seconds(self) -> float:
        """Return the time so far in seconds."""
        return self._before_seconds + max(0.0, self._timing.monotonic() - self._began_here)

    def ms(self) -> int:
        """Return the time so far in milliseconds."""
        return round(self.seconds() * 1000)
