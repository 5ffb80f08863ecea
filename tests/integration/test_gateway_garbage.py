"""Connections that are over leave nothing that only the garbage collector finds: it looks seldom, and they are many."""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stagecast.memory_log import MemoryLog
from tests.conformance.case import CLOSE, PING, TEXT, frame
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.raw_connection import UPGRADE, RawConnection, raw_connection

CONNECTIONS = 20
WAIT_SECONDS = 30.0
SERVER_PACKAGES = ("gateway.", "stagecast.", "contracts.", "uvicorn.", "starlette.", "httptools.")


async def close(connection: RawConnection) -> None:
    await connection.upgrade()
    await connection.send(frame(PING) + frame(CLOSE, (1000).to_bytes(2, "big")))
    await connection.read_to_end()


async def send_garbage(connection: RawConnection) -> None:
    await connection.upgrade()
    await connection.send(frame(TEXT, b"\xff"))
    await connection.read_to_end()


async def vanish(connection: RawConnection) -> None:
    await connection.upgrade()
    connection.reset()


async def be_refused(connection: RawConnection) -> None:
    await connection.send(UPGRADE.replace(b"Version: 13", b"Version: 8"))
    await connection.read_to_end()


async def ask_once(connection: RawConnection) -> None:
    await connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    await connection.read_to_end()


async def gone(gateway: RunningGateway) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while gateway.connection_count or gateway.server.server_state.tasks:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


@contextmanager
def garbage() -> Generator[Counter[str]]:
    """Count, at the end of the context, what of the server's only the collector has found since its beginning."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        kinds = (f"{type(each).__module__}.{type(each).__name__}" for each in gc.garbage)
        found.update(kind for kind in kinds if kind.startswith(SERVER_PACKAGES))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("visit", [close, send_garbage, vanish, be_refused, ask_once])
async def test_a_connection_that_is_over_is_freed_at_once(
    tmp_path: Path, visit: Callable[[RawConnection], Awaitable[None]]
) -> None:
    async with running_gateway(MemoryLog(), tmp_path) as gateway:
        url = gateway.server.address()
        async with raw_connection(url) as connection:
            await visit(connection)  # what is loaded at the first time is no garbage of it
        await gone(gateway)
        with garbage() as found:
            for _ in range(CONNECTIONS):
                async with raw_connection(url) as connection:
                    await visit(connection)
            await gone(gateway)
        assert found == {}


async def test_a_subscriber_that_has_left_is_freed_at_once(tmp_path: Path, shared_nats: NatsServer) -> None:
    async with jetstream_log(shared_nats.url) as log, running_gateway(log, tmp_path) as gateway:
        ended, open_id = Example(), await gateway.run({"input": "x"})
        for event in (ended.queued(), ended.started(), ended.completed(2)):
            await log.append(event)

        async def watch() -> None:
            async with gateway.socket() as socket:
                await socket.subscribe(open_id)
                await socket.subscribe(ended.id)
                await socket.until_end(ended.id)
            await gateway.http.get(f"/api/executions/{ended.id}/events")

        async def all_gone() -> None:
            async with asyncio.timeout(WAIT_SECONDS):
                # One is kept open by the client of HTTP.
                while gateway.watched_count or gateway.connection_count > 1:  # noqa: ASYNC110 - there is no event for it
                    await asyncio.sleep(0.01)

        await watch()
        await all_gone()
        with garbage() as found:
            for _ in range(CONNECTIONS):
                await watch()
            await all_gone()
        assert found == {}
