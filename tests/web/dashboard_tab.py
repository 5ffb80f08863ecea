"""A tab of a real browser with the dashboard in it: what it complains of is remembered, and axe looks at it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    ViewportSize,
    expect,
)

from tests.processes import REPOSITORY
from tests.web.required import cannot

AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"
DESK: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 360, "height": 740}
WAIT_MS = 60_000
# An answer that a test provokes by itself: browsers report every answer that is an error on the console.
_STATUS_REMARK = "Failed to load resource"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_LOOK = """
async (tags) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  const shown = (nodes) => nodes.map((node) => node.html.slice(0, 150)).join(" | ");
  return found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${shown(nodes)}`);
}
"""
_WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""

expect.set_options(timeout=WAIT_MS)


class DashboardTab:
    """One tab.

    Attributes:
        complaints: what the console said that was no mere remark, what was thrown and not caught, what the policy
            forbade, and what was asked of anybody but the gateway.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.is_refusal_expected = False
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._note_console)
        page.on("pageerror", self._note_error)
        page.on("request", self._note_request)

    async def open(self, path: str = "#/run") -> None:
        """Load the dashboard anew, at a view."""
        await self.page.goto("about:blank")
        await self.page.goto(f"{self.url}/{path}")

    async def go(self, path: str) -> None:
        """Go to a view as a link does."""
        await self.page.evaluate("(hash) => { location.hash = hash; }", path)

    def button(self, name: str) -> Locator:
        """Return the button of this name."""
        return self.page.get_by_role("button", name=name)

    async def shows(self, text: str) -> None:
        """Wait until a text is to be seen."""
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def write(self, text: str) -> None:
        """Fill the prompt of the Run view."""
        await self.page.locator("#run-primary").fill(text)

    async def open_section(self, name: str) -> None:
        """Open a section of the Run view's form, if it is not open."""
        section = self.page.locator("details", has=self.page.get_by_role("heading", name=name))
        await expect(section).to_be_visible()
        if await section.get_attribute("open") is None:
            await section.locator("summary").first.click()

    async def is_over(self) -> None:
        """Wait until the run that is shown has ended."""
        await expect(self.page.get_by_role("heading", level=2, name="Result", exact=True)).to_be_visible()

    async def path(self) -> str:
        """Return the address of the view."""
        return str(await self.page.evaluate("location.hash"))

    async def width(self) -> int:
        """Return how wide the page is, parts that stick out included."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth"))

    async def faults(self) -> list[str]:
        """Return what axe finds wrong for people with disabilities."""
        if not AXE.is_file():
            cannot("NOT LOOKED AT BY AXE: there is no node_modules; `make check` brings it")
        await self.page.evaluate(AXE.read_text())
        found: list[str] = await self.page.evaluate(_LOOK, _RULES)
        return found

    def _note_console(self, message: ConsoleMessage) -> None:
        if self.is_refusal_expected and message.text.startswith(_STATUS_REMARK):
            return
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note_error(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "about:", "blob:", "data:")):
            self.complaints.append(f"asked {request.url}")


@asynccontextmanager
async def open_tabs(
    browser: Browser,
    url: str,
    *,
    count: int = 1,
    size: ViewportSize = DESK,
    scheme: Literal["light", "dark"] = "light",
    **how: Any,
) -> AsyncGenerator[tuple[BrowserContext, Sequence[DashboardTab]]]:
    """Open tabs in a profile of their own, at the dashboard; at the end none may have complained."""
    context = await browser.new_context(viewport=size, color_scheme=scheme, **how)
    try:
        await context.add_init_script(_WATCH_POLICY)
        tabs = [DashboardTab(await context.new_page(), url) for _ in range(count)]
        for tab in tabs:
            await tab.open()
        yield context, tabs
        assert [complaint for tab in tabs for complaint in tab.complaints] == []
    finally:
        await context.close()
