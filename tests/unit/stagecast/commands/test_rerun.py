"""`rerun` as a process, against a real server that tells a given story."""

import pytest

from contracts.results import PipelineResult
from tests.command_line import stagecast
from tests.story_server import EXECUTION_ID, Story, telling

EARLIER = EXECUTION_ID.replace("aaaa", "bbbb")
RERUN = f"POST /api/executions/{EARLIER}/rerun"


def story_of(*reused: str) -> Story:
    reply = {"executionId": EXECUTION_ID, "pipelineId": "demo", "status": "started", "rerunOf": EARLIER}
    return Story(replies={RERUN: (200, {**reply, "reused": reused})})


async def test_a_rerun_says_what_is_reused_and_follows_the_new_execution_to_its_end():
    async with telling(story_of("one", "two")) as story:
        ended = await stagecast("rerun", EARLIER, url=story.url)
    assert (ended.code, ended.out) == (0, "Better hello\n")
    assert ended.err.startswith(f"Running {EARLIER} again; reused: one, two.\n")
    assert "[1/3] First: completed" in ended.err
    assert story.requests == [(RERUN, {})]
    assert story.subscriptions[0]["executionId"] == EXECUTION_ID


async def test_what_is_changed_is_sent_and_nothing_else():
    async with telling(story_of()) as story:
        arguments = ("--from-stage", "two", "--input", "-", "-o", "n=2", "-o", "mode=fast")
        ended = await stagecast("rerun", EARLIER, *arguments, url=story.url, text="grüße".encode())
    assert story.requests == [(RERUN, {"fromStage": "two", "input": "grüße", "options": {"n": 2, "mode": "fast"}})]
    assert "every stage runs anew" in ended.err


async def test_json_prints_the_result_and_nothing_else():
    async with telling(story_of("one")) as story:
        ended = await stagecast("rerun", EARLIER, "--json", url=story.url)
    assert PipelineResult.model_validate_json(ended.out).execution_id == EXECUTION_ID
    assert (ended.code, ended.err) == (0, "")


async def test_detached_it_prints_the_new_id_and_leaves():
    async with telling(story_of("one")) as story:
        ended = await stagecast("rerun", EARLIER, "--detach", url=story.url)
    assert (ended.code, ended.out, ended.err) == (0, f"{EXECUTION_ID}\n", "")
    assert story.subscriptions == []


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        ((409, {"error": "The execution has not ended.", "code": "execution_running"}), "has not ended"),
        ((404, {"error": "Execution not found", "code": "execution_not_found"}), "Execution not found"),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(reply: tuple[int, object], sentence: str):
    async with telling(Story(replies={RERUN: reply})) as story:
        ended = await stagecast("rerun", EARLIER, url=story.url)
    assert (ended.code, ended.out) == (1, "")
    assert sentence in ended.err
    assert "Traceback" not in ended.err
