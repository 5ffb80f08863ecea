"""Submissions against a real server that loses answers on order: what is repeated, with which key, and for how long."""

import asyncio

import pytest

from contracts.errors import RequestRefused
from stagecast.client import Client
from tests.story_server import EXECUTION_ID, Story, telling

WAIT_SECONDS = 20.0
ACCEPTED = {"executionId": EXECUTION_ID, "pipelineId": "demo", "status": "started"}
AWAY = {"error": "Execution failed to start", "code": "log_unavailable"}


def keys_of(story: Story) -> list[str | None]:
    return [headers.get("idempotency-key") for headers in story.headers]


async def test_a_submission_whose_answer_was_lost_is_repeated_with_the_same_key():
    story = Story(
        replies={"POST /api/pipelines/demo/run": (200, ACCEPTED)},
        first_replies=[None, (500, AWAY), (503, AWAY), (502, "<h1>Bad gateway</h1>")],
    )
    async with telling(story), Client(story.url) as client:
        assert await client.submit("demo", "hello") == EXECUTION_ID
    assert len(story.requests) == 5
    assert len(set(keys_of(story))) == 1
    assert story.requests[0] == story.requests[4]


async def test_each_submission_has_a_key_of_its_own():
    story = Story(replies={"POST /api/pipelines/demo/run": (200, ACCEPTED)})
    async with telling(story), Client(story.url) as client:
        await client.submit("demo", "hello")
        await client.submit("demo", "hello")
    first, second = keys_of(story)
    assert None not in (first, second)
    assert first != second


async def test_a_submission_is_repeated_for_so_long_and_no_longer():
    story = Story(replies={"POST /api/pipelines/demo/run": (500, AWAY)})
    async with telling(story), Client(story.url, reconnect_seconds=0.5) as client, asyncio.timeout(WAIT_SECONDS):
        with pytest.raises(RequestRefused, match="failed to start"):
            await client.submit("demo", "hello")
    assert 1 < len(story.requests) < 5


@pytest.mark.parametrize("status", [400, 404, 409, 413, 429, 500])
async def test_what_was_refused_for_a_reason_that_stays_is_not_repeated(status: int):
    story = Story(replies={"POST /api/pipelines/demo/run": (status, {"error": "no", "code": "some_reason"})})
    async with telling(story), Client(story.url) as client:
        with pytest.raises(RequestRefused):
            await client.submit("demo", "hello")
    assert len(story.requests) == 1


async def test_cancelling_and_reading_are_not_repeated():
    async with telling(Story(first_replies=[(503, AWAY), (503, AWAY)])) as story, Client(story.url) as client:
        for call in (client.execution(EXECUTION_ID), client.pipelines()):
            with pytest.raises(RequestRefused):
                await call
    assert keys_of(story) == [None, None]


async def test_a_rerun_says_what_is_changed_and_returns_what_is_reused():
    other = EXECUTION_ID.replace("aaaa", "bbbb")
    reply = {**ACCEPTED, "executionId": other, "rerunOf": EXECUTION_ID, "reused": ["one", "two"]}
    what = f"POST /api/executions/{EXECUTION_ID}/rerun"
    async with telling(Story(replies={what: (200, reply)})) as story, Client(story.url) as client:
        answer = await client.rerun(EXECUTION_ID).submit()
        await client.rerun(EXECUTION_ID, from_stage="three", input="other", options={}).submit()
    assert (answer.execution_id, answer.rerun_of, answer.reused) == (other, EXECUTION_ID, ("one", "two"))
    assert story.requests == [(what, {}), (what, {"fromStage": "three", "input": "other", "options": {}})]
    assert None not in keys_of(story)
