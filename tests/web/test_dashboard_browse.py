"""Browsing in the dashboard, in a real Chromium: what runs, 10,000 results, pipeline files, models, tokens."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from stagecast.tokens import TokenFile
from tests.processes import Stack
from tests.web.dashboard_stack import STORY, dashboard_stack, submit
from tests.web.dashboard_tab import DashboardTab, open_tabs
from tests.web.saved_results import save_many

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNT = 10_000
NEEDLE = 300
"""The place of the one result with another prompt, from the oldest: far behind the first pages."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    async with dashboard_stack(tmp_path_factory.mktemp("browse")) as stack:
        await save_many(stack.outputs, COUNT, NEEDLE)
        yield stack


def history(tab: DashboardTab) -> Locator:
    return (
        tab.page.get_by_role("region", name="History")
        .get_by_role("link")
        .filter(has_text=re.compile("straw|needle|hay"))
    )


async def test_ten_thousand_results_are_paged_and_never_all_drawn(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/runs")
        await tab.shows(f"straw number {COUNT - 1}")
        first = await history(tab).all_inner_texts()
        await tab.page.get_by_role("link", name="Older").click()
        await expect(history(tab).first).not_to_contain_text(str(COUNT - 1))
        assert not {*first} & {*await history(tab).all_inner_texts()}
        assert await tab.page.locator("main *").count() < 5_000
        await tab.page.go_back()
        await tab.shows(f"straw number {COUNT - 1}")
        assert await history(tab).all_inner_texts() == first


async def test_a_search_finds_one_of_ten_thousand_and_can_be_shared(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url, count=2) as (_, [tab, other]):
        await tab.open("#/runs")
        await tab.page.get_by_role("searchbox", name="Text").fill("NEEDLE in")
        await tab.shows("the needle in the hay")
        await expect(history(tab)).to_have_count(1)
        assert "q=" in await tab.path()
        await other.open(await tab.path())
        await other.shows("the needle in the hay")
        await tab.page.get_by_role("searchbox", name="Text").fill("nothing like this")
        await tab.shows("No result matches")
        await tab.page.get_by_role("link", name="Clear filters").click()
        await tab.shows(f"straw number {COUNT - 1}")


async def test_pipeline_and_status_filter(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/runs")
        await tab.page.get_by_label("Status").select_option("failed")
        await expect(tab.page.locator("main .badge.failed").first).to_be_visible()
        await expect(tab.page.locator("main .badge.success")).to_have_count(0)
        await tab.page.get_by_label("Pipeline").select_option("summarize-v1")
        await expect(history(tab).first).to_be_visible()
        assert "status=failed" in await tab.path()
        assert "pipeline=summarize-v1" in await tab.path()


async def test_two_results_are_picked_to_be_compared(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/runs")
        ticks = tab.page.get_by_role("checkbox", name=re.compile("^Compare"))
        await ticks.nth(0).check()
        await ticks.nth(1).check()
        await tab.page.get_by_role("link", name="Compare", exact=True).click()
        await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Compare two results")


async def test_what_runs_shows_at_once_and_goes_when_it_has_ended(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/runs")
        await tab.shows("Nothing is running.")
        await submit(stack, "echo-v1", "a slow hay cart", delay_ms=60_000)
        running = tab.page.get_by_role("region", name="In progress")
        await expect(running).to_contain_text("a slow hay cart")
        await expect(running).to_contain_text("running")
        await running.get_by_role("button", name="Cancel").click()
        await tab.button("Cancel the run").click()
        await expect(running.get_by_role("button", name="Cancel")).to_have_count(0)
        await expect(history(tab).first).to_contain_text("a slow hay cart")


async def test_pipelines_are_listed_with_their_problems_and_shown_as_written(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/pipelines")
        await tab.shows("did you mean 'user'?")
        await tab.page.get_by_role("link", name="broken-v1").first.click()
        await tab.shows("prompt: {usr: nothing}")
        await expect(tab.page.get_by_role("main")).to_contain_text("line 4")
        await tab.go(f"#/pipelines/{STORY}.yaml")
        await tab.shows("An idea for {{ inputs.topic }}.")
        await tab.page.get_by_role("main").get_by_role("link", name="Run").click()
        await expect(tab.page.get_by_role("heading", level=1)).to_contain_text("Tell a Story")


async def test_models_say_which_setting_is_missing_and_show_no_key(tmp_path: Path, browser: Browser) -> None:
    key = "sk-not-to-be-seen-anywhere"
    async with dashboard_stack(tmp_path, ANTHROPIC_API_KEY=key) as stack:
        paid = stack.directory / "pipelines" / "paid.yaml"
        paid.write_text(
            "id: paid-v1\nname: Paid\n"
            "models:\n  m: {use: 'openai:gpt-5-mini'}\n  n: {use: 'anthropic:claude-haiku-4-5'}\n"
            "stages:\n  - {id: a, model: m, prompt: {user: x}}\n  - {id: b, model: n, prompt: {user: x}}\n"
        )
        async with open_tabs(browser, stack.url) as (_, [tab]):
            await tab.open("#/models")
            await tab.shows("Set OPENAI_API_KEY")
            row = tab.page.get_by_role("row", name="ANTHROPIC_API_KEY")
            await expect(row).to_contain_text("set")
            await expect(row).not_to_contain_text("not set")
            assert key not in await tab.page.content()
            await tab.open("#/run/paid-v1")
            await expect(tab.page.get_by_role("main")).to_contain_text("OPENAI_API_KEY")


async def test_where_tokens_are_asked_for_the_page_asks(tmp_path: Path, browser: Browser) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    token, reader = tokens.add("ann", ["read", "run"]), tokens.add("rex", ["read"])
    async with (
        dashboard_stack(
            tmp_path / "stack", STAGECAST_AUTH="on", STAGECAST_TOKENS_FILE=str(tmp_path / "tokens.json")
        ) as stack,
        open_tabs(browser, stack.url) as (_, [tab]),
    ):
        tab.is_refusal_expected = True
        await tab.shows("This gateway asks who you are.")
        await tab.page.get_by_label("Token").fill("sct_wrong")
        await tab.button("Go on").click()
        await tab.shows("The gateway does not accept this token")
        await tab.page.get_by_label("Token").fill(token)
        await tab.button("Go on").click()
        await tab.go("#/run/echo-v1")
        await tab.page.locator("#run-primary").fill("hello")
        await tab.page.keyboard.press("Control+Enter")
        await expect(tab.page.get_by_role("heading", level=2, name="Result", exact=True)).to_be_visible()
        async with tab.page.expect_download():
            await tab.button("Download HTML").click()
        assert token not in await tab.page.content()
        await tab.page.reload()
        await expect(tab.page.get_by_role("heading", level=2, name="Result", exact=True)).to_be_visible()
        await tab.button("Forget token").click()
        await tab.shows("This gateway asks who you are.")
        await tab.page.get_by_label("Token").fill(reader)
        await tab.button("Go on").click()
        await tab.go("#/pipelines/story-v1.yaml")
        await tab.shows("The source is not shown with this token")
