"""The services under measurement: a broker, gateways and runners as processes, and how much processor time each used.

They log to files, as they would to a journal, so that reading their lines is no work of the client's.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.http_client import HttpClient
from tests.nats_server import NatsServer
from tests.processes import REPOSITORY, free_port

_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.05
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class NotReady(Exception):
    """A process ended, or did not become ready; the message has the end of its log."""


@dataclass(slots=True)
class Process:
    """One process of ours that runs."""

    name: str
    child: asyncio.subprocess.Process
    log_file: Path

    @classmethod
    async def start(cls, name: str, module: str, env: Mapping[str, str], directory: Path) -> "Process":
        """Start `python -m module` with `env` added to an environment without settings of ours."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("STAGECAST_")}
        log_file = directory / f"{name}.log"
        with log_file.open("ab") as log:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                module,
                cwd=directory,
                env={**clean, "STAGECAST_LOG_FORMAT": "json", "PYTHONPATH": str(REPOSITORY), **env},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )
        return cls(name, child, log_file)

    async def wait_logged(self, text: str) -> None:
        """Return when the text is in its log.

        Raises:
            NotReady: it ended before, or takes too long.
        """
        for _ in range(int(_READY_SECONDS / _LOOK_SECONDS)):
            if text in self.log_file.read_text():
                return
            if self.child.returncode is not None:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        raise NotReady(f"{self.name} does not say {text!r}: {self.log_file.read_text()[-2000:]}")

    async def stop(self) -> None:
        """End it in order, or kill it when it does not."""
        with suppress(ProcessLookupError):
            self.child.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.child.wait(), _STOP_SECONDS)
        except TimeoutError:
            self.child.kill()
            await self.child.wait()


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    """Return the memory that a process alone would give back: its proportional set size."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell the memory of processes")


@dataclass(slots=True)
class Services:
    """A broker, a gateway and a runner that work together."""

    directory: Path
    broker: NatsServer
    port: int
    gateway: Process
    runner: Process | None = None
    _open: list[HttpClient] = field(default_factory=list[HttpClient])

    @property
    def ws_url(self) -> str:
        """Where the gateway's WebSocket is."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def pids(self) -> dict[str, int]:
        """Return the process ids by part."""
        found = {"broker": self.broker.pid, "gateway": self.gateway.child.pid}
        return found if self.runner is None else {**found, "runner": self.runner.child.pid}

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time that each part has used."""
        return {part: cpu_seconds(pid) for part, pid in self.pids().items()}

    def http(self) -> HttpClient:
        """Return a connection to the gateway; it lasts as long as the services."""
        client = HttpClient("127.0.0.1", self.port)
        self._open.append(client)
        return client

    def close_clients(self) -> None:
        """Close what `http` opened."""
        for client in self._open:
            client.close()


@asynccontextmanager
async def running_services(
    directory: Path,
    *,
    sync_interval: str = "2m",
    env: Mapping[str, str] | None = None,
    has_runner: bool = True,
) -> AsyncGenerator[Services]:
    """Run a broker, a gateway and a runner as long as the context lasts, with the pipelines that are shipped.

    Args:
        directory: for all that they write.
        sync_interval: how long the broker keeps events from the disk; `always` is not at all.
        env: added to the settings of both services.
        has_runner: whether there is a runner.
    """
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(NatsServer.start(directory, sync_interval=sync_interval))
        port = free_port()
        settings = {
            "STAGECAST_NATS_URL": broker.url,
            "STAGECAST_PORT": str(port),
            "STAGECAST_OUTPUTS": str(directory / "outputs"),
            "STAGECAST_PIPELINES_DIR": str(REPOSITORY / "pipelines"),
            **(env or {}),
        }
        gateway = await Process.start("gateway", "gateway", settings, directory)
        stack.push_async_callback(gateway.stop)
        services = Services(directory, broker, port, gateway)
        if has_runner:
            services.runner = await Process.start("runner", "runner", settings, directory)
            stack.push_async_callback(services.runner.stop)
            await services.runner.wait_logged('"event": "ready"')
        await gateway.wait_logged('"event": "ready"')
        stack.callback(services.close_clients)
        yield services
