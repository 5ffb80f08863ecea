"""An event loop whose time passes only when nothing is left to do, and whose tasks belong to processes.

A process can be frozen or killed between any two of its steps, as the system does it: the code notices nothing, no
`finally` runs, and what it has sent goes on without it. What processes do is not here: `actors`.
"""

import asyncio
import contextvars
import selectors
from collections.abc import Callable
from functools import partial
from typing import Any

_STEP_SECONDS = 1e-6
_MAX_STEPS = 300_000  # far more than any interleaving takes; more is a loop that never waits


class Stuck(Exception):
    """Nothing will ever happen any more."""


class Process:
    """Tasks that live and die together: all those made under `started_in` its context.

    Attributes:
        countdown: how many steps it makes before `on_due` is called; None for no end.
        silent_since: when it was frozen or killed; None while it runs.
    """

    def __init__(self, name: str, on_due: Callable[["Process"], None]) -> None:
        self.name = name
        self.countdown: int | None = None
        self.silent_since: float | None = None
        self.is_dead = False
        self._on_due = on_due
        self._parked: list[_Step] = []

    def context(self) -> contextvars.Context:
        """Return a context: tasks made in it, and what they make, belong to the process."""
        context = contextvars.Context()
        context.run(_PROCESS.set, self)
        return context

    def may_step(self) -> bool:
        """Count down; False when the process does not run (any more)."""
        if self.countdown is not None and self.silent_since is None:
            self.countdown -= 1
            if self.countdown < 0:
                self.countdown = None
                self._on_due(self)
        return self.silent_since is None

    def freeze(self) -> None:
        """Let it do nothing until it is thawed; what happens to it meanwhile waits."""
        if self.silent_since is None:
            self.silent_since = asyncio.get_running_loop().time()

    def thaw(self) -> None:
        """Let it go on where it stood."""
        if not self.is_dead:
            self.silent_since = None
            parked, self._parked = self._parked, []
            for step in parked:
                step.repeat()

    def kill(self) -> None:
        """Let it never do anything again."""
        self.freeze()
        self.is_dead = True

    def bury(self) -> None:
        """Let even a dead one run, so that its tasks can be cancelled; only for the end of everything."""
        self.is_dead = False
        self.thaw()

    def park(self, step: "_Step") -> None:
        """Keep a step that was due while the process did not run."""
        self._parked.append(step)


_PROCESS: contextvars.ContextVar[Process] = contextvars.ContextVar("process")


def current_process() -> Process:
    """Return the process that the running task belongs to."""
    return _PROCESS.get()


class _Step:
    """One step of a process: a callback of the loop that runs only while its process does."""

    def __init__(self, process: Process, call: Callable[[], object], context: contextvars.Context) -> None:
        self.handle: asyncio.Handle | None = None
        self._process = process
        self._call = call
        self._context = context

    def __call__(self) -> None:
        """Run it, or keep it for later."""
        if self.handle is not None and self.handle.cancelled():
            return
        if self._process.may_step():
            self._call()
        else:
            self._process.park(self)

    def repeat(self) -> None:
        """Let it be due again."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.call_ungated(self, self._context)


class _Clock(selectors.SelectSelector):
    """Instead of waiting for sockets, of which there are none, it moves time on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return at once, `timeout` seconds later."""
        if timeout is None:
            raise Stuck("every task waits for another one")
        self.now += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop. `time` begins at 0 and moves from timer to timer.

    Attributes:
        is_stuck: it was stopped, because too much happened.
    """

    def __init__(self) -> None:
        self.is_stuck = False
        self._clock = _Clock()
        self._steps = 0
        super().__init__(self._clock)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._clock.now

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Call it with the next round, if its process runs then."""
        self._count_step()
        context = contextvars.copy_context() if context is None else context
        process = context.get(_PROCESS)
        if process is None:
            return super().call_soon(callback, *args, context=context)
        step = _Step(process, partial(callback, *args), context)
        step.handle = super().call_soon(step, context=context)
        return step.handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """Call it at a time, or, if its process does not run then, as soon as it does."""
        context = contextvars.copy_context() if context is None else context
        process = context.get(_PROCESS)
        if process is None:
            return super().call_at(when, callback, *args, context=context)
        step = _Step(process, partial(callback, *args), context)
        handle = super().call_at(when, step, context=context)
        step.handle = handle
        return handle

    def _count_step(self) -> None:
        # Computing takes time, too; else whoever waits for a moment that rounding puts just ahead would wait for ever.
        self._clock.now += _STEP_SECONDS
        self._steps += 1
        if self._steps > _MAX_STEPS and not self.is_stuck:
            self.is_stuck = True
            self.stop()

    def call_ungated(self, callback: Callable[[], object], context: contextvars.Context) -> None:
        """Call something that looks after its process by itself."""
        super().call_soon(callback, context=context)


def ignore_destroyed_tasks(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """Say nothing: an exception handler for loops whose processes are killed in the midst."""
