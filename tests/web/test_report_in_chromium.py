"""Reports in a real Chromium, as a real gateway serves them: they load nothing, run nothing, and can be read."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page

from contracts.ids import new_execution_id
from contracts.results import PipelineResult
from stagecast.memory_log import MemoryLog
from tests.evidence_examples import OPTIMIZED
from tests.gateway_server import running_gateway
from tests.hostile_report import hostile
from tests.report_examples import EXAMPLES, improved, no_clear_change, result_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
PHONE = {"width": 360, "height": 740}
_VISIBLE = "(what) => [...document.querySelectorAll(what)].filter((one) => one.checkVisibility()).length"
_NAMES = "[...document.querySelectorAll('section')].map((one) => one.ariaLabel ?? one.getAttribute('aria-labelledby'))"


@dataclass
class Opened:
    """A report in a tab.

    Attributes:
        complaints: what the browser's console said, what was thrown, and what was asked for besides the page.
    """

    page: Page
    complaints: list[str] = field(default_factory=list[str])

    async def look(self, script: str) -> Any:
        """Return what a script finds; the page itself may run none."""
        return await self.page.evaluate(script)

    async def visible(self, selector: str) -> int:
        """Return how many of these elements are to be seen."""
        return await self.page.evaluate(_VISIBLE, selector)


@asynccontextmanager
async def opened(
    browser: Browser, folder: Path, result: PipelineResult, *, scheme: Literal["light", "dark"] = "light", **how: Any
) -> AsyncGenerator[Opened]:
    """Save a result, and open its report at a gateway."""
    async with running_gateway(MemoryLog(), folder) as gateway:
        saved = result.model_copy(update={"execution_id": new_execution_id(), "pipeline_id": "example-v1"})
        url = f"{gateway.server.address()}/api/outputs/{await gateway.outputs.save(saved)}?format=html"
        context = await browser.new_context(color_scheme=scheme, **how)
        try:
            tab = Opened(await context.new_page())
            tab.page.on("console", lambda message: tab.complaints.append(message.text))
            tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
            tab.page.on("dialog", lambda dialog: tab.complaints.append(dialog.message))
            tab.page.on("request", lambda asked: tab.complaints.append(asked.url) if asked.url != url else None)
            reply = await tab.page.goto(url)
            assert reply is not None
            assert "sandbox" in reply.headers["content-security-policy"]
            yield tab
        finally:
            await context.close()


@pytest.mark.parametrize("name", [*EXAMPLES, "hostile", "text"])
async def test_a_report_loads_nothing_complains_of_nothing_and_fits_a_phone(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    made = {**EXAMPLES, "hostile": lambda: hostile(answer_length=5000, count=9), "text": lambda: result_of("x" * 5000)}
    async with opened(browser, tmp_path, made[name](), viewport=PHONE) as tab:
        assert await tab.look("document.documentElement.scrollWidth") <= PHONE["width"]
        assert await tab.look("document.querySelectorAll('h1').length") == 1
        assert "owned" not in await tab.page.title()
        assert tab.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["improved", "no_clear_change", "regressed", "too_few_cases"])
async def test_text_stands_out_from_what_is_behind_it(
    browser: Browser, tmp_path: Path, name: str, scheme: Literal["light", "dark"]
) -> None:
    async with opened(browser, tmp_path, EXAMPLES[name](), scheme=scheme) as tab:
        seen = await tab.look(CONTRAST)
        assert seen["looked"] > 100
        assert seen["faults"] == []


async def test_cases_are_picked_by_how_they_came_out_and_unfolded_without_a_script(
    browser: Browser, tmp_path: Path
) -> None:
    async with opened(browser, tmp_path, no_clear_change()) as tab:
        assert await tab.visible(".held-out .case") == 12
        for label, count in (("lost 3", 3), ("tied 5", 5), ("won 4", 4), ("all 12", 12)):
            await tab.page.get_by_role("radio", name=label).check()
            assert await tab.visible(".held-out .case") == count
        assert await tab.visible(".held-out .answer") == 6
        await tab.page.get_by_label("unfold all").check()
        assert await tab.visible(".held-out .answer") == 24


async def test_one_click_takes_the_whole_prompt(browser: Browser, tmp_path: Path) -> None:
    async with opened(browser, tmp_path, improved()) as tab:
        await tab.page.locator(".prompt").click()
        assert await tab.look("getSelection().toString()") == OPTIMIZED


async def test_it_can_be_used_with_the_keyboard_and_read_by_its_names(browser: Browser, tmp_path: Path) -> None:
    async with opened(browser, tmp_path, improved()) as tab:
        await tab.page.get_by_role("link", name="Test cases").press("Enter")
        assert await tab.look("document.querySelector(':target').textContent") == "Test cases"
        first = tab.page.locator(".held-out summary").nth(1)
        await first.press("Enter")
        assert await first.locator("xpath=..").get_attribute("open") is not None
        assert await tab.page.get_by_role("img", name="Wins, ties and losses").count() == 1
        assert await tab.page.get_by_role("radio").count() == 4
        assert all(await tab.look(_NAMES))


async def test_print_leaves_out_what_paper_cannot_do(browser: Browser, tmp_path: Path) -> None:
    async with opened(browser, tmp_path, improved(), scheme="dark") as tab:
        assert (await tab.page.pdf(format="A4"))[:5] == b"%PDF-"
        await tab.page.emulate_media(media="print")
        for gone in ("nav", ".filter"):
            assert not await tab.page.locator(gone).is_visible()
        assert await tab.look("getComputedStyle(document.querySelector('h2')).color") == "rgb(27, 29, 33)"
        assert tab.complaints == []
