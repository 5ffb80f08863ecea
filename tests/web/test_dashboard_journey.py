"""The journey through the dashboard in a real Chromium against real services: run, watch, result, again, compare."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, expect

from contracts.results import PipelineResult
from tests.processes import Stack
from tests.web.dashboard_stack import STORY, TOLD, dashboard_stack
from tests.web.dashboard_tab import DashboardTab, open_tabs

pytestmark = pytest.mark.asyncio(loop_scope="module")

CASES = "question,expected\nWhat is 2 + 2?,4\nName the capital of France.,Paris\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    async with dashboard_stack(tmp_path_factory.mktemp("journey")) as stack:
        yield stack


async def saved(stack: Stack, execution_id: str) -> dict[str, Any]:
    async with stack.http() as http:
        found: dict[str, Any] = (await http.get(f"/api/executions/{execution_id}")).raise_for_status().json()
        return found


async def test_from_a_prompt_to_a_comparison(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    grants = ["clipboard-read", "clipboard-write"]
    async with open_tabs(browser, stack.url, permissions=grants, accept_downloads=True) as (_, [tab]):
        page = tab.page
        # A pipeline is picked, and shown as a graph before it runs.
        await tab.button("Choose another pipeline").click()
        await page.get_by_label("Search by name or description").fill("story")
        await page.get_by_role("dialog").get_by_role("link", name="Tell a Story").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Tell a Story")
        stages = page.get_by_role("list", name="Stages").get_by_role("listitem")
        await expect(stages).to_have_count(5)
        # Typing counts characters, and asks for the estimate.
        await tab.write("a lighthouse 🗼")
        await tab.shows("14 of 500 characters")
        await expect(page.locator(".run-side")).to_contain_text("4")
        await tab.open_section("Options")
        await page.get_by_label("Tone").select_option("funny")
        await page.locator("#run-primary").focus()
        await page.keyboard.press("Control+Enter")
        await tab.shows("Nobody knows what this run will cost")
        await page.get_by_role("dialog").get_by_role("button", name="Run").click()
        # It runs, and is watched until it has ended.
        await expect(page.get_by_role("heading", level=1)).to_contain_text("running")
        await tab.is_over()
        first = (await tab.path()).removeprefix("#/runs/")
        result = PipelineResult.model_validate((await saved(stack, first))["result"])
        assert result.input.options == {"tone": "funny"}
        await tab.shows(TOLD)
        # What every stage was given and delivered.
        await page.locator("summary", has_text="Find an Idea").click()
        await tab.shows("An idea for a lighthouse 🗼.")
        await tab.shows("You have ideas.")
        # It can be taken away.
        await tab.button("Copy output").first.click()
        assert TOLD in await page.evaluate("navigator.clipboard.readText()")
        for name, sign in (("JSON", TOLD), ("Markdown", "# "), ("HTML", "<!doctype html>")):
            async with page.expect_download() as downloading:
                await tab.button(f"Download {name}").click()
            file = tmp_path / name
            await (await downloading.value).save_as(file)
            assert sign in file.read_text()
        # Again with changes, and both are compared.
        await page.get_by_role("link", name="Run again with changes").click()
        await expect(page.locator("#run-primary")).to_have_value("a lighthouse 🗼")
        await tab.open_section("Options")
        await expect(page.get_by_label("Tone").locator("option:checked")).to_have_text("funny")
        await tab.write("a lighthouse keeper")
        await tab.button("Run").click()
        await page.get_by_role("dialog").get_by_role("button", name="Run").click()
        await tab.is_over()
        second = (await tab.path()).removeprefix("#/runs/")
        assert second != first
        await tab.button("Compare with").click()
        await page.get_by_role("dialog").get_by_role("link").first.click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Compar")
        assert set((await tab.path()).removeprefix("#/compare/").split("/")) == {first, second}
        await expect(page.get_by_role("main").locator("ins").first).to_be_visible()
        await tab.shows("Stage by stage")


async def test_cases_are_dropped_as_a_file_and_read_by_the_gateway(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        tab.is_refusal_expected = True
        await tab.open("#/run/prompt-optimizer-v1")
        await tab.write("Answer in one word: {question}")
        await tab.open_section("Options")
        files = tab.page.locator("input[type=file]").first
        await files.set_input_files(
            FilePayload(name="cases.csv", mimeType="text/csv", buffer=b"question,weight,match\nx,1,9\n")
        )
        await tab.shows("cases.csv, line 2")
        await files.set_input_files(FilePayload(name="cases.csv", mimeType="text/csv", buffer=CASES.encode()))
        await tab.shows("Name the capital of France.")
        await expect(tab.page.get_by_role("main")).to_contain_text("2 rows")


async def test_a_fault_is_told_at_its_field(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        tab.is_refusal_expected = True
        await tab.open(f"#/run/{STORY}")
        await tab.button("Run").click()
        await tab.shows("Write something first.")
        await expect(tab.page.locator("#run-primary")).to_be_focused()
        await expect(tab.page.locator("#run-primary")).to_have_attribute("aria-invalid", "true")
        await tab.write("x" * 501)
        await tab.shows("501 of 500 characters")
        await tab.button("Run").click()
        assert await tab.path() == f"#/run/{STORY}"
        await tab.write("a lighthouse")
        await tab.open_section("Options")
        await tab.page.get_by_label("Words").fill("7")
        await tab.button("Run").click()
        await expect(tab.page.get_by_label("Words")).to_have_attribute("aria-invalid", "true")


async def test_a_draft_survives_a_reload(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open(f"#/run/{STORY}")
        await tab.write("not yet sent")
        await tab.page.reload()
        await expect(tab.page.locator("#run-primary")).to_have_value("not yet sent")


async def test_with_the_keyboard_alone(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        page, press = tab.page, tab.page.keyboard.press
        await expect(page.locator("#run-primary")).to_be_visible()
        await reach(tab, "button", "Choose another pipeline")
        await press("Enter")
        await expect(page.get_by_label("Search by name or description")).to_be_focused()
        await page.keyboard.type("echo")
        await press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Echo")
        await reach(tab, "textbox", "Text")
        await page.keyboard.type("hello")
        await press("Control+Enter")
        await tab.is_over()
        await reach(tab, "link", "Run again with changes")
        await press("Enter")
        await expect(page.locator("#run-primary")).to_have_value("hello")
        await reach(tab, "link", "Runs")
        await press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
        await reach(tab, "link", "hello")
        await press("Enter")
        await tab.is_over()


async def reach(tab: DashboardTab, role: Any, name: str) -> None:
    """Press Tab until something has the focus."""
    wanted = tab.page.get_by_role(role, name=name).first
    await expect(wanted).to_be_visible()
    for _ in range(80):
        if await wanted.evaluate("(element) => element === document.activeElement"):
            return
        await tab.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {role} {name}: {json.dumps(await tab.path())}")
