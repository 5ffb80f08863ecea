"""An execution in its submitter's hand: submitted once, iterated, awaited, against a server that loses answers."""

import asyncio
from typing import assert_type

import pytest

from contracts.errors import GatewayUnreachable, RequestRefused
from contracts.events import ExecutionCompleted
from contracts.requests import RerunReply, RunReply
from stagecast import Client, Run
from tests.story_server import EXECUTION_ID, Story, telling

WAIT_SECONDS = 20.0
SUBMIT = "POST /api/pipelines/demo/run"
RERUN = f"POST /api/executions/{EXECUTION_ID}/rerun"
ACCEPTED = {"executionId": EXECUTION_ID, "pipelineId": "demo", "status": "started"}


def story() -> Story:
    return Story(replies={SUBMIT: (200, ACCEPTED)})


async def test_iterating_submits_and_yields_every_event_up_to_the_end():
    async with telling(story()) as told, Client(told.url) as client:
        run = client.run("demo", "hello", options={"n": 2})
        with pytest.raises(RuntimeError, match="submitted"):
            _ = run.execution_id
        types = [event.type async for event in run]
        assert (types[0], types[-1], len(types)) == ("execution:queued", "execution:completed", 8)
        assert run.execution_id == EXECUTION_ID
        assert (await run.result()).output == {"optimizedPrompt": "Better hello"}
    assert told.requests == [(SUBMIT, {"input": "hello", "options": {"n": 2}})]
    assert len(told.subscriptions) == 1


async def test_the_result_can_be_awaited_at_once():
    async with telling(story()) as told, Client(told.url) as client:
        run = client.run("demo", "hello")
        assert_type(run, Run[RunReply])
        assert (await run.result()).status == "success"


async def test_however_many_ask_it_is_submitted_once():
    async with telling(story()) as told, Client(told.url) as client:
        run = client.run("demo", "hello")
        await asyncio.gather(run.submit(), run.result(), run.result(), run.submit())
    assert [what for what, _ in told.requests] == [SUBMIT]


async def test_who_tries_again_after_giving_up_submits_the_same_execution():
    told = story()
    told.first_replies = [None] * 3
    async with telling(told), Client(told.url, reconnect_seconds=0.1) as client:
        run = client.run("demo", "hello")
        with pytest.raises(GatewayUnreachable):
            await run.submit()
        told.first_replies.clear()
        assert (await run.result()).status == "success"
    assert len({headers["idempotency-key"] for headers in told.headers}) == 1


async def test_what_is_refused_is_told_at_the_first_event():
    async with telling(Story()) as told, Client(told.url) as client:
        with pytest.raises(RequestRefused, match="Pipeline not found"):
            await anext(aiter(client.run("nope", "hello")))


async def test_it_can_be_followed_from_a_number_on_and_cancelled():
    async with telling(story()) as told, Client(told.url) as client:
        run = client.run("demo", "hello")
        with pytest.raises(RuntimeError, match="submitted"):
            await run.cancel()
        assert [event.type async for event in run.follow(after=5)] == ["stage:completed", "execution:completed"]
        assert await run.cancel() is True


async def test_it_can_be_asked_to_finish():
    async with telling(story()) as told, Client(told.url) as client:
        run = client.run("demo", "hello")
        with pytest.raises(RuntimeError, match="submitted"):
            await run.finish()
        await run.submit()
        assert await run.finish() is True
        assert told.requests[-1] == (f"POST /api/executions/{EXECUTION_ID}/finish", None)


async def test_a_rerun_is_the_same_and_tells_what_is_reused():
    reply = {**ACCEPTED, "rerunOf": EXECUTION_ID, "reused": ["one"]}
    async with telling(Story(replies={RERUN: (200, reply)})) as told, Client(told.url) as client:
        run = client.rerun(EXECUTION_ID, from_stage="two")
        assert_type(run, Run[RerunReply])
        assert (await run.submit()).reused == ("one",)
        events = [event async for event in run]
        assert isinstance(events[-1], ExecutionCompleted)
    assert told.requests == [(RERUN, {"fromStage": "two"})]


async def test_what_was_submitted_is_followed_though_the_gateway_is_away_just_then():
    told = story()
    async with asyncio.timeout(WAIT_SECONDS):
        async with telling(told), Client(told.url) as client:
            run = client.run("demo", "hello")
            await run.submit()
            told.refused_handshakes = 2
            assert (await run.result()).status == "success"
    assert len(told.subscriptions) == 1
