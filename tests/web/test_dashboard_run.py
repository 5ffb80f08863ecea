"""The form of the Run view in a real Chromium: what is pasted, what comes back, what is told, and that all is seen."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Request, expect

from tests.processes import Stack
from tests.web.dashboard_stack import STORY, dashboard_stack
from tests.web.dashboard_tab import PHONE, open_tabs

pytestmark = pytest.mark.asyncio(loop_scope="module")

CASES = "question,expected\nWhat is 2 + 2?,4\nName the capital of France.,Paris\n"
_INHERITED = """
id: inherited-v1
name: Inherited
inputs:
  primary: text
  text: {type: string}
  constructor: {type: string, default: ""}
  toString: {type: string, default: ""}
  valueOf: {type: boolean, default: false}
stages:
  - {id: only, name: Only, call: echo, with: {stage: 1, text: "{{ inputs.text }}"}}
output: "{{ stages.only.output }}"
"""
_LONG = "word" * 60
_MANY_STAGES = f"""
id: many-v1
name: Many Stages
description: {_LONG}
inputs:
  primary: text
  text: {{type: string, description: {_LONG}}}
  code: {{type: string, pattern: "^[A-Z]+$"}}
  kind: {{const: fixed}}
  people: {{type: array, items: {{type: object}}}}
  sure: {{type: [boolean, "null"], default: null, description: {_LONG}}}
stages:
  - {{id: first, name: First, needs: [], call: echo, with: {{stage: 1}}}}
  - {{id: look1, name: Look 1, needs: [first], call: echo, with: {{stage: 2}}}}
  - {{id: look2, name: Look 2, needs: [first], call: echo, with: {{stage: 2}}}}
  - {{id: look3, name: Look 3, needs: [first], call: echo, with: {{stage: 2}}}}
  - {{id: look4, name: Look 4, needs: [first], call: echo, with: {{stage: 2}}}}
  - {{id: look5, name: Look 5, needs: [first], call: echo, with: {{stage: 2}}}}
  - {{id: join, name: Join, needs: [look1, look2, look3, look4, look5], call: echo, with: {{stage: 3}}}}
  - {{id: draft, name: Draft, needs: [join], call: echo, with: {{stage: 4}}}}
  - {{id: review, name: Review, needs: [draft], call: echo, with: {{stage: 5}}}}
  - {{id: last, name: Last, needs: [review], call: echo, with: {{stage: 6}}}}
output: "{{{{ stages.last.output }}}}"
"""
# What has the focus and is wholly under the bar with Run, or null.
_HIDDEN_FOCUS = """
() => {
  const bar = document.querySelector(".run-bar");
  const focused = document.activeElement;
  if (focused === document.body || bar.contains(focused)) return null;
  const [over, under] = [bar.getBoundingClientRect(), focused.getBoundingClientRect()];
  return under.top >= over.top && under.bottom <= over.bottom ? focused.outerHTML.slice(0, 200) : null;
}
"""
_TYPE_HALF = """
() => {
  const field = document.querySelector("#run-primary");
  field.value = "cut \\ud83d";
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  field.focus();
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    directory = tmp_path_factory.mktemp("run_form")
    async with dashboard_stack(directory) as stack:
        (directory / "pipelines" / "inherited.yaml").write_text(_INHERITED)
        (directory / "pipelines" / "many.yaml").write_text(_MANY_STAGES)
        yield stack


def options_in(request: Request) -> dict[str, Any]:
    sent: dict[str, dict[str, Any]] = json.loads(request.post_data or "")
    return sent["options"]


async def test_pasted_rows_are_read_by_themselves_and_belong_to_the_draft(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/run/prompt-optimizer-v1")
        await tab.write("Answer in one word: {question}")
        await tab.open_section("Options")
        box = tab.page.get_by_label("or paste the rows").first
        await box.fill(CASES)
        await tab.page.reload()  # before anything read them
        await expect(box).to_have_value(CASES)
        await tab.shows("2 rows from what was pasted")
        await tab.shows("Name the capital of France.")


async def test_a_run_waits_until_the_pasted_rows_are_read(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        tab.is_refusal_expected = True
        await tab.open("#/run/prompt-optimizer-v1")
        await tab.write("Answer in one word: {question}")
        await tab.open_section("Options")
        box = tab.page.get_by_label("or paste the rows").first
        await box.fill("question,weight,match\nx,1,9\n")
        await box.press("Control+Enter")
        await tab.shows("pasted, line 2")
        await expect(tab.page.get_by_role("group", name="Cases")).to_be_focused()
        await box.fill(CASES)
        async with tab.page.expect_request("**/estimate") as asking:
            await box.press("Control+Enter")
        assert len(options_in(await asking.value)["cases"]) == 2


async def test_back_leads_to_the_form_as_it_was_run(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open(f"#/run/{STORY}")
        await tab.write("a lighthouse to come back to")
        await tab.open_section("Options")
        await tab.page.get_by_label("Words").fill("33")
        await tab.button("Run").click()
        await tab.page.get_by_role("dialog").get_by_role("button", name="Run").click()
        await tab.is_over()
        await tab.page.go_back()
        await expect(tab.page.locator("#run-primary")).to_have_value("a lighthouse to come back to")
        await expect(tab.page.get_by_label("Words")).to_have_value("33")
        await tab.go(f"#/run/{STORY}")  # opened anew, it is empty
        await expect(tab.page.locator("#run-primary")).to_have_value("")


async def test_inputs_may_be_called_as_what_objects_inherit(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/run/inherited-v1")
        await tab.open_section("Options")
        await tab.page.get_by_label("ToString").fill("as text")
        await tab.write("hello")
        async with tab.page.expect_request("**/estimate") as asking:
            await tab.shows("0 calls")
        assert options_in(await asking.value) == {"toString": "as text"}


async def test_a_gateway_that_hangs_before_the_estimate_can_be_left(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/run/echo-v1")
        await expect(tab.page.locator("#run-primary")).to_be_visible()
        await tab.page.route("**/estimate", lambda _: None)  # nothing ever answers
        await tab.write("hello")
        await tab.button("Run").click()
        await tab.shows("The gateway does not answer")
        await tab.shows("Nothing was started yet.")
        await tab.button("Stop").click()
        await expect(tab.page.locator(".run-start")).to_contain_text("Run")
        await tab.page.unroute_all()


async def test_a_gateway_that_hangs_before_the_rows_are_read_can_be_left(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/run/prompt-optimizer-v1")
        await tab.write("Answer {question}")
        await tab.open_section("Options")
        await tab.page.route("**/options", lambda _: None)
        await tab.page.get_by_label("or paste the rows").first.fill(CASES)
        await tab.page.keyboard.press("Control+Enter")
        await tab.shows("Reading the rows…")
        await tab.button("Stop").click()
        await expect(tab.page.locator(".run-start")).to_contain_text("Run")
        await tab.page.unroute_all()


@pytest.mark.parametrize("height", [450, 640])
async def test_the_bar_never_hides_what_has_the_focus(stack: Stack, browser: Browser, height: int) -> None:
    async with open_tabs(browser, stack.url, size={"width": 640, "height": height}) as (_, [tab]):
        await tab.open("#/run/prompt-optimizer-v1")
        await expect(tab.page.locator("#run-primary")).to_be_visible()
        for name in ("Options", "Models", "Budget"):
            await tab.open_section(name)
        for key in ("Tab", "Shift+Tab"):
            for _ in range(50):
                await tab.page.keyboard.press(key)
                assert await tab.page.evaluate(_HIDDEN_FOCUS) is None


async def test_the_stages_are_drawn_as_a_graph_before_they_run(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/run/many-v1")
        stages = tab.page.get_by_role("list", name="Stages")
        await expect(stages.get_by_role("listitem")).to_have_count(10)
        await expect(tab.page.locator(".graph path.edge")).to_have_count(13)
        await stages.get_by_role("button", name="Look 3").click()
        await tab.shows("calls the function")
        await tab.page.locator("summary", has_text="Stages").click()
        await tab.page.reload()
        await expect(tab.page.locator("#run-primary")).to_be_visible()
        await expect(stages).not_to_be_visible()  # it stays as one likes it


async def test_words_without_an_end_do_not_widen_the_page(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url, size=PHONE) as (_, [tab]):
        await tab.open("#/run/many-v1")
        await expect(tab.page.locator("#run-primary")).to_be_visible()
        await tab.open_section("Options")
        assert await tab.width() == PHONE["width"]


async def test_rules_are_told_before_they_are_broken(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/run/many-v1")
        await tab.shows("It must match ^[A-Z]+$")
        await expect(tab.page.get_by_label("Kind").locator("option:checked")).to_have_text("fixed")
        await expect(tab.page.get_by_role("group", name="People").get_by_label("or paste the rows")).to_be_visible()
        await tab.open_section("Options")
        await expect(tab.page.get_by_label("Sure").locator("option")).to_have_text(["yes", "no", "not given"])


async def test_half_a_character_can_be_run(stack: Stack, browser: Browser) -> None:
    async with open_tabs(browser, stack.url) as (_, [tab]):
        await tab.open("#/run/echo-v1")
        await expect(tab.page.locator("#run-primary")).to_be_visible()
        await tab.page.evaluate(_TYPE_HALF)
        await tab.page.keyboard.press("Control+Enter")
        await tab.is_over()
        async with stack.http() as http:
            reply = await http.get(f"/api/executions/{(await tab.path()).removeprefix('#/runs/')}")
        assert reply.raise_for_status().json()["result"]["input"]["prompt"] == "cut \ufffd"
