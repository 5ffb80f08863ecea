"""Commands run to their end, within a time, with their output told when they fail."""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from tests.processes import REPOSITORY

COMMAND_SECONDS = 120.0


class CommandFailed(Exception):
    """A command ended otherwise than with 0, or not in time; its output is the message."""


async def run(
    *command: str,
    seconds: float = COMMAND_SECONDS,
    env: Mapping[str, str] | None = None,
    cwd: Path = REPOSITORY,
) -> str:
    """Run a command to its end, without input, and return its standard output.

    Raises:
        CommandFailed: it did not end with 0, or not within the time.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise CommandFailed(f"{' '.join(command)}: no end within {seconds:.0f} s") from None
    if process.returncode != 0:
        said = "\n".join(text.decode(errors="replace").strip()[-3000:] for text in (out, err) if text)
        raise CommandFailed(f"{' '.join(command)}: exit {process.returncode}\n{said}")
    return out.decode(errors="replace")
