"""Browsing in the dashboard, in a real Chromium: what runs, 10,000 results, pipeline files, models, tokens."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Locator, Route, expect

from stagecast.tokens import TokenFile
from tests.processes import Stack
from tests.report_examples import result_of
from tests.web.dashboard_stack import STORY, dashboard_stack, submit
from tests.web.dashboard_tab import DashboardTab, open_tabs
from tests.web.saved_results import save_many, save_result

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
        await tab.write("hello")
        await tab.page.keyboard.press("Control+Enter")
        await tab.is_over()
        async with tab.page.expect_download():
            await tab.button("Download HTML").click()
        assert token not in await tab.page.content()
        await tab.page.reload()
        await tab.is_over()
        await tab.button("Forget token").click()
        await tab.shows("This gateway asks who you are.")
        await tab.page.get_by_label("Token").fill(reader)
        await tab.button("Go on").click()
        await tab.go("#/pipelines/story-v1.yaml")
        await tab.shows("The source is not shown with this token")


async def test_a_slow_typist_loses_no_character(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/runs?status=failed")
        box = tab.page.get_by_role("searchbox", name="Text")
        await box.click()
        await tab.page.keyboard.type("the needle in", delay=300)
        await expect(history(tab)).to_have_text(["the needle in the hay"])
        await expect(box).to_have_value("the needle in")
        await tab.page.get_by_role("link", name="Clear filters").click()
        await expect(box).to_have_value("")
        await tab.shows(f"straw number {COUNT - 1}")
        await tab.page.go_back()
        await expect(box).to_have_value("the needle in")


async def test_what_is_ticked_stays_in_sight_and_can_be_unticked_when_the_filter_changes(
    stack: Stack, browser: Browser
) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/runs")
        ticks = tab.page.get_by_role("checkbox", name=re.compile("^Compare"))
        await ticks.nth(0).check()
        await ticks.nth(1).check()
        await tab.page.get_by_role("searchbox", name="Text").fill("needle in")
        needle = tab.page.get_by_role("checkbox", name="Compare the needle in the hay")
        await expect(needle).to_be_disabled()
        ticked = tab.page.get_by_role("list", name="Ticked results").get_by_role("listitem")
        await expect(ticked).to_have_count(2)
        assert await tab.faults() == []
        await ticked.get_by_role("button", name=f"Untick straw number {COUNT - 1}").click()
        await needle.check()
        await expect(ticked.filter(has_text="the needle in the hay")).to_be_visible()
        await tab.page.get_by_role("link", name="Compare", exact=True).click()
        await expect(tab.page.get_by_role("heading", level=1)).to_have_text("Compare two results")


async def test_a_run_that_costs_something_is_not_run_again_without_asking(stack: Stack, browser: Browser) -> None:
    done = await submit(stack, STORY, "a lamp", wait_seconds=60)
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open(f"#/runs/{done}")
        await tab.page.get_by_role("button", name="Run again", exact=True).click()
        dialog = tab.page.get_by_role("dialog", name="Run it again?")
        await expect(dialog).to_contain_text("Nobody knows what this run will cost")
        await tab.page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        assert await tab.path() == f"#/runs/{done}"
        await tab.page.get_by_role("button", name="Run again", exact=True).click()
        await dialog.get_by_role("button", name="Run again").click()
        await expect(tab.page.get_by_role("link", name=done)).to_be_visible()  # what it runs again
        assert await tab.path() != f"#/runs/{done}"


async def test_who_went_elsewhere_is_not_brought_to_the_run_that_was_started(stack: Stack, browser: Browser) -> None:
    done = await submit(stack, "echo-v1", "away soon", wait_seconds=60)
    async with open_tabs(browser, stack.url) as (_, [tab]):
        held: asyncio.Queue[Route] = asyncio.Queue()
        await tab.page.route("**/rerun", held.put)
        await tab.open(f"#/runs/{done}")
        await tab.page.get_by_role("button", name="Run again", exact=True).click()
        route = await held.get()
        await tab.page.get_by_role("link", name="Models").click()
        await expect(tab.page.get_by_role("heading", level=1, name="Models")).to_be_visible()
        answer = await route.fetch()
        with contextlib.suppress(Error):  # it may be that nobody waits for it any more
            await route.fulfill(response=answer)
        await tab.shows("What pipelines use")
        assert await tab.path() == "#/models"
        await tab.go("#/runs")
        await expect(tab.page.get_by_role("link", name="away soon")).to_have_count(2)


@pytest.mark.parametrize(
    ("view", "answered"),
    [
        ("#/models", "What pipelines use"),
        ("#/pipelines", "Tell a Story"),
        (f"#/pipelines/{STORY}.yaml", "This file is valid."),
    ],
)
async def test_a_view_that_no_gateway_answered_asks_again_by_itself(
    stack: Stack, browser: Browser, view: str, answered: str
) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        tab.is_refusal_expected = True
        await tab.page.route("**/api/**", lambda route: route.abort())
        await tab.go(view)
        await tab.shows("No stagecast gateway answers")
        await tab.page.unroute("**/api/**")
        await tab.shows(answered)


async def test_coming_back_to_the_window_asks_again_at_once(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        tab.is_refusal_expected = True
        await tab.page.clock.install()  # stands still from here on: nothing asks by itself
        await tab.page.route("**/api/models", lambda route: route.abort())
        await tab.go("#/models")
        await tab.shows("No stagecast gateway answers")
        await tab.page.unroute("**/api/models")
        await tab.page.evaluate("dispatchEvent(new Event('online'))")
        await tab.shows("What pipelines use")


async def test_a_saved_result_that_cannot_be_read_is_told_as_that(stack: Stack, browser: Browser) -> None:
    saved = await save_result(stack.outputs, result_of("An answer."))
    [file] = stack.outputs.rglob(f"*{saved.execution_id[-16:]}.json")
    content = json.loads(file.read_text())
    content["input"] = {"prompt": "changed by hand", "options": None}
    file.write_text(json.dumps(content))
    async with open_tabs(browser, stack.url) as (_, [tab]):
        tab.is_refusal_expected = True
        await tab.open("#/runs")
        await tab.page.get_by_role("link", name="changed by hand").click()
        await tab.shows("The saved result cannot be read: input.options")
    file.unlink()


async def test_a_token_that_is_not_good_any_more_is_asked_for_where_one_cancels(stack: Stack, browser: Browser) -> None:
    await submit(stack, "echo-v1", "cancel me in vain", delay_ms=60_000)
    async with open_tabs(browser, stack.url) as (_, [tab]):
        tab.is_refusal_expected = True
        await tab.page.route(
            "**/cancel", lambda route: route.fulfill(status=401, json={"error": "No.", "code": "unauthenticated"})
        )
        await tab.open("#/runs")
        await tab.button("Cancel cancel me in vain").click()
        await tab.button("Cancel the run").click()
        await tab.shows("This gateway asks who you are.")
