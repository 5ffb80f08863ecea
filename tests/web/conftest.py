"""The stack, the Nodes and the browser that the JavaScript client is tested in."""

import shutil
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.web.following import QUICK
from tests.web.node import Driver, Node, NodeMissing, driving, find_node
from tests.web.required import cannot
from tests.web.scripted_gateway import ScriptedSockets, scripted_sockets

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    # The tests' empty pages come from nowhere that the browser knows, so it would not let them reach this machine.
    "--disable-features=LocalNetworkAccessChecks",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(shared_nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    """One gateway and one runner for the tests that leave them as they are."""
    async with running_stack(shared_nats.url, tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="session", params=["path", "wheel"])
def node(request: pytest.FixtureRequest) -> Node:
    """Each Node that there is: the machine's, and the newer one that pyright brings along."""
    try:
        return find_node(request.param)
    except NodeMissing as missing:
        cannot(f"THE CLIENT IS NOT TESTED IN THIS NODE: {missing}")
        raise


@pytest.fixture(scope="session")
def one_node() -> Node:
    """One Node, for tests that cost more than another one would teach."""
    try:
        return find_node("path")
    except NodeMissing:
        return find_node("wheel")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    """A real Chromium, the one of the machine."""
    binary = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if binary is None:
        cannot("THE CLIENT IS NOT TESTED IN A BROWSER: there is no chromium; on Debian: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=binary, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def played() -> AsyncGenerator[ScriptedSockets]:
    async with scripted_sockets() as played:
        yield played


@pytest.fixture
async def driver(played: ScriptedSockets, node: Node) -> AsyncGenerator[Driver]:
    async with driving(node, played.url, timing=QUICK, patienceMs=20_000) as driver:
        yield driver
        assert await driver.finish() == 0, "nothing may be left running in it"
