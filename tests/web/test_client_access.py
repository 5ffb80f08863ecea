"""The JavaScript client and a gateway that asks who one is: tokens over HTTP and `/ws`, and pages of other origins."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from contracts.scopes import Scope
from stagecast.tokens import TokenFile
from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.web.node import Node, driving
from tests.web.pages import open_pages

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = "http://127.0.0.1:1"  # nobody listens there: the browser is given the page
UNKNOWN = f"sct_{'0' * 64}"


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> TokenFile:
    return TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.json")


@pytest.fixture(scope="module")
def tokens(token_file: TokenFile) -> dict[str, str]:
    """A token for each name, made before the gateway starts: it takes a change only a while later."""
    may: dict[str, tuple[Scope, ...]] = {"reader": ("read",), "runner": ("run",)}
    return {name: token_file.add(name, may.get(name, ("read", "run"))) for name in ("one", "other", *may)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(
    shared_nats: NatsServer, token_file: TokenFile, tokens: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Stack]:
    """A stack whose gateway lets in who has a token, and pages of one other origin."""
    assert tokens
    env = {
        "STAGECAST_AUTH": "on",
        "STAGECAST_TOKENS_FILE": str(token_file.path),
        "STAGECAST_ALLOWED_ORIGINS": ELSEWHERE,
    }
    async with running_stack(shared_nats.url, tmp_path_factory.mktemp("guarded"), env=env) as stack:
        yield stack


async def test_a_page_with_a_token_runs_and_follows(guarded: Stack, tokens: dict[str, str], browser: Browser) -> None:
    token = tokens["one"]
    async with open_pages(browser, guarded.url) as (_, [tab]):  # what the page loads needs no token
        await tab.watch("run", "echo-v1", "hello", client={"token": token})
        assert (await tab.items_to_end())[-1]["result"]["status"] == "success"
        assert tab.complaints == []
    assert all(token not in gateway.log_text() for gateway in guarded.gateways)


@pytest.mark.parametrize("token", [None, UNKNOWN])
async def test_who_has_no_good_token_is_told_so(guarded: Stack, node: Node, token: str | None) -> None:
    async with driving(node, guarded.url, **({} if token is None else {"token": token})) as driver:
        await driver.do("call", name="read", method="pipelines")
        refused = (await driver.next("read"))["error"]
        await driver.do("loop", name="life", method="lifecycle")
        for error in (refused, await driver.error("life")):
            assert (error["name"], error["code"], error["status"]) == ("StagecastError", "unauthenticated", 401)
        assert await driver.finish() == 0


async def test_what_a_token_may_not_do_is_refused(guarded: Stack, tokens: dict[str, str], node: Node) -> None:
    async with driving(node, guarded.url, token=tokens["runner"]) as driver:
        await driver.do("loop", name="life", method="lifecycle")
        error = await driver.error("life")
        assert (error["code"], error["status"]) == ("forbidden", 403)
    async with driving(node, guarded.url, token=tokens["reader"]) as driver:
        await driver.do("call", name="submit", method="submit", args=["echo-v1", "hello"])
        error = (await driver.next("submit"))["error"]
        assert (error["code"], error["status"]) == ("forbidden", 403)


async def test_somebody_elses_execution_is_not_there(guarded: Stack, tokens: dict[str, str], node: Node) -> None:
    async with driving(node, guarded.url, token=tokens["one"]) as driver:
        await driver.do("call", name="submit", method="submit", args=["echo-v1", "hello"])
        execution_id = (await driver.next("submit"))["value"]["executionId"]
    async with driving(node, guarded.url, token=tokens["other"]) as driver:
        await driver.do("loop", name="a", method="follow", args=[execution_id])
        error = await driver.error("a")
        assert (error["code"], error["status"]) == ("execution_not_found", 404)


async def test_a_token_that_nobody_asks_for_does_no_harm(stack: Stack, node: Node) -> None:
    async with driving(node, stack.url, token=UNKNOWN) as driver:
        await driver.do("loop", name="run", method="run", args=["echo-v1", "hello"])
        assert (await driver.items_to_end("run"))[-1]["result"]["status"] == "success"


async def other_page(browser: Browser, origin: str, script: str, argument: Any) -> Any:  # Any: JSON of the page
    """Open a page of another origin and return what a script in it returns."""
    context = await browser.new_context()
    try:
        page = await context.new_page()
        await page.route(f"{origin}/**", lambda route: route.fulfill(content_type="text/html", body="<p>"))
        await page.goto(f"{origin}/notebook.html")
        return await page.evaluate(script, argument)
    finally:
        await context.close()


RUN_FROM_ELSEWHERE = """
async ({ url, token }) => {
  const { Client } = await import(`${url}/client.js`);
  const client = new Client(undefined, { token: async () => token, patienceMs: 500 });
  try {
    let last;
    for (let round = 0; round < 2; round++) for await (const item of client.run("echo-v1", "hello")) last = item;
    return { status: last.result.status, next: (await client.executions({ limit: 1 })).next };
  } catch ({ name, code, status }) {
    return { name, code, status };
  }
}
"""


async def test_a_page_of_an_allowed_origin_does_it_all(
    guarded: Stack, tokens: dict[str, str], browser: Browser
) -> None:
    argument = {"url": guarded.url, "token": tokens["one"]}
    told = await other_page(browser, ELSEWHERE, RUN_FROM_ELSEWHERE, argument)
    assert told["status"] == "success"
    assert told["next"], "the header that leads to the next page is shown to it, too"


async def test_a_page_of_another_origin_may_load_the_client_and_no_more(
    guarded: Stack, tokens: dict[str, str], browser: Browser
) -> None:
    argument = {"url": guarded.url, "token": tokens["one"]}
    told = await other_page(browser, "http://127.0.0.1:2", RUN_FROM_ELSEWHERE, argument)
    assert told == {"name": "StagecastError", "code": "gateway_unreachable", "status": None}
