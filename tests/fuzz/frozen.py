"""Clients that are frozen while they watch: to the gateway they look like peers that vanished without a word."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.fuzz.target import Target

_PROGRAM = """
import asyncio, json, sys
from websockets.asyncio.client import connect

async def watch():
    async with connect(sys.argv[1], max_size=None, proxy=None) as socket:
        for execution_id in sys.argv[2:]:
            await socket.send(json.dumps({"type": "subscribe", "executionId": execution_id}))
        await socket.recv()
        print("watching", flush=True)
        while True:
            await socket.recv()

asyncio.run(watch())
"""


@asynccontextmanager
async def frozen_client(target: Target) -> AsyncGenerator[None]:
    """Have one as long as the context lasts."""
    url = target.url.replace("http", "ws", 1) + "/ws"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PROGRAM, url, "*", *target.executions[-3:]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60.0):
            assert await process.stdout.readline() == b"watching\n"
        process.send_signal(signal.SIGSTOP)
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
