"""Real gateway and runner processes for tests, watched through their JSON logs: waiting is for a line, not for time."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

REPOSITORY = Path(__file__).parent.parent
START_SECONDS = 60.0  # generous: two cores may be busy with a model


def free_port() -> int:
    """Find a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServiceProcess:
    """One `python -m gateway` or `python -m runner`."""

    def __init__(self, module: str, process: asyncio.subprocess.Process) -> None:
        self.module = module
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._changed = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, module: str, env: Mapping[str, str], cwd: Path) -> "ServiceProcess":
        """Start the module with `env` added to a clean environment."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("STAGECAST_", "OPENAI_"))}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            cwd=cwd,
            env={**clean, "STAGECAST_LOG_FORMAT": "json", "PYTHONPATH": str(REPOSITORY), **env},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=16 * 1024 * 1024,
        )
        return cls(module, process)

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            try:
                line: dict[str, Any] = json.loads(raw)
            except ValueError:
                line = {"event": raw.decode(errors="replace").rstrip(), "level": "raw"}
            async with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        async with self._changed:
            self.lines.append({"event": "process ended", "level": "raw"})
            self._changed.notify_all()

    async def wait_for(self, accept: Callable[[dict[str, Any]], bool], *, seconds: float = START_SECONDS) -> None:
        """Wait until a log line is accepted; fail with the log when the process ends or time is up."""

        def is_there() -> bool:
            if any(accept(line) for line in self.lines):
                return True
            assert self.lines[-1:] != [{"event": "process ended", "level": "raw"}], self.log_text()
            return False

        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(is_there)
        except TimeoutError:
            raise AssertionError(f"{self.module} did not say so in {seconds} s:\n{self.log_text()}") from None

    async def wait_for_event(self, event: str, *, times: int = 1, seconds: float = START_SECONDS) -> None:
        """Wait until the event was logged, this many times in all."""

        def is_last(line: dict[str, Any]) -> bool:
            return line.get("event") == event and [seen.get("event") for seen in self.lines].count(event) >= times

        await self.wait_for(is_last, seconds=seconds)

    def log_text(self) -> str:
        """All it has logged."""
        return "\n".join(json.dumps(line) for line in self.lines)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.process.returncode is None:
            self.process.send_signal(number)

    async def kill(self) -> None:
        """Kill it as a crash would."""
        self.signal(signal.SIGKILL)
        await self.process.wait()
        await self._reader

    async def stop(self, *, seconds: float = 40.0) -> int:
        """Ask it to end and return its exit code; kill it when it does not."""
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                code = await self.process.wait()
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"{self.module} ignored SIGTERM:\n{self.log_text()}") from None
        await self._reader
        return code


@dataclass
class Stack:
    """Gateways and runners on one broker, with pipelines and outputs of their own."""

    nats_url: str
    directory: Path
    env: dict[str, str] = field(default_factory=dict[str, str])
    plugins: Path | None = None
    gateways: list[ServiceProcess] = field(default_factory=list[ServiceProcess])
    runners: list[ServiceProcess] = field(default_factory=list[ServiceProcess])
    urls: list[str] = field(default_factory=list[str])

    @property
    def url(self) -> str:
        """Address of the first gateway."""
        return self.urls[0]

    def ws_url(self, index: int = 0) -> str:
        """WebSocket address of a gateway."""
        return self.urls[index].replace("http://", "ws://") + "/ws"

    @property
    def outputs(self) -> Path:
        """Where results are saved."""
        return self.directory / "outputs"

    def _env(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        return {
            "STAGECAST_NATS_URL": self.nats_url,
            "STAGECAST_OUTPUTS": str(self.outputs),
            "STAGECAST_PIPELINES_DIR": str(self.directory / "pipelines"),
            **({} if self.plugins is None else {"PYTHONPATH": f"{REPOSITORY}:{self.plugins}"}),
            **self.env,
            **(extra or {}),
        }

    async def add_gateway(self, extra: Mapping[str, str] | None = None) -> ServiceProcess:
        """Start one more gateway and wait until it is ready; on a free port, if none is given."""
        env = {"STAGECAST_PORT": str(free_port()), **(extra or {})}
        gateway = await ServiceProcess.start("gateway", self._env(env), self.directory)
        self.gateways.append(gateway)
        self.urls.append(f"http://127.0.0.1:{env['STAGECAST_PORT']}")
        await gateway.wait_for_event("ready")
        return gateway

    async def add_runner(self, extra: Mapping[str, str] | None = None) -> ServiceProcess:
        """Start one more runner and wait until it is ready."""
        runner = await ServiceProcess.start("runner", self._env(extra), self.directory)
        self.runners.append(runner)
        await runner.wait_for_event("ready")
        return runner

    def http(self, index: int = 0) -> httpx.AsyncClient:
        """Make a client of one gateway; close it with `async with`."""
        return httpx.AsyncClient(base_url=self.urls[index], timeout=30.0)


@asynccontextmanager
async def running_stack(
    nats_url: str,
    directory: Path,
    *,
    gateways: int = 1,
    runners: int = 1,
    env: Mapping[str, str] | None = None,
    plugins: Path | None = None,
) -> AsyncGenerator[Stack]:
    """Start services on a broker, with a copy of the shipped pipelines, and stop them at the end.

    `plugins` is a directory with packages that are installed there and nowhere else.
    """
    pipelines = directory / "pipelines"
    pipelines.mkdir(parents=True, exist_ok=True)
    for file in (REPOSITORY / "pipelines").glob("*.yaml"):
        (pipelines / file.name).write_bytes(file.read_bytes())
    stack = Stack(nats_url, directory, dict(env or {}), plugins)
    async with AsyncExitStack() as cleanup:
        cleanup.push_async_callback(_stop_all, stack)
        async with asyncio.TaskGroup() as group:
            for _ in range(gateways):
                group.create_task(stack.add_gateway())
            for _ in range(runners):
                group.create_task(stack.add_runner())
        yield stack


async def _stop_all(stack: Stack) -> None:
    for process in [*stack.gateways, *stack.runners]:
        process.signal(signal.SIGCONT)  # a frozen process cannot hear SIGTERM
    await asyncio.gather(*(process.stop() for process in [*stack.gateways, *stack.runners]), return_exceptions=False)
