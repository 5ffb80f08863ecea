"""The dashboard for everyone: axe looks at every view, light, dark and on a phone; keyboard; text that is no markup."""

from collections.abc import AsyncGenerator
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize, expect

from tests.hostile_report import hostile
from tests.processes import Stack
from tests.report_examples import improved, no_clear_change, result_of
from tests.web.dashboard_stack import BREAK, STORY, dashboard_stack, submit
from tests.web.dashboard_tab import DESK, PHONE, DashboardTab, open_tabs
from tests.web.saved_results import save_result

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = (
    '<script>document.title = "owned"</script><img src=x onerror=\'document.title = "owned"\'> {{ 7 * 7 }} ${7 * 7}'
)


class Views:
    """The addresses of all views, each with something to show."""

    def __init__(self) -> None:
        self.by_name: dict[str, str] = {
            "run": "#/run",
            "run the story": f"#/run/{STORY}",
            "run the optimizer": "#/run/prompt-optimizer-v1",
            "run what is not there": "#/run/nothing-v1",
            "runs": "#/runs",
            "runs that are not there": "#/runs?q=nothing%20like%20this",
            "pipelines": "#/pipelines",
            "a pipeline's file": "#/pipelines/story-v1.yaml",
            "a broken file": "#/pipelines/broken.yaml",
            "no such file": "#/pipelines/nothing.yaml",
            "models": "#/models",
            "no such run": "#/runs/exec_1703187600000_abcdefghijklmnop",
            "no such page": "#/nothing/at/all",
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    async with dashboard_stack(tmp_path_factory.mktemp("everyone")) as stack:
        yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def views(stack: Stack) -> Views:
    views = Views()
    found = {
        "a better prompt": await save_result(stack.outputs, improved()),
        "no better prompt": await save_result(stack.outputs, no_clear_change()),
        "a hostile result": await save_result(
            stack.outputs, hostile(answer_length=3000, count=5), pipeline_id="prompt-optimizer-v1"
        ),
        "a text": await save_result(stack.outputs, result_of("A text of an answer.\n\n" * 50)),
    }
    ids = {name: result.execution_id for name, result in found.items()}
    ids["a failed run"] = await submit(stack, STORY, BREAK, wait_seconds=30)
    ids["a running run"] = await submit(stack, "echo-v1", "hello", delay_ms=600_000)
    views.by_name |= {name: f"#/runs/{execution_id}" for name, execution_id in ids.items()}
    views.by_name["two compared"] = f"#/compare/{ids['a better prompt']}/{ids['no better prompt']}"
    return views


async def settle(tab: DashboardTab, path: str) -> None:
    """Go to a view and wait until all that it asks for has come."""
    await tab.open(path)
    await expect(tab.page.get_by_role("heading", level=1)).to_have_count(1)
    await tab.page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light")], ids=["desk, light", "desk, dark", "phone"]
)
async def test_every_view_is_as_everyone_needs_it(
    stack: Stack, views: Views, browser: Browser, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    faults: dict[str, Any] = {}
    async with open_tabs(browser, stack.url, size=size, scheme=scheme) as (_, [tab]):
        tab.is_refusal_expected = True
        for name, path in views.by_name.items():
            await settle(tab, path)
            if found := await tab.faults():
                faults[name] = found
            if await tab.width() > size["width"]:
                faults[f"{name}, its width"] = await tab.width()
    assert faults == {}


async def test_what_looks_like_markup_or_a_template_stays_text(stack: Stack, browser: Browser) -> None:
    execution_id = await submit(stack, "echo-v1", HOSTILE, wait_seconds=30)
    async with open_tabs(browser, stack.url) as (_, [tab]):
        for path in ("#/runs", f"#/runs/{execution_id}", f"#/compare/{execution_id}/{execution_id}"):
            await settle(tab, path)
            await tab.page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
            await expect(tab.page.get_by_text("{{ 7 * 7 }}").first).to_be_visible()
            assert await tab.page.locator("main script, main img").count() == 0
            assert "owned" not in await tab.page.title()
        await settle(tab, f"#/run/echo-v1?from={execution_id}")
        await expect(tab.page.locator("#run-primary")).to_have_value(HOSTILE)
        assert "owned" not in await tab.page.title()


async def test_the_browser_refuses_to_make_markup_or_scripts_of_text(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await settle(tab, "#/models")
        assert await refusal(tab, "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')") == "TypeError"
        assert await refusal(tab, "document.querySelector('main').innerHTML = '<b>x</b>'") == "TypeError"
        await tab.page.evaluate(_INLINE)
        await tab.page.wait_for_function("window.refused.length >= 2")
        refused = ["img-src", "require-trusted-types-for"]
        assert await tab.page.evaluate("[window.ran, window.refused.sort()]") == [None, refused]
        policy = [said for said in tab.complaints if "Content Security Policy" in said or said.startswith("policy: ")]
        assert len(policy) >= 2, "the watch over the policy, which holds for every test, sees what it is there for"
        tab.complaints.clear()


_INLINE = """
() => {
  window.refused = [];
  document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.effectiveDirective));
  const image = document.createElement("img");
  image.src = "http://127.0.0.1:1/x.png";
  const script = document.createElement("script");
  script.append("window.ran = true");
  document.body.append(image, script);
}
"""


async def refusal(tab: DashboardTab, script: str) -> str | None:
    """Return the name of the error that a script of the page gets."""
    attempt = f"() => {{ try {{ {script}; return null; }} catch (error) {{ return error.name; }} }}"
    name: str | None = await tab.page.evaluate(attempt)
    return name


async def test_with_reduced_motion_nothing_moves(stack: Stack, views: Views, browser: Browser) -> None:
    async with open_tabs(browser, stack.url, reduced_motion="reduce") as (_, [tab]):
        await settle(tab, views.by_name["a running run"])
        moving = "document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 1).length"
        assert await tab.page.evaluate(moving) == 0


async def test_a_new_view_is_read_from_its_beginning(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.page.get_by_role("link", name="Models").click()
        await expect(tab.page.get_by_role("main")).to_be_focused()
        await expect(tab.page.get_by_role("link", name="Models")).to_have_attribute("aria-current", "page")
        await tab.open()
        await tab.page.keyboard.press("Tab")
        await expect(tab.page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await tab.page.keyboard.press("Enter")
        await expect(tab.page.get_by_role("main")).to_be_focused()
