"""Keys of a real terminal, pressed by the other end of it."""

import asyncio
import signal
import sys

import pytest

from tests.command_line import WAIT_SECONDS
from tests.terminal import open_terminal

PROGRAM = """
import asyncio, sys
from stagecast.commands.keys import catch_keys

async def main():
    pressed = asyncio.Event()
    with catch_keys({"f": pressed.set}) as hears_keys:
        sys.stderr.write(f"hears keys: {hears_keys};")
        sys.stderr.flush()
        if hears_keys:
            await pressed.wait()
        END
    sys.stderr.write("left;")

asyncio.run(main())
"""


def program(end: str = "pass") -> list[str]:
    return [sys.executable, "-c", PROGRAM.replace("END", end)]


async def test_a_key_is_heard_without_enter_and_the_terminal_is_as_it_was_afterwards() -> None:
    async with open_terminal() as terminal:
        before = terminal.settings()
        process = await terminal.start(*program())
        await terminal.until_shown("hears keys: True")
        assert terminal.shows_keys_at_once
        terminal.press("xyf")
        await asyncio.wait_for(process.wait(), WAIT_SECONDS)
        assert terminal.settings() == before
        assert b"left;" in terminal.shown
        assert b"xyf" not in terminal.shown


@pytest.mark.parametrize("end", ["raise ValueError", "raise KeyboardInterrupt", "sys.exit(3)"])
async def test_the_terminal_is_as_it_was_however_it_is_left(end: str) -> None:
    async with open_terminal() as terminal:
        before = terminal.settings()
        process = await terminal.start(*program(end))
        await terminal.until_shown("hears keys: True")
        terminal.press("f")
        await asyncio.wait_for(process.wait(), WAIT_SECONDS)
        assert process.returncode != 0
        assert terminal.settings() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_the_terminal_is_as_it_was_after_a_signal_that_ends_the_process(number: signal.Signals) -> None:
    async with open_terminal() as terminal:
        before = terminal.settings()
        process = await terminal.start(*program())
        await terminal.until_shown("hears keys: True")
        process.send_signal(number)
        await asyncio.wait_for(process.wait(), WAIT_SECONDS)
        assert process.returncode == -number
        assert terminal.settings() == before


async def test_ctrl_c_is_still_a_signal() -> None:
    async with open_terminal() as terminal:
        process = await terminal.start(*program())
        await terminal.until_shown("hears keys: True")
        terminal.press("\x03")
        await asyncio.wait_for(process.wait(), WAIT_SECONDS)
        assert b"KeyboardInterrupt" in terminal.shown


async def test_without_a_terminal_no_keys_are_heard() -> None:
    process = await asyncio.create_subprocess_exec(
        *program(), stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(process.communicate(), WAIT_SECONDS)
    assert told == b"hears keys: False;left;"


async def test_in_the_background_the_terminal_is_left_alone() -> None:
    async with open_terminal() as terminal:
        before = terminal.settings()
        # A shell's child in a process group of its own is in the background until the shell says otherwise.
        shell = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], process_group=0).returncode)"
        process = await terminal.start(sys.executable, "-c", shell, *program())
        assert await asyncio.wait_for(process.wait(), WAIT_SECONDS) == 0
        assert b"hears keys: False;left;" in terminal.shown
        assert terminal.settings() == before
