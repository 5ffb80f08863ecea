"""How a watched execution is shown while it runs: a live table on a terminal, a line an event elsewhere, or nothing.

All of it goes to stderr: stdout is for the result. What is shown is in `stage_table` and `wording`.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from rich.console import Console
from rich.live import Live

from contracts.envelope import utc_now
from contracts.events import Event
from contracts.wire import format_timestamp
from stagecast.commands.keys import Actions, catch_keys
from stagecast.commands.run_view import RunView
from stagecast.commands.stage_table import render
from stagecast.commands.wording import word_event

_REFRESH_SECONDS = 0.125
FINISH_HINT = "Press f to finish: it stops here and keeps the best."


class Display(Protocol):
    """Shows what happens, as it happens."""

    def show(self, event: Event) -> None:
        """Take an event that the view has already taken in."""
        ...

    def say(self, sentence: str) -> None:
        """Tell something beside the events."""
        ...


class SilentDisplay:
    """Shows nothing: somebody wants the result alone."""

    def show(self, event: Event) -> None:
        """Show nothing."""

    def say(self, sentence: str) -> None:
        """Say nothing."""


class LineDisplay:
    """Writes one line an event, for files and pipes."""

    def show(self, event: Event) -> None:
        """Write the event's line, if it has one."""
        if (line := word_event(event)) is not None:
            self.say(f"{format_timestamp(event.at)} {line}")

    def say(self, sentence: str) -> None:
        """Write a line."""
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()


class LiveDisplay:
    """Draws the stage table again and again, so that its clocks run."""

    def __init__(self, view: RunView, live: Live, hint: str) -> None:
        self._view = view
        self._live = live
        self._hint = hint

    def show(self, event: Event) -> None:
        """Do nothing at once: the next refresh shows it, however many events come before."""

    def say(self, sentence: str) -> None:
        """Write a line above the table."""
        self._live.console.print(sentence, style="yellow", markup=False, highlight=False)

    def refresh(self) -> None:
        """Draw it as it stands now."""
        table = render(self._view, utc_now(), width=self._live.console.width, hint=self._hint)
        self._live.update(table, refresh=True)

    async def refresh_for_ever(self) -> None:
        """Draw it several times a second."""
        while True:
            self.refresh()
            await asyncio.sleep(_REFRESH_SECONDS)


@asynccontextmanager
async def open_display(view: RunView, *, is_silent: bool, keys: Actions) -> AsyncGenerator[Display, None]:
    """Choose the display that fits where stderr goes; the table stays on the screen when it is closed.

    Args:
        view: what is shown.
        is_silent: show nothing.
        keys: what keys do while the table is shown.
    """
    if is_silent:
        yield SilentDisplay()
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield LineDisplay()
        return
    with catch_keys(keys) as hears_keys, Live(console=console, auto_refresh=False) as live:
        display = LiveDisplay(view, live, FINISH_HINT if hears_keys else "")
        clock = asyncio.create_task(display.refresh_for_ever())
        try:
            yield display
        finally:
            clock.cancel()
            with suppress(asyncio.CancelledError):
                await clock
            display.refresh()
