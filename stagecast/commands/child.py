"""One child process of `stagecast up`: it cannot outlive us, its log is read, it is ended in order or at once."""

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from stagecast.commands.log_lines import find_reason

_LONGEST_LINE = 1024 * 1024  # bytes; a longer one is dropped
_KEPT_LINES = 20
_LAST_WORDS_SECONDS = 2.0  # for the rest of its log, when something else still holds the pipe
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class Child:
    """A running process.

    Attributes:
        name: what it is called in our output.
    """

    def __init__(self, name: str, process: Process, on_line: Callable[[str, str], None]) -> None:
        self.name = name
        self._process = process
        self._on_line = on_line
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], env: Mapping[str, str], on_line: Callable[[str, str], None]
    ) -> "Child":
        """Start a process in a group of its own, where a terminal's Ctrl-C does not reach it.

        Args:
            name: what it is called in our output.
            command: the program and its arguments.
            env: its whole environment.
            on_line: called with the name and each line that it writes.

        Raises:
            OSError: the program cannot be run.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            env=env,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            limit=_LONGEST_LINE,
            process_group=0,
            preexec_fn=_end_with_parent() if sys.platform == "linux" else None,
        )
        return cls(name, process, on_line)

    @property
    def pid(self) -> int:
        """Its process id, which is its group's too."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Wait for its end and its last words; return the exit code, negative for a signal."""
        code = await self._process.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reading), _LAST_WORDS_SECONDS)
        return code

    def describe_end(self) -> str:
        """Say how it ended and, as far as it told, why."""
        code = self._process.returncode
        how = f"ended with exit code {code}"
        if code is not None and code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        reason = find_reason(list(self._lines))
        return f"{self.name} {how}" + (f": {reason}" if reason else ".")

    async def stop(self, seconds: float) -> None:
        """Ask it to end, and kill it when it has not after so many seconds."""
        if not self.has_ended:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), seconds)
        self.kill()
        await self.wait()

    def kill(self) -> None:
        """End it and whatever it started in its group, now. Does nothing when all of that is over."""
        with suppress(ProcessLookupError, PermissionError):  # the latter from macOS, for a group of zombies
            os.killpg(self.pid, signal.SIGKILL)

    async def _read(self) -> None:
        stream = self._process.stdout
        while stream is not None:
            try:
                raw = await stream.readline()
            except ValueError:  # too long; asyncio has dropped it
                continue
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip()
            self._lines.append(line)
            self._on_line(self.name, line)


def _end_with_parent() -> Callable[[], None]:
    """Make what a child calls before it becomes the program: the kernel then kills it when this process dies.

    So nothing is left behind even when `up` itself is killed and can do nothing any more. Neither a pipe nor a watcher
    would do: nats-server watches no pipe, and a watcher can be killed too. SIGKILL, because nobody is left to wait for
    an end in order, and the services are built to lose nothing by it. The signal is tied to the thread that starts the
    child: that must be one that lives as long as the process, as the event loop's does.
    """
    libc = ctypes.CDLL(None, use_errno=True)  # loaded here: between fork and exec as little as possible may happen
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel knew
            os._exit(1)

    return arrange
