"""A gateway for tests: the real application under the real uvicorn on a loopback port, in the test's own event loop."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

from contracts.envelope import utc_now
from contracts.presence import RunnerPresence
from gateway.__main__ import GatewayServer, server_config
from gateway.app import Gateway, create_gateway
from gateway.lifecycle import Lifecycle
from gateway.settings import GatewaySettings
from stagecast.catalog import Catalog
from stagecast.functions import FunctionContext, FunctionRegistry
from stagecast.log import ExecutionLog
from stagecast.outputs import OutputStore
from tests.sockets import Socket

EXAMPLE_FILE = """
id: example-v1
name: Example
version: 2.1.0
description: Two steps.
inputs:
  primary: text
  text: {type: string, maxLength: 100000}
  times: {type: integer, default: 1}
stages:
  - {id: first, name: First, call: echo}
  - {id: second, name: Second, call: echo}
"""
PAID_FILE = """
id: paid-v1
name: Paid
models: {strong: {use: "openai:gpt-5-mini"}}
stages:
  - {id: ask, name: Ask, model: strong, prompt: {user: "{{ inputs.input }}"}}
"""
BROKEN_FILE = """
id: broken-v1
name: Broken
stages:
  - {id: first, name: First, call: echo, promt: nothing}
"""
START_SECONDS = 60.0


async def echo(_: FunctionContext, **arguments: Any) -> Any:
    """Stand for a registered function; nobody calls it here."""
    return arguments


class KnownRunners:
    """A directory of runners that the test wrote itself."""

    def __init__(self, *keys: Sequence[str]) -> None:
        self.asked = 0
        self._runners = [
            RunnerPresence(name=f"runner-{number}", version="1", concurrency=1, keys=tuple(names), started_at=utc_now())
            for number, names in enumerate(keys)
        ]

    async def present(self) -> Sequence[RunnerPresence]:
        """Return them."""
        self.asked += 1
        return self._runners


class _QuietServer(GatewayServer):
    """Leaves the signals to the test run."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@dataclass(frozen=True)
class RunningGateway:
    """A gateway that serves.

    Attributes:
        http: a client of it.
    """

    gateway: Gateway
    server: GatewayServer
    http: httpx.AsyncClient
    outputs: OutputStore

    @property
    def watched_count(self) -> int:
        """Executions that it watches at the broker."""
        return self.gateway.relay.watched_count

    @property
    def lifecycle(self) -> Lifecycle:
        """Where it hears the life cycles of all executions."""
        return self.gateway.lifecycle

    @property
    def connection_count(self) -> int:
        """Connections that it holds, HTTP ones included."""
        return len(self.server.server_state.connections)

    async def run(self, body: object, pipeline: str = "example-v1", headers: Mapping[str, str] | None = None) -> str:
        """Submit and return the execution's id."""
        reply = await self.http.post(f"/api/pipelines/{pipeline}/run", json=body, headers=headers)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["executionId"])

    @asynccontextmanager
    async def socket(self, **options: Any) -> AsyncGenerator[Socket]:
        """Connect to `/ws`."""
        async with self.connection(**options) as connection:
            yield Socket(connection)

    def connection(self, **options: Any) -> connect:
        """Connect to `/ws` with the library's own options."""
        return self.connection_to(f"{self.server.address().replace('http', 'ws', 1)}/ws", **options)

    def connection_to(self, url: str, **options: Any) -> connect:
        """Connect to an address of one's own making."""
        return connect(url, max_size=64 * 1024 * 1024, proxy=None, **options)


def write_pipelines(directory: Path) -> Path:
    """Write the test's pipeline files."""
    pipelines = directory / "pipelines"
    pipelines.mkdir(exist_ok=True)
    for name, text in {"example": EXAMPLE_FILE, "paid": PAID_FILE, "broken": BROKEN_FILE}.items():
        (pipelines / f"{name}-v1.yaml").write_text(text)
    return pipelines


@asynccontextmanager
async def running_gateway(
    log: ExecutionLog, directory: Path, *, runners: KnownRunners | None = None, **settings: Any
) -> AsyncGenerator[RunningGateway]:
    """Serve as long as the context lasts; at its end nothing is watched any more.

    Args:
        log: where executions are.
        directory: for pipelines and outputs.
        runners: who is alive.
        settings: of the gateway.
    """
    given: dict[str, Any] = {"port": 0, "outputs": str(directory / "outputs"), **settings}
    chosen = GatewaySettings(**given)
    outputs = OutputStore.open(chosen.outputs)
    catalog = Catalog(write_pipelines(directory), FunctionRegistry({"echo": echo}))
    gateway = create_gateway(chosen, log=log, outputs=outputs, catalog=catalog, runners=runners)
    server = _QuietServer(server_config(gateway, chosen), gateway)
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(START_SECONDS):
            await server.listening.wait()
        async with httpx.AsyncClient(base_url=server.address(), trust_env=False, timeout=30.0) as http:
            yield RunningGateway(gateway, server, http, outputs)
    finally:
        server.should_exit = True
        await serving
    assert gateway.relay.watched_count == 0
    assert len(gateway.sockets) == 0
