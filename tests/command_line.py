"""The `stagecast` command as a process of its own, as users have it."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WAIT_SECONDS = 40.0


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


async def start_command(
    *arguments: str,
    url: str = "",
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> asyncio.subprocess.Process:
    """Start `stagecast` with these arguments, without the settings of whoever runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STAGECAST_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "stagecast.commands", *arguments),
        env=clean | ({"STAGECAST_URL": url} if url else {}) | dict(env or {}),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else stdin,
        stdout=asyncio.subprocess.PIPE if stdout is None else stdout,
        stderr=asyncio.subprocess.PIPE if stderr is None else stderr,
        cwd=cwd,
    )


async def end_of(process: asyncio.subprocess.Process, text: bytes | None = None) -> Ended:
    """Wait for the end of a command, which is given `text` as its standard input."""
    async with asyncio.timeout(WAIT_SECONDS):
        out, err = await process.communicate(text)
    assert process.returncode is not None
    return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())


async def stagecast(*arguments: str, url: str = "", text: bytes | None = None, cwd: Path | None = None) -> Ended:
    """Run `stagecast` to its end."""
    stdin = None if text is None else asyncio.subprocess.PIPE
    return await end_of(await start_command(*arguments, url=url, stdin=stdin, cwd=cwd), text)
