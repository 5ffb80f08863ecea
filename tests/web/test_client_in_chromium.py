"""The JavaScript client in a real Chromium, on pages of the gateway's origin, against real processes."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.web.pages import open_pages

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = {"timing": {"firstRetryMs": 50, "longestRetryMs": 300}, "patienceMs": 60_000}
SCRIPT = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\"> {{ 7 * 7 }}"


def numbers_of(items: list[dict[str, Any]]) -> list[int]:
    return [item["seq"] for item in items if ":" in item["type"] and "seq" in item]


async def test_a_page_runs_a_pipeline_with_what_the_gateway_serves(stack: Stack, browser: Browser) -> None:
    async with open_pages(browser, stack.url) as (_, [tab]):
        await tab.watch("run", "echo-v1", "hello", events="all")
        items = await tab.items_to_end()
        assert numbers_of(items) == list(range(len(numbers_of(items))))
        assert items[-1]["result"]["output"]["text"] == "hello"
        await tab.state("open")
        await tab.state("closed")
        assert tab.complaints == []


async def test_what_looks_like_markup_comes_back_as_text_and_does_nothing(stack: Stack, browser: Browser) -> None:
    async with open_pages(browser, stack.url) as (_, [tab]):
        await tab.watch("run", "echo-v1", SCRIPT)
        items = await tab.items_to_end()
        assert items[0]["input"] == items[-1]["result"]["output"]["text"] == SCRIPT
        assert await tab.page.title() == ""
        assert tab.complaints == []


async def test_two_tabs_see_the_same_and_the_late_one_all_of_it(stack: Stack, browser: Browser) -> None:
    async with open_pages(browser, stack.url, count=2) as (_, [first, second]):
        await first.watch("run", "echo-v1", "hello", events="all", options={"delay_ms": 100})
        seen = await first.until("stage:completed", index=0)
        await second.watch("follow", seen[0]["executionId"], events="all")
        whole = seen + await first.items_to_end()
        late = await second.items_to_end()
        stored = [item for item in whole if "seq" in item and ":" in item["type"]]
        assert [item for item in late if "seq" in item and ":" in item["type"]] == stored


async def test_a_gateway_that_is_killed_mid_run_and_comes_back_leaves_no_gap(
    shared_nats: NatsServer, tmp_path: Path, browser: Browser
) -> None:
    async with (
        running_stack(shared_nats.url, tmp_path) as stack,
        open_pages(browser, stack.url) as (_, [tab]),
    ):
        await tab.watch("run", "echo-v1", "hello", client=QUICK, events="all", options={"delay_ms": 300})
        seen = await tab.until("stage:completed", index=1)
        await stack.gateways.pop(0).kill()
        await tab.state("waiting")
        await stack.add_gateway({"STAGECAST_PORT": str(urlsplit(stack.url).port)})
        items = seen + await tab.items_to_end()
        assert numbers_of(items) == list(range(len(numbers_of(items))))
        assert items[-1]["result"]["status"] == "success"


async def test_a_browser_that_was_offline_goes_on_where_it_was(stack: Stack, browser: Browser) -> None:
    async with open_pages(browser, stack.url) as (context, [tab]):
        timing = {"silenceMs": 60_000, "answerMs": 200, "firstRetryMs": 600_000, "longestRetryMs": 600_000}
        client = {"timing": timing, "patienceMs": 3_600_000}
        await tab.watch("run", "echo-v1", "hello", client=client, events="all", options={"delay_ms": 300})
        seen = await tab.until("stage:completed", index=0)
        await context.set_offline(True)
        await tab.state("waiting")  # found out by asking: the line looks open all the time
        await context.set_offline(False)  # and the next try would be ten minutes away
        items = seen + await tab.items_to_end()
        assert numbers_of(items) == list(range(len(numbers_of(items))))


async def test_aborting_throws_and_leaves_the_execution_alone(stack: Stack, browser: Browser) -> None:
    async with open_pages(browser, stack.url) as (_, [tab]):
        execution = await tab.page.evaluate(
            """async () => {
                const { Client } = await import("/client.js");
                return new Client().submit("echo-v1", "hello", { options: { delay_ms: 60000 } });
            }"""
        )
        await tab.watch("follow", execution["executionId"])
        await tab.until("stage:started")
        await tab.page.evaluate("abort.abort()")
        told = await tab.next()
        while "item" in told:
            told = await tab.next()
        assert told["error"]["name"] == "AbortError"
        assert await tab.page.evaluate("(id) => client.cancel(id)", execution["executionId"]) is True
