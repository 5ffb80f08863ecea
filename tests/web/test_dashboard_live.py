"""An execution in the dashboard while it runs, in a real Chromium against real services, whatever dies meanwhile."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.processes import Stack
from tests.web.dashboard_stack import (
    BREAK,
    LIST,
    SKIPPED_BECAUSE,
    SLOWLY,
    STORY,
    STUMBLE,
    TOLD,
    dashboard_stack,
    submit,
)
from tests.web.dashboard_tab import DashboardTab, open_tabs

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLOW = {"delay_ms": 1500}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    async with dashboard_stack(tmp_path_factory.mktemp("live")) as stack:
        yield stack


async def watch(tab: DashboardTab, execution_id: str) -> None:
    await tab.go(f"#/runs/{execution_id}")
    await expect(tab.page.get_by_role("heading", level=1)).to_be_visible()


async def begin(tab: DashboardTab, stack: Stack, topic: str, pipeline: str = STORY) -> None:
    """Start a run with the view already there, so that its first moments are seen."""
    await tab.go("#/runs/exec_1703187600000_abcdefghijklmnop")
    await tab.shows("There is no such run")
    await tab.go(f"#/runs/{await submit(stack, pipeline, topic)}")


async def ends(tab: DashboardTab, status: str) -> None:
    await expect(tab.page.get_by_role("heading", level=1)).to_contain_text(status)


def stage(tab: DashboardTab, name: str) -> Locator:
    return tab.page.get_by_role("list", name="Stages").get_by_role("button", name=re.compile(f"^{name}"))


async def test_a_run_fills_in_as_it_happens(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await begin(tab, stack, f"a lighthouse {SLOWLY}")
        await expect(tab.page.get_by_label("Text as it is written").first).to_contain_text("A lamp")
        await expect(stage(tab, "Tell It")).to_contain_text("pending")
        await expect(stage(tab, "Find an Idea")).to_contain_text("running")
        await expect(tab.page.locator("dl.figures")).to_contain_text("0 of 5")
        await expect(stage(tab, "Write a Song")).to_contain_text("skipped")
        await expect(stage(tab, "Tell It")).to_contain_text("running")
        await expect(tab.page.locator("dl.figures")).to_contain_text("4 of 5")
        await expect(tab.page.locator("dl.figures")).to_contain_text("$0.003")
        await expect(tab.page.get_by_label("Text as it is written").first).to_contain_text("Once there was")
        await ends(tab, "success")
        for name in ("Find an Idea", "Invent a Hero", "Find a Place", "Tell It"):
            await expect(stage(tab, name)).to_contain_text("completed")
        await tab.shows(TOLD)


async def test_a_skipped_stage_says_why_and_markup_in_it_stays_text(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await watch(tab, await submit(stack, STORY, "a lighthouse"))
        await expect(stage(tab, "Write a Song")).to_contain_text("skipped")
        await stage(tab, "Write a Song").click()
        await tab.shows(f"Skipped: {SKIPPED_BECAUSE}")
        assert await tab.page.locator("bdi b").count() == 0


async def test_a_retry_is_told_and_then_it_goes_on(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await begin(tab, stack, STUMBLE)
        await expect(stage(tab, "Tell It")).to_contain_text("retrying")
        await tab.shows("The model is busy.")
        await ends(tab, "success")


async def test_a_failing_stage_says_what_went_wrong(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await watch(tab, await submit(stack, STORY, BREAK))
        await ends(tab, "failed")
        await expect(stage(tab, "Tell It")).to_contain_text("failed")
        await stage(tab, "Tell It").click()
        await tab.shows("The provider refuses the key.")


async def test_going_through_a_list_tells_how_far_it_is(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await begin(tab, stack, "hello", LIST)
        await tab.shows("of 20 items answered")
        await expect(tab.page.get_by_role("progressbar")).to_be_visible()
        await ends(tab, "success")


async def test_where_no_runner_is_the_page_says_so_and_what_to_do(tmp_path: Path, browser: Browser) -> None:
    async with dashboard_stack(tmp_path, runners=0) as stack, open_tabs(browser, stack.url) as (_, [tab]):
        await watch(tab, await submit(stack, "echo-v1", "hello"))
        await tab.shows("No runner is connected, so nobody takes it yet.")
        await stack.add_runner()
        await ends(tab, "success")


async def test_escape_asks_and_cancelling_stops_it(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await watch(tab, await submit(stack, "echo-v1", "hello", delay_ms=60_000))
        await expect(stage(tab, "Stage 1")).to_contain_text("running")
        await tab.page.keyboard.press("Escape")
        await expect(tab.page.get_by_role("dialog")).to_contain_text("Cancel this run?")
        await tab.page.keyboard.press("Escape")  # the browser's own way to close a dialog: it runs on
        await expect(tab.page.get_by_role("dialog")).to_have_count(0)
        await expect(stage(tab, "Stage 1")).to_contain_text("running")
        await tab.page.keyboard.press("Escape")
        await tab.button("Cancel the run").click()
        await ends(tab, "cancelled")
        await expect(stage(tab, "Stage 1")).to_contain_text("cancelled")
        await expect(stage(tab, "Stage 2")).to_contain_text("not run")


async def test_finish_keeps_what_there_is(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await begin(tab, stack, f"a lighthouse {SLOWLY}")
        await expect(stage(tab, "Tell It")).to_contain_text("running")
        await tab.button("Finish now").click()
        await ends(tab, "success")
        await expect(stage(tab, "Find an Idea")).to_contain_text("completed")
        await expect(stage(tab, "Tell It")).to_contain_text("cancelled")


async def test_two_tabs_a_reload_and_a_shared_link_show_the_same(stack: Stack, browser: Browser) -> None:
    execution_id = await submit(stack, "echo-v1", "hello", delay_ms=1000)
    async with open_tabs(browser, stack.url, count=2) as (_, [first, late]):
        await watch(first, execution_id)
        await expect(stage(first, "Stage 2")).to_contain_text("completed")
        await late.open(f"#/runs/{execution_id}")
        await expect(stage(late, "Stage 3")).to_contain_text("completed")
        await first.page.reload()
        await ends(first, "success")
        await ends(late, "success")
        assert await shown_stages(first) == await shown_stages(late)


async def shown_stages(tab: DashboardTab) -> list[str]:
    return await tab.page.get_by_role("list", name="Stages").get_by_role("button").all_inner_texts()


async def test_a_gateway_that_is_killed_and_comes_back_is_a_quiet_line_and_no_gap(
    tmp_path: Path, browser: Browser
) -> None:
    async with dashboard_stack(tmp_path) as stack:
        execution_id = await submit(stack, "echo-v1", "hello", delay_ms=1500)
        async with open_tabs(browser, stack.url) as (_, [tab]):
            tab.is_refusal_expected = True
            await watch(tab, execution_id)
            await expect(stage(tab, "Stage 1")).to_contain_text("completed")
            await stack.gateways.pop(0).kill()
            await tab.shows("Connection lost.")
            await stack.add_gateway({"STAGECAST_PORT": str(urlsplit(stack.url).port)})
            await ends(tab, "success")
            await expect(tab.page.get_by_text("Connection lost.")).to_have_count(0)
            await tab.page.get_by_text("Events", exact=True).click()
            numbers = await tab.page.locator("details.card td.number").all_inner_texts()
            assert [int(number) for number in numbers] == sorted({int(number) for number in numbers})
            assert len(numbers) == 2 + 2 * 6 + 2
            tab.complaints = [said for said in tab.complaints if "WebSocket connection" not in said]


async def test_a_runner_that_is_killed_is_followed_by_another_and_the_page_says_so(
    tmp_path: Path, browser: Browser
) -> None:
    async with dashboard_stack(tmp_path, STAGECAST_ACK_WAIT_SECONDS="2") as stack:
        execution_id = await submit(stack, "echo-v1", "hello", delay_ms=1500)
        async with open_tabs(browser, stack.url) as (_, [tab]):
            await watch(tab, execution_id)
            await expect(stage(tab, "Stage 1")).to_contain_text("completed")
            await stack.runners.pop(0).kill()
            await stack.add_runner()
            await tab.shows("This is attempt 2")
            await ends(tab, "success")


async def test_a_browser_that_slept_goes_on_where_it_was(stack: Stack, browser: Browser) -> None:
    execution_id = await submit(stack, "echo-v1", "hello", delay_ms=1000)
    async with open_tabs(browser, stack.url) as (context, [tab]):
        tab.is_refusal_expected = True
        await watch(tab, execution_id)
        await expect(stage(tab, "Stage 1")).to_contain_text("completed")
        await context.set_offline(True)
        await context.set_offline(False)
        await ends(tab, "success")
        await expect(stage(tab, "Stage 6")).to_contain_text("completed")


async def test_an_unknown_run_says_what_to_do(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        for unknown in ("exec_1703187600000_abcdefghijklmnop", "nonsense"):
            await tab.go(f"#/runs/{unknown}")
            await tab.shows("There is no such run")
            await expect(tab.page.get_by_role("link", name="Show all runs")).to_have_attribute("href", "#/runs")
