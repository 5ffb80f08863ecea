"""(a) From the submission to the terminal event over `/ws`, against the same pipeline as plain asyncio tasks.

`echo-v1` with six stages, whose functions do nothing: what is measured is the service. Three sides take turns: plain
tasks in one process (`bench.plain_runs`), the service, and the service on a broker that waits for the disk each time.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.http_client import HttpClient
from bench.outcome import Figure, Outcome
from bench.services import Services, running_services
from bench.watcher import TERMINAL, Watcher

KEY = "a"
IN_FLIGHT = 50
_ROUNDS = 5
_SECONDS = 4.0
_ALONE = 200  # runs one after the other
_SUBMISSION = {"input": "hello"}
_PATH = "/api/pipelines/echo-v1/run"
_SETTINGS = {
    "STAGECAST_CONCURRENCY": "64",  # the default of 16 would make most of 50 wait
    "STAGECAST_WS_MESSAGES_PER_SECOND": "100000",
}


@dataclass(frozen=True, slots=True)
class Client:
    """One client: a connection to submit on, and one to watch."""

    http: HttpClient
    watcher: Watcher

    async def run(self) -> float:
        """Run to the end that is told; return the seconds it took."""
        began = time.perf_counter()
        started = await self.http.post(_PATH, _SUBMISSION)
        await self.watcher.subscribe(started["executionId"])
        await self.watcher.receive_until(TERMINAL)
        return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class Side:
    """The service with the clients that load it."""

    services: Services
    clients: list[Client]

    @classmethod
    async def of(cls, services: Services) -> "Side":
        """Connect the clients."""
        return cls(
            services, [Client(services.http(), await Watcher.connect(services.ws_url)) for _ in range(IN_FLIGHT)]
        )

    async def measure(self) -> dict[str, Any]:
        """Measure one by one, then side by side, with the processor time that each part used for a run."""
        alone = sorted([await self.clients[0].run() for _ in range(_ALONE)])
        before, own = self.services.cpu_seconds(), time.process_time()
        began = time.perf_counter()
        count = sum(await asyncio.gather(*(_run_until(client, began + _SECONDS) for client in self.clients)))
        took = time.perf_counter() - began
        used = {part: after - before[part] for part, after in self.services.cpu_seconds().items()}
        used["client"] = time.process_time() - own
        return {
            "p50_ms": alone[len(alone) // 2] * 1000,
            "p99_ms": alone[len(alone) * 99 // 100] * 1000,
            "runs_per_second": count / took,
            "cpu_us_per_run": {part: round(seconds / count * 1e6) for part, seconds in used.items()},
        }

    async def close(self) -> None:
        """Disconnect the clients."""
        for client in self.clients:
            await client.watcher.close()


async def measure() -> Outcome:
    """Measure all three sides."""
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as directory:
        async with AsyncExitStack() as stack:
            sides: dict[str, Side] = {}
            for name, sync in (("lazy", "2m"), ("always", "always")):
                services = await stack.enter_async_context(
                    running_services(Path(directory) / name, sync_interval=sync, env=_SETTINGS)
                )
                sides[name] = await Side.of(services)
                stack.push_async_callback(sides[name].close)
                await sides[name].measure()  # warms up
            for _ in range(_ROUNDS):
                measured: dict[str, Any] = {"plain": await _plain()}
                for name, side in sides.items():
                    measured[name] = await side.measure()
                rounds.append(measured)
    return _outcome(rounds)


async def _run_until(client: Client, end: float) -> int:
    count = 0
    while time.perf_counter() < end:
        await client.run()
        count += 1
    return count


async def _plain() -> dict[str, float]:
    command = ("-m", "bench.plain_runs", "--seconds", str(_SECONDS), "--in-flight", str(IN_FLIGHT))
    child = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await child.communicate()
    measured: dict[str, float] = json.loads(printed)
    return measured


def _outcome(rounds: list[dict[str, Any]]) -> Outcome:
    def median(side: str, field: str) -> float:
        return statistics.median(one[side][field] for one in rounds)

    def ratio(side: str) -> float:
        return statistics.median(one[side]["runs_per_second"] / one["plain"]["runs_per_second"] for one in rounds)

    figures = [
        Figure("one by one, p50", median("lazy", "p50_ms"), "ms", 8.0, "at most"),
        Figure("one by one, p99", median("lazy", "p99_ms"), "ms"),
        Figure(f"{IN_FLIGHT} in flight", median("lazy", "runs_per_second"), "runs/s"),
        Figure("… of plain tasks", ratio("lazy"), "times", 0.33),
        Figure("one by one, disk each time, p50", median("always", "p50_ms"), "ms"),
        Figure(f"{IN_FLIGHT} in flight, disk each time", median("always", "runs_per_second"), "runs/s"),
        Figure("… of plain tasks", ratio("always"), "times", 0.2),
        Figure("plain tasks in one process", median("plain", "runs_per_second"), "runs/s"),
        # With less, others used the machine, and what is compared above is how the kernel shared it out.
        Figure("… processors that they had", _share(rounds), "", 0.9),
        Figure("processors that the service and its client had", _busy(rounds), ""),
        *(
            Figure(f"processor time of a run, {part}", _used(rounds, part), "µs")
            for part in ("gateway", "runner", "broker", "client")
        ),
    ]
    title = "Submit → terminal event over `/ws`, `echo-v1` with six stages, one gateway, one runner, one broker"
    return Outcome(KEY, title, figures, rounds)


def _share(rounds: list[dict[str, Any]]) -> float:
    plain: list[Mapping[str, float]] = [one["plain"] for one in rounds]
    return statistics.median(one["runs_per_second"] * one["cpu_us_per_run"] / 1e6 for one in plain)


def _busy(rounds: list[dict[str, Any]]) -> float:
    ours: list[dict[str, Any]] = [one["lazy"] for one in rounds]
    return statistics.median(sum(one["cpu_us_per_run"].values()) / 1e6 * one["runs_per_second"] for one in ours)


def _used(rounds: list[dict[str, Any]], part: str) -> float:
    parts: list[Mapping[str, float]] = [one["lazy"]["cpu_us_per_run"] for one in rounds]
    return statistics.median(used[part] for used in parts)
