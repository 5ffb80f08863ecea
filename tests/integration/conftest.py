"""The log in each of its implementations."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.integration.logs import LogPair, jetstream_pair, memory_pair
from tests.nats_server import NatsServer


@pytest.fixture(params=["jetstream", "memory"])
async def logs(request: pytest.FixtureRequest, shared_nats: NatsServer) -> AsyncGenerator[LogPair]:
    """A log that other tests use too: for what concerns only the test's own executions."""
    if request.param == "memory":
        async with memory_pair() as pair:
            yield pair
    else:
        async with jetstream_pair(shared_nats.url) as pair:
            yield pair


@pytest.fixture(params=["jetstream", "memory"])
async def empty_logs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[LogPair]:
    """A log of the test's own: for the queue and the list."""
    if request.param == "memory":
        async with memory_pair() as pair:
            yield pair
    else:
        async with NatsServer.start(tmp_path) as server, jetstream_pair(server.url) as pair:
            yield pair


@pytest.fixture
async def own_nats(tmp_path: Path) -> AsyncGenerator[NatsServer]:
    """A broker for a test that stops or kills what others would share."""
    (tmp_path / "nats").mkdir()
    async with NatsServer.start(tmp_path / "nats") as server:
        yield server
