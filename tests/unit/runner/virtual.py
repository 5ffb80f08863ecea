"""Runs the engine's tests on time that passes only when nothing is left to do."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from contracts.state import ExecutionState
from runner.timing import Timing
from tests.interleaving.virtual_time import VirtualLoop

T = TypeVar("T")


def run_virtually(test: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end on a loop of its own, whose time begins at 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as loops:
        return loops.run(test())


def loop_timing(state: ExecutionState) -> Timing:
    """Return the running loop's time as the engine takes it; the execution was started when the loop's time began."""
    loop = asyncio.get_running_loop()
    began = state.started_at
    assert began is not None

    def now() -> datetime:
        return began + timedelta(seconds=loop.time())

    return Timing(sleep=asyncio.sleep, random=lambda: 1.0, monotonic=loop.time, now=now)
