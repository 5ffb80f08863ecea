"""(g) The dashboard's first load: until one can type, and what comes over the wire.

A real Chromium opens the Run view of one gateway on loopback, in a new profile each time (nothing is kept from before),
then again in the same profile, where files are only asked about. What is told is the page's own clock when the prompt's
field stands there with its form around it, and the bytes of the answers with their headers.
"""

import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Request, async_playwright

from bench.outcome import Figure, Outcome
from bench.services import running_services

KEY = "g"
_ROUNDS = 15
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FIELD = "#run-primary"
_NOTE_READY = """
new MutationObserver((_, observer) => {
  if (document.querySelector("#run-primary") === null) return;
  observer.disconnect();
  window.readyMs = performance.now();
}).observe(document, { childList: true, subtree: true });
"""


async def measure() -> Outcome:
    """Load it again and again."""
    binary = next(filter(None, map(shutil.which, _NAMES)), None)
    with tempfile.TemporaryDirectory() as directory:
        async with running_services(Path(directory)) as services, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=binary, args=_FLAGS)
            try:
                await _round(browser, f"http://127.0.0.1:{services.port}")  # the first one of all wakes up the browser
                rounds = [await _round(browser, f"http://127.0.0.1:{services.port}") for _ in range(_ROUNDS)]
            finally:
                await browser.close()
    return _outcome(rounds)


async def _round(browser: Browser, url: str) -> dict[str, float]:
    context = await browser.new_context()
    try:
        await context.add_init_script(_NOTE_READY)
        first = await _load(context, url)
        again = await _load(context, url)
    finally:
        await context.close()
    return {
        "first_ms": first[0],
        "first_bytes": first[1],
        "first_files": first[2],
        "again_ms": again[0],
        "again_bytes": again[1],
    }


async def _load(context: BrowserContext, url: str) -> tuple[float, int, int]:
    """Return the milliseconds, the bytes and how many answers there were until one can type."""
    page = await context.new_page()
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    await page.goto(f"{url}/#/run")
    await page.locator(_FIELD).press("a")
    ready: float = await page.evaluate("window.readyMs")
    sizes = [await request.sizes() for request in asked.copy()]
    await page.close()
    return ready, sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes), len(sizes)


def _outcome(rounds: list[dict[str, float]]) -> Outcome:
    def median(name: str) -> float:
        return statistics.median(one[name] for one in rounds)

    figures = [
        Figure("nothing kept: until one can type", median("first_ms"), "ms", 1000, "at most"),
        Figure("… over the wire", median("first_bytes") / 1024, "KiB", 150, "at most"),
        Figure("… in so many answers", median("first_files"), ""),
        Figure("files kept: until one can type", median("again_ms"), "ms"),
        Figure("… over the wire", median("again_bytes") / 1024, "KiB"),
    ]
    return Outcome(KEY, "The dashboard's first load, in Chromium on loopback", figures, rounds)
