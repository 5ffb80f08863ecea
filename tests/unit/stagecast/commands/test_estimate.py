"""`estimate` as a process, and the question that `run` asks on a terminal, against a server that tells a story."""

import asyncio
import json
import os
import signal
from dataclasses import dataclass, field
from typing import Any

import pytest

from contracts.estimate import CostRange, CountRange, Estimate, StageEstimate
from contracts.pipeline import Budget
from tests.command_line import WAIT_SECONDS, Ended, end_of, stagecast, start_command
from tests.story_server import EXECUTION_ID, Story, telling

SUBMIT = "POST /api/pipelines/demo/run"
ESTIMATE = "POST /api/pipelines/demo/estimate"
ACCEPTED = (200, {"executionId": EXECUTION_ID, "pipelineId": "demo", "status": "started"})
QUESTION = "Run it? [Y/n]"
NOTHING = CountRange.of(0)


def estimate_of(high_usd: float | None, **fields: Any) -> Estimate:
    calls = CountRange(low=1, expected=2, high=1200)
    cost = None if high_usd is None else CostRange(low=0, expected=high_usd / 2, high=high_usd)
    amounts: dict[str, Any] = {"calls": calls, "input_tokens": calls, "output_tokens": calls, "cost": cost}
    free = CostRange(low=0, expected=0, high=0)
    nothing: dict[str, Any] = dict.fromkeys(("calls", "input_tokens", "output_tokens"), NOTHING) | {"cost": free}
    stages = (
        StageEstimate(stage_id="a", stage_name="First", model="openai:x", **amounts),
        StageEstimate(stage_id="b", stage_name="Second", model=None, reason="not needed", **nothing),
    )
    known: dict[str, Any] = {"is_complete": True, "budget": None, "limited_by_budget": False, **fields}
    return Estimate(pipeline_id="demo", stages=stages, assumptions=("The moon is\nround.",), **amounts, **known)


def story_of(estimate: Estimate | None) -> Story:
    replies: dict[str, tuple[int, object]] = {SUBMIT: ACCEPTED}
    if estimate is not None:
        replies[ESTIMATE] = (200, estimate.model_dump(mode="json"))
    return Story(replies=replies)


async def test_an_estimate_is_a_table_of_stages_the_whole_and_what_it_stands_on() -> None:
    async with telling(story_of(estimate_of(0.5))) as story:
        ended = await stagecast("estimate", "demo", "--input", "hi", "-o", "n=2", url=story.url)
    assert story.requests == [(ESTIMATE, {"input": "hi", "options": {"n": 2}})]
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "First\topenai:x\t2 (1-1,200)\t2 (1-1,200)\t2 (1-1,200)\t$0.25 ($0-$0.50)",
        "Second\tskipped: not needed\t\t\t\t",
        "Total\t\t2 (1-1,200)\t2 (1-1,200)\t2 (1-1,200)\t$0.25 ($0-$0.50)",
        "",
        "Expected: 2 model calls, $0.25. At most: 1,200 calls, $0.50.",
        "- The moon is round.",
    ]


async def test_json_prints_the_estimate_as_it_came() -> None:
    estimate = estimate_of(None, is_complete=False)
    async with telling(story_of(estimate)) as story:
        ended = await stagecast("estimate", "demo", "--input", "-", "--json", url=story.url, text=b"hi")
    assert Estimate.model_validate_json(ended.out) == estimate
    assert json.loads(ended.out)["isComplete"] is False


async def test_a_pipeline_that_is_not_there_is_told_in_a_sentence() -> None:
    async with telling(Story()) as story:
        ended = await stagecast("estimate", "nope", "--input", "x", url=story.url)
    assert (ended.code, ended.out) == (1, "")
    assert "There is no pipeline 'nope'; `stagecast pipelines` lists them." in ended.err


@dataclass
class Terminal:
    """A terminal that a command is started on: what it shows is gathered, what is typed goes in."""

    controller: int
    shown: bytearray = field(default_factory=bytearray)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def read(self) -> None:
        try:
            self.shown.extend(os.read(self.controller, 65536))
        except OSError:  # the last one who had the terminal open has gone
            asyncio.get_running_loop().remove_reader(self.controller)
        self.changed.set()

    async def until(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while self.shown.decode().count(text) < times:
                self.changed.clear()
                await self.changed.wait()

    def type(self, text: str) -> None:
        os.write(self.controller, text.encode())


async def run_on_terminal(
    story: Story, *arguments: str, typed: tuple[str, ...] = (), env: dict[str, str] | None = None
) -> tuple[Ended, str]:
    """Run the demo with a terminal as stdin and stderr; each text is typed after one more question."""
    controller, device = os.openpty()
    terminal = Terminal(controller)
    asyncio.get_running_loop().add_reader(controller, terminal.read)
    try:
        command = ("run", "demo", "--input", "hi", "--detach", *arguments)
        process = await start_command(*command, url=story.url, stdin=device, stderr=device, env=env)
        for times, text in enumerate(typed, 1):
            await terminal.until(QUESTION, times)
            if text == "^C":
                process.send_signal(signal.SIGINT)
            else:
                terminal.type(text)
        ended = await end_of(process)
    finally:
        os.close(device)
        asyncio.get_running_loop().remove_reader(controller)
    terminal.read()
    os.close(controller)
    return ended, " ".join(terminal.shown.decode().split())


def asked(story: Story) -> list[str]:
    return [what for what, _ in story.requests]


@pytest.mark.parametrize("answer", ["\n", "y\n", "Yes\n"])
async def test_a_run_that_costs_more_than_a_cent_is_asked_about_and_yes_runs_it(answer: str) -> None:
    async with telling(story_of(estimate_of(0.5))) as story:
        ended, shown = await run_on_terminal(story, typed=(answer,))
    assert (ended.code, ended.out) == (0, f"{EXECUTION_ID}\n")
    assert "Expected: 2 model calls, $0.25. At most: 1,200 calls, $0.50. Run it? [Y/n]" in shown
    assert asked(story) == [ESTIMATE, SUBMIT]


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("NO\n", 1), ("\x04", 1), ("^C", 130)])
async def test_no_is_no_and_nothing_is_spent(answer: str, code: int) -> None:
    async with telling(story_of(estimate_of(None))) as story:
        ended, shown = await run_on_terminal(story, typed=(answer,))
    assert (ended.code, ended.out) == (code, "")
    assert shown.endswith("Not run; nothing was spent.")
    assert asked(story) == [ESTIMATE]


async def test_what_counts_is_the_most_that_it_may_cost() -> None:
    async with telling(story_of(estimate_of(0.015))) as story:
        ended, _ = await run_on_terminal(story, typed=("n\n",))
    assert ended.code == 1


async def test_an_answer_that_is_neither_is_asked_for_again() -> None:
    async with telling(story_of(estimate_of(0.5))) as story:
        ended, _ = await run_on_terminal(story, typed=("what?\n", "y\n"))
    assert ended.code == 0


async def test_the_budget_that_ends_a_run_is_named() -> None:
    estimate = estimate_of(0.5, limited_by_budget=True, budget=Budget(usd=0.1, calls=5000))
    async with telling(story_of(estimate)) as story:
        _, shown = await run_on_terminal(story, typed=("n\n",))
    assert "At most: 1,200 calls, $0.50; its budget ends it at $0.1." in shown


@pytest.mark.parametrize("estimate", [estimate_of(0.0), estimate_of(0.01)])
async def test_a_run_that_costs_next_to_nothing_is_not_asked_about_and_says_nothing_new(estimate: Estimate) -> None:
    async with telling(story_of(estimate)) as story:
        ended, shown = await run_on_terminal(story)
    assert (ended.code, ended.out, shown) == (0, f"{EXECUTION_ID}\n", "")


async def test_yes_in_advance_asks_nothing_not_even_the_gateway() -> None:
    for arguments, env in ((("--yes",), {}), (("-y",), {}), ((), {"STAGECAST_YES": "1"})):
        async with telling(story_of(estimate_of(0.5))) as story:
            ended, _ = await run_on_terminal(story, *arguments, env=env)
        assert ended.code == 0
        assert asked(story) == [SUBMIT]


async def test_a_gateway_that_knows_no_estimates_is_no_obstacle() -> None:
    async with telling(story_of(None)) as story:
        ended, shown = await run_on_terminal(story)
    assert (ended.code, shown) == (0, "")
    assert asked(story) == [ESTIMATE, SUBMIT]


async def test_without_a_terminal_nobody_is_asked() -> None:
    async with telling(story_of(estimate_of(0.5))) as story:
        assert (await stagecast("run", "demo", "--input", "-", "--detach", url=story.url, text=b"n\n")).code == 0
    assert asked(story) == [SUBMIT]
