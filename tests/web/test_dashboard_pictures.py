"""The pictures of the dashboard in the documentation. `make images` writes them; each run sees that it could."""

import os
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize, expect

from tests.processes import REPOSITORY, Stack
from tests.report_examples import improved, no_clear_change
from tests.web.dashboard_stack import SLOWLY, STORY, dashboard_stack, submit
from tests.web.dashboard_tab import PHONE, DashboardTab, open_tabs
from tests.web.saved_results import save_result

pytestmark = pytest.mark.asyncio(loop_scope="module")

IMAGES = REPOSITORY / "docs" / "images"
IS_WRITTEN = os.environ.get("STAGECAST_WRITE_IMAGES") == "1"
DESK: ViewportSize = {"width": 1200, "height": 780}
PROMPT = "Answer the customer's question in one sentence. Be friendly.\n\nQuestion: {question}"
CASES = REPOSITORY / "docs" / "examples" / "cases.csv"
README = (REPOSITORY / "README.md").read_text()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    async with dashboard_stack(tmp_path_factory.mktemp("pictures")) as stack:
        yield stack


async def take(tab: DashboardTab, name: str, directory: Path) -> None:
    """Take a picture of what is to be seen, and look that it shows something and that the documentation has it."""
    file = (IMAGES if IS_WRITTEN else directory) / name
    await tab.page.screenshot(path=file, animations="disabled")
    assert (IMAGES / name).is_file(), "`make images` makes it"
    assert f"docs/images/{name}" in README


async def test_run(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    async with open_tabs(browser, stack.url, size=DESK) as (_, [tab]):
        await tab.open("#/run/prompt-optimizer-v1")
        await tab.page.locator("#run-primary").fill(PROMPT)
        await tab.page.locator("summary", has_text="Options").click()
        await tab.page.locator("input[type=file]").first.set_input_files(CASES)
        await tab.shows("24 rows")
        await expect(tab.page.get_by_role("region", name="Estimate")).to_contain_text(re.compile(r"About [\d,]+ calls"))
        await take(tab, "run-light.png", tmp_path)


async def test_watch(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    async with open_tabs(browser, stack.url, size=DESK, scheme="dark") as (_, [tab]):
        await tab.open(f"#/runs/{await submit(stack, STORY, 'a lighthouse that answers')}")
        await expect(tab.page.get_by_label("Text as it is written").first).to_contain_text("Once there was")
        await take(tab, "watch-dark.png", tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_result(stack: Stack, browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"]) -> None:
    result = await save_result(stack.outputs, improved())
    async with open_tabs(browser, stack.url, size=DESK, scheme=scheme) as (_, [tab]):
        await tab.open(f"#/runs/{result.execution_id}")
        await expect(tab.page.get_by_role("heading", name="Test cases")).to_be_visible()
        await take(tab, f"result-{scheme}.png", tmp_path)


async def test_history(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    await save_result(stack.outputs, no_clear_change())
    await submit(stack, STORY, f"a lighthouse that {SLOWLY} answers")
    async with open_tabs(browser, stack.url, size=DESK) as (_, [tab]):
        await tab.open("#/runs")
        await expect(tab.page.get_by_role("region", name="In progress")).to_contain_text("running")
        await expect(tab.page.get_by_role("region", name="History")).to_contain_text("no clear change")
        await take(tab, "runs-light.png", tmp_path)


async def test_on_a_phone(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    async with open_tabs(browser, stack.url, size=PHONE) as (_, [tab]):
        await tab.open(f"#/runs/{await submit(stack, STORY, 'a lighthouse that answers')}")
        await expect(tab.page.get_by_label("Text as it is written").first).to_contain_text("Once there was")
        await take(tab, "watch-phone.png", tmp_path)
