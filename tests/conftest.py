"""Fixtures that more than one kind of test needs: real brokers."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from tests.nats_server import NatsServer

settings.register_profile("thorough", max_examples=20_000)


@pytest.fixture
async def nats_server(tmp_path: Path) -> AsyncGenerator[NatsServer]:
    """A server of the test's own, to be stopped and filled at will."""
    directory = tmp_path / "nats"
    directory.mkdir()
    async with NatsServer.start(directory) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_nats(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[NatsServer]:
    """One server for all the tests that only need executions of their own; the queue and the list are shared too."""
    async with NatsServer.start(tmp_path_factory.mktemp("shared-nats")) as server:
        yield server
