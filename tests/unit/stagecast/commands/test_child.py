"""Child processes, real ones."""

import asyncio
import os
import sys

import pytest

from stagecast.commands.child import Child

WAIT_SECONDS = 20.0
STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); signal.pause()"
GRANDCHILD = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]); p.wait()"


class Lines:
    """Collects what a child writes, and lets a test wait for the first line."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.first = asyncio.Event()

    def __call__(self, name: str, line: str) -> None:
        self.seen.append((name, line))
        self.first.set()


async def start(script: str, lines: Lines) -> Child:
    return await Child.start("it", (sys.executable, "-c", script), dict(os.environ), lines)


async def test_both_outputs_are_read_line_by_line():
    lines = Lines()
    child = await start("import sys; print('out', flush=True); print('err \\xff', file=sys.stderr)", lines)
    assert await child.wait() == 0
    assert lines.seen == [("it", "out"), ("it", "err \xff")]


async def test_a_line_beyond_measure_is_dropped_and_reading_goes_on():
    lines = Lines()
    child = await start("print('x' * 3_000_000, flush=True); print('after')", lines)
    async with asyncio.timeout(WAIT_SECONDS):
        assert await child.wait() == 0
    assert lines.seen[-1] == ("it", "after")


async def test_the_end_of_a_process_is_described_with_its_reason():
    child = await start("raise SystemExit('the disk is full')", Lines())
    await child.wait()
    assert child.describe_end() == "it ended with exit code 1: the disk is full"
    killed = await start("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", Lines())
    assert await killed.wait() == -9
    assert killed.describe_end() == "it was killed by SIGKILL."


async def test_stopping_asks_first_and_kills_who_does_not_listen():
    polite, stubborn = Lines(), Lines()
    script = "import signal, sys; signal.signal(15, lambda *_: sys.exit(3)); print('on', flush=True); signal.pause()"
    first, second = await start(script, polite), await start(STUBBORN, stubborn)
    async with asyncio.timeout(WAIT_SECONDS):
        await asyncio.gather(polite.first.wait(), stubborn.first.wait())
        await asyncio.gather(first.stop(WAIT_SECONDS), second.stop(0.2))
        assert (await first.wait(), await second.wait()) == (3, -9)


@pytest.mark.skipif(sys.platform != "linux", reason="needs pidfd")
async def test_killing_takes_along_what_the_child_started():
    lines = Lines()
    child = await start(GRANDCHILD, lines)
    async with asyncio.timeout(WAIT_SECONDS):
        await lines.first.wait()
        child.kill()
        await child._reading  # pyright: ignore[reportPrivateUsage]  # its pipe ends when the last holder is gone
    assert child.has_ended or await child.wait() == -9


async def test_stopping_what_is_over_does_nothing():
    child = await start("pass", Lines())
    await child.wait()
    await child.stop(WAIT_SECONDS)
    child.kill()
