"""A pseudo-terminal with a process in its foreground, as a person at a keyboard has it."""

import asyncio
import fcntl
import os
import termios
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.command_line import WAIT_SECONDS


@dataclass
class Terminal:
    """What a person sees and types.

    Attributes:
        shown: everything that was written to it.
    """

    controller: int
    terminal: int
    shown: bytearray = field(default_factory=bytearray)
    _has_more: asyncio.Event = field(default_factory=asyncio.Event)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.controller, keys.encode())

    def settings(self) -> list[Any]:
        """How it is set, as `termios.tcgetattr` has it."""
        return termios.tcgetattr(self.terminal)

    @property
    def shows_keys_at_once(self) -> bool:
        """Whether a program gets each key as it is pressed."""
        return not self.settings()[3] & termios.ICANON

    async def until_shown(self, text: str) -> None:
        """Wait until this was written."""
        async with asyncio.timeout(WAIT_SECONDS):
            while text.encode() not in self.shown:
                self._has_more.clear()
                await self._has_more.wait()

    async def start(self, *command: str, env: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
        """Start a process in its foreground; its stdout is a pipe."""
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=self.terminal,
            stdout=asyncio.subprocess.PIPE,
            stderr=self.terminal,
            env={**os.environ, **(env or {})},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )

    def read(self) -> None:
        """Take what was written."""
        try:
            self.shown.extend(os.read(self.controller, 65536))
        except OSError:
            asyncio.get_running_loop().remove_reader(self.controller)
        self._has_more.set()


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@asynccontextmanager
async def open_terminal() -> AsyncGenerator[Terminal]:
    """Open a terminal for as long as the context lasts."""
    terminal = Terminal(*os.openpty())
    loop = asyncio.get_running_loop()
    loop.add_reader(terminal.controller, terminal.read)
    try:
        yield terminal
    finally:
        loop.remove_reader(terminal.controller)
        os.close(terminal.controller)
        os.close(terminal.terminal)
