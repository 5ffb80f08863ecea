"""Single keys from the terminal, without Enter, while something is watched. What a key means is not decided here."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)

Actions = Mapping[str, Callable[[], None]]
"""What is called when a key is pressed."""


@contextmanager
def catch_keys(actions: Actions) -> Generator[bool]:
    """Call an action whenever its key is pressed; gives whether keys are listened to at all.

    They are where stdin is a terminal and we are in its foreground. The terminal is as it was before when this is left,
    however that happens; Ctrl-C and Ctrl-Z do what they always do.
    """
    if not sys.stdin.isatty() or not _is_in_foreground(sys.stdin.fileno()):
        yield False
        return
    keyboard = _Keyboard(sys.stdin.fileno(), actions)
    try:
        keyboard.open()
        yield True
    finally:
        keyboard.close()


class _Keyboard:
    """A terminal that gives each key as it is pressed, and does not show it."""

    def __init__(self, terminal: int, actions: Actions) -> None:
        self._terminal = terminal
        self._actions = actions
        self._before = termios.tcgetattr(terminal)
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        tty.setcbreak(self._terminal, termios.TCSADRAIN)
        self._loop.add_reader(self._terminal, self._read)
        for number in _ENDING_SIGNALS:
            self._loop.add_signal_handler(number, self._end, number)

    def close(self) -> None:
        self._loop.remove_reader(self._terminal)
        for number in _ENDING_SIGNALS:
            self._loop.remove_signal_handler(number)
        self._restore()

    def _read(self) -> None:
        pressed = os.read(self._terminal, 1024)
        if not pressed:
            self._loop.remove_reader(self._terminal)  # the terminal is gone
        for key in pressed.decode(errors="replace"):
            if key in self._actions:
                self._actions[key]()

    def _end(self, number: int) -> None:
        # These end a process without running its `finally`.
        self.close()
        os.kill(os.getpid(), number)

    def _restore(self) -> None:
        # In the background the shell has its own settings back, and we would be stopped for touching them.
        if _is_in_foreground(self._terminal):
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)


def _is_in_foreground(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False  # it is no terminal of ours, or gone
