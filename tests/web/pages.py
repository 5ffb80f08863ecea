"""Pages of a real browser with the JavaScript client in them, served from the gateway's own origin."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Route

WAIT_SECONDS = 60.0
# As strict as a page can be that runs the client: nothing inline, nothing from elsewhere.
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'"

Json = dict[str, Any]

_WATCH = """
async ({ how, client: options, method, args }) => {
  const { Client } = await import("/client.js");
  const client = (window.client = new Client(undefined, options));
  const abort = (window.abort = new AbortController());
  client.addEventListener("state", ({ detail }) => tell({ state: detail.name }));
  (async () => {
    try {
      for await (const item of client[method](...args, { ...how, signal: abort.signal })) await tell({ item });
      await tell({ isOver: true });
    } catch (error) {
      await tell({ error: { name: error.name, code: error.code, message: error.message } });
    }
  })();
}
"""


class ClientPage:
    """One tab; what its client tells can be waited for.

    Attributes:
        complaints: what the browser's console said that was no mere remark, and what was thrown and not caught.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._told: asyncio.Queue[Json] = asyncio.Queue()
        self._states: asyncio.Queue[str] = asyncio.Queue()

    async def prepare(self, url: str) -> None:
        """Open an empty page of the gateway's origin."""
        self.page.on("console", self._note_console)
        self.page.on("pageerror", self._note_error)
        await self.page.expose_function("tell", self._take)  # pyright: ignore[reportUnknownMemberType] # its own types
        await self.page.goto(f"{url}/empty.html")

    async def watch(self, method: str, *args: Any, client: Json | None = None, **how: Any) -> None:
        """Let a client made with these options run one of its loops; it tells each item."""
        await self.page.evaluate(_WATCH, {"how": how, "client": client or {}, "method": method, "args": args})

    async def next(self) -> Json:
        """Wait for the next thing that the loop tells."""
        async with asyncio.timeout(WAIT_SECONDS):
            return await self._told.get()

    async def until(self, kind: str, **fields: Any) -> list[Json]:
        """Wait for an item of this type and with these fields; return all on the way, it included."""
        items: list[Json] = []
        while True:
            told = await self.next()
            assert "item" in told, told
            items.append(told["item"])
            if items[-1]["type"] == kind and fields.items() <= items[-1].items():
                return items

    async def items_to_end(self) -> list[Json]:
        """Wait for the end of the loop and return all its items."""
        items: list[Json] = []
        while "item" in (told := await self.next()):
            items.append(told["item"])
        assert told.get("isOver") is True, told
        return items

    async def state(self, *names: str) -> str:
        """Wait until the connection is in one of these states."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (state := await self._states.get()) not in names:
                pass
        return state

    def _take(self, told: Json) -> None:
        if "state" in told:
            self._states.put_nowait(told["state"])
        else:
            self._told.put_nowait(told)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note_error(self, error: Error) -> None:
        self.complaints.append(str(error))


async def _serve_empty(route: Route) -> None:
    await route.fulfill(
        status=200, headers={"Content-Type": "text/html", "Content-Security-Policy": POLICY}, body="<!doctype html>"
    )


@asynccontextmanager
async def open_pages(
    browser: Browser, url: str, count: int = 1
) -> AsyncGenerator[tuple[BrowserContext, Sequence[ClientPage]]]:
    """Open tabs in a profile of their own, each an empty page of the gateway's origin under a strict policy."""
    context = await browser.new_context()
    try:
        await context.route("**/empty.html", _serve_empty)
        pages = [ClientPage(await context.new_page()) for _ in range(count)]
        for page in pages:
            await page.prepare(url)
        yield context, pages
    finally:
        await context.close()
