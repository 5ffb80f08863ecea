"""The services under test: gateways that come back on their ports, runners that are replaced by new ones."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.chaos import mutation, plugin
from tests.chaos.clock import elapse, now
from tests.chaos.pipelines import KEY_VARIABLE, write_pipelines
from tests.chaos.records import Freeze
from tests.processes import REPOSITORY, ServiceProcess, free_port

GATEWAYS = 2
RUNNERS = 3
LEASE_SECONDS = 4.0
FREEZE_SECONDS = LEASE_SECONDS * 1.75
"""Longer than the lease, so that another runner takes over while the frozen one still thinks that it holds a claim."""

_START_SECONDS = 180.0  # a runner that is started while the broker is away is ready when that is back
_STOP_SECONDS = 30.0
_SERVICES = ("gateway.__main__", "runner.__main__", "runner.models.providers")


async def compile_services(bytecode: Path) -> None:
    """Import once all that services import, so that those that are started under load need not compile it.

    Compiling the SDKs takes 7 s of a processor, loading them compiled 2 s; a fault costs a new process each time.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", f"import {', '.join(_SERVICES)}"),
        cwd=REPOSITORY,
        env={**os.environ, **bytecode_env(bytecode)},
    )
    if await process.wait() != 0:
        raise RuntimeError("the services cannot be imported")


def bytecode_env(directory: Path) -> dict[str, str]:
    """Return the environment in which Python keeps bytecode there, wherever it is set not to."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(directory)}


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """What a fleet is made of.

    Attributes:
        directory: pipelines, outputs and logs go below it.
        bytecode: where compiled modules are; see `compile_services`.
        replicas: of the broker's streams.
        mutation: how the runners are broken on purpose; empty for not at all.
    """

    directory: Path
    nats_url: str
    model_url: str
    bytecode: Path
    replicas: int = 1
    mutation: str = ""


@dataclass
class Fleet:
    """The processes of one variant."""

    settings: FleetSettings
    ports: list[int] = field(default_factory=list[int])
    gateways: dict[int, ServiceProcess] = field(default_factory=dict[int, ServiceProcess])
    runners: dict[str, ServiceProcess] = field(default_factory=dict[str, ServiceProcess])
    freezes: list[Freeze] = field(default_factory=list[Freeze])
    stubborn: list[str] = field(default_factory=list[str])
    _whole: set[str] = field(default_factory=set[str])
    _logs: dict[str, ServiceProcess] = field(default_factory=dict[str, ServiceProcess])
    _started: int = 0

    @classmethod
    @asynccontextmanager
    async def start(cls, settings: FleetSettings) -> AsyncGenerator[Self]:
        """Run gateways and runners until the block ends; what they logged is then in `logs`."""
        self = cls(settings)
        plugin.install(settings.directory / "plugin")
        mutation.install(settings.directory / "mutation")
        write_pipelines(settings.directory / "pipelines", settings.model_url)
        try:
            async with asyncio.TaskGroup() as group:
                for port in (free_port() for _ in range(GATEWAYS)):
                    self.ports.append(port)
                    group.create_task(self.start_gateway(port))
                for _ in range(RUNNERS):
                    group.create_task(self.start_runner())
            yield self
        finally:
            await self._stop()

    async def start_gateway(self, port: int) -> None:
        """Start the gateway of this port, and wait until it is ready."""
        gateway = await ServiceProcess.start("gateway", self._env({"STAGECAST_PORT": str(port)}), self._directory)
        self.gateways[port] = gateway
        self._note(f"gateway-{port}", gateway)
        await gateway.wait_for_event("ready", seconds=_START_SECONDS)
        self._whole.add(str(port))

    async def kill_gateway(self, chance: random.Random) -> bool:
        """Kill a gateway as a crash would, and start it again on its port."""
        port = self._take(map(str, self.gateways), chance)
        if port is None:
            return False
        await self.gateways[int(port)].kill()
        await self.start_gateway(int(port))
        return True

    async def start_runner(self) -> None:
        """Start a runner with a name of its own, and wait until it is ready."""
        self._started += 1
        name = f"runner-{self._started}"
        runner = await ServiceProcess.start("runner", self._runner_env(name), self._directory)
        self.runners[name] = runner
        self._note(name, runner)
        await runner.wait_for_event("ready", seconds=_START_SECONDS)
        self._whole.add(name)

    async def kill_runner(self, chance: random.Random) -> bool:
        """Kill a runner as a crash would, and start another one."""
        name = self._take(self.runners, chance)
        if name is None:
            return False
        await self.runners.pop(name).kill()
        await self.start_runner()
        return True

    async def drain_runner(self, chance: random.Random) -> bool:
        """Ask a runner to end, and start another one at once, as a rolling update does."""
        name = self._take(self.runners, chance)
        if name is None:
            return False
        async with asyncio.TaskGroup() as group:
            group.create_task(self.start_runner())
            group.create_task(self._end(self.runners.pop(name)))
        return True

    async def freeze_runner(self, chance: random.Random) -> bool:
        """Let a runner stand still for longer than its lease."""
        name = self._take(self.runners, chance)
        if name is None:
            return False
        begin = now()
        self.runners[name].signal(signal.SIGSTOP)
        try:
            await elapse(FREEZE_SECONDS)
        finally:
            self.freezes.append(Freeze(name, begin, now()))
            self.runners[name].signal(signal.SIGCONT)
        self._whole.add(name)
        return True

    def write_logs(self) -> None:
        """Write what each process has logged below `logs`."""
        directory = self._directory / "logs"
        directory.mkdir(exist_ok=True)
        for name, process in self._logs.items():
            (directory / f"{name}.jsonl").write_text(process.log_text() + "\n")

    @property
    def _directory(self) -> Path:
        return self.settings.directory

    def _take(self, names: Iterable[str], chance: random.Random) -> str | None:
        """Choose one to which nothing is being done, and keep the other faults away from it; None if there is none."""
        whole = sorted(self._whole.intersection(names))
        if not whole:
            return None
        name = chance.choice(whole)
        self._whole.remove(name)
        return name

    def _note(self, name: str, process: ServiceProcess) -> None:
        number = sum(1 for known in self._logs if known.startswith(f"{name}."))
        self._logs[f"{name}.{number}"] = process

    def _env(self, more: Mapping[str, str]) -> dict[str, str]:
        directory = self._directory
        return {
            "STAGECAST_NATS_URL": self.settings.nats_url,
            "STAGECAST_OUTPUTS": str(directory / "outputs"),
            "STAGECAST_PIPELINES_DIR": str(directory / "pipelines"),
            "STAGECAST_LOG_REPLICAS": str(self.settings.replicas),
            "STAGECAST_ACK_WAIT_SECONDS": str(LEASE_SECONDS),
            "PYTHONPATH": f"{REPOSITORY}:{directory / 'plugin'}",
            **bytecode_env(self.settings.bytecode),
            **more,
        }

    def _runner_env(self, name: str) -> dict[str, str]:
        more = {
            "STAGECAST_CONCURRENCY": "48",
            "STAGECAST_DRAIN_SECONDS": "2",
            "STAGECAST_MAX_LOST_CLAIMS": "20",
            plugin.RUNNER_NAME: name,
            plugin.MODEL_URL: self.settings.model_url,
            KEY_VARIABLE: name,
        }
        env = self._env(more)
        if self.settings.mutation:
            env["PYTHONPATH"] += f":{self._directory / 'mutation'}"
            env[mutation.VARIABLE] = self.settings.mutation
        return env

    async def _end(self, process: ServiceProcess) -> None:
        try:
            await process.stop(seconds=_STOP_SECONDS)
        except AssertionError:  # it was killed
            self.stubborn.extend(name for name, known in self._logs.items() if known is process)

    async def _stop(self) -> None:
        processes = [*self.gateways.values(), *self.runners.values()]
        for process in processes:
            process.signal(signal.SIGCONT)  # a frozen process cannot hear SIGTERM
        await asyncio.gather(*map(self._end, processes))
        self.write_logs()
