"""Holds running services against the gateway's own OpenAPI document, with schemathesis."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack

_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
_SETTINGS = {"STAGECAST_MAX_WAIT_SECONDS": "1"}  # random preferences would else wait for a minute
_MORE_SECONDS = 300.0  # for a run to end after its own time is up


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of it.

    Attributes:
        text: what schemathesis printed.
        report: what it wrote about its run, as JSON.
        faults: what the gateways logged as errors.
    """

    exit_code: int
    text: str
    report: dict[str, Any]
    faults: list[dict[str, Any]]

    @property
    def is_clean(self) -> bool:
        """Whether nothing at all was found, and everything was looked at."""
        phases = {phase["status"] for phase in self.report["phases"].values()}
        operations = self.report["operations"]
        return (
            self.exit_code == 0
            and not self.faults
            and phases == {"success"}
            and operations["tested"] == operations["total"]
        )

    def accepted(self, operation: str) -> int:
        """Return how many requests of an operation, such as `GET /readyz`, were answered with what they asked for."""
        return sum(phase["accepted"] for phase in self.report["valid_rates"][operation].values())


async def examine(directory: Path, options: Sequence[str], *, seconds: float = 0.0) -> Findings:
    """Start a broker, a gateway and a runner, and look at every operation in every phase.

    Args:
        directory: for data and logs.
        options: of `schemathesis run`, besides those that are always the same.
        seconds: how long it may look, at least.
    """
    (directory / "nats").mkdir(parents=True)
    async with (
        NatsServer.start(directory / "nats") as nats,
        running_stack(nats.url, directory / "stack", env=_SETTINGS) as stack,
    ):
        await _run_some(stack)
        report = directory / "report.json"
        budget = ["--max-time", str(int(seconds))] if seconds else []
        async with asyncio.timeout(seconds + _MORE_SECONDS):
            exit_code, text = await _schemathesis(stack, directory, report, [*budget, *options])
    faults = [line for gateway in stack.gateways for line in gateway.lines if line["level"] in {"error", "critical"}]
    return Findings(exit_code, text, json.loads(report.read_text()), faults)


async def _run_some(stack: Stack) -> None:
    """Make executions and results that can be found."""
    async with stack.http() as http:
        for options in ({"stages": 1}, {"fail_stage": 2}, {"delay_ms": 600_000}):
            body = {"input": "x", "options": options}
            reply = await http.post("/api/pipelines/echo-v1/run", json=body)
            assert reply.status_code == 200, reply.text
        await _until_saved(http, count=2)


async def _until_saved(http: httpx.AsyncClient, *, count: int) -> None:
    async with asyncio.timeout(60.0):
        while len((await http.get("/api/outputs")).json()) < count:
            await http.post("/api/pipelines/echo-v1/run", json={"input": "x"}, headers={"Prefer": "wait=1"})


async def _schemathesis(stack: Stack, directory: Path, report: Path, options: Sequence[str]) -> tuple[int, str]:
    always = ["--checks", "all", "--no-color", "--generation-database", "none", "--continue-on-failure"]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(_CONFIGURATION), "run", f"{stack.url}/openapi.json"),
        *(*always, "--report", "json", "--report-json-path", str(report), *options),
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        text, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, text.decode()
