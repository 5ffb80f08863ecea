"""Ctrl-C in two steps: the first press asks, the second leaves at once."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def catch_interrupts() -> Generator[asyncio.Event, None, None]:
    """Give an event that the first SIGINT sets; the second cancels the task that entered this context."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    asked = asyncio.Event()

    def interrupt() -> None:
        if not asked.is_set():
            asked.set()
        elif task is not None:
            task.cancel()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGINT)
