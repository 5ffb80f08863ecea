"""The client against a real server that misbehaves on order."""

import asyncio
import subprocess
import sys
from contextlib import aclosing
from typing import Literal

import pytest

from contracts.envelope import StoredEvent
from contracts.errors import ExecutionNotFound, GatewayUnreachable, InvalidId, RequestRefused
from contracts.events import ExecutionCompleted, StageOutput
from stagecast.client import Client
from stagecast.updates import Update
from tests.processes import free_port
from tests.story_server import EXECUTION_ID, FILENAME, Story, demo_events, demo_result, live_text, telling

WAIT_SECONDS = 20.0


async def follow(story: Story, *, after: int = -1, events: Literal["default", "all"] = "default") -> list[Update]:
    async with asyncio.timeout(WAIT_SECONDS), Client(story.url) as client:
        return [event async for event in client.follow(EXECUTION_ID, after=after, events=events)]


def numbers(events: list[Update]) -> list[int]:
    return [event.seq for event in events if isinstance(event, StoredEvent)]


async def test_following_yields_every_event_in_order_and_ends_with_the_terminal_one():
    async with telling(Story()) as story:
        events = await follow(story)
    assert numbers(events) == list(range(8))
    assert isinstance(events[-1], ExecutionCompleted)
    assert story.subscriptions == [{"type": "subscribe", "executionId": EXECUTION_ID}]


async def test_a_dropped_connection_goes_on_after_the_last_number_seen():
    async with telling(Story(drop_after=[3, 0, 2])) as story:
        events = await follow(story)
    assert numbers(events) == list(range(8))
    assert [request.get("after") for request in story.subscriptions] == [None, 2, 2, 4]


async def test_an_event_that_comes_again_is_dropped():
    async with telling(Story(drop_after=[5], replay=True)) as story:
        assert numbers(await follow(story)) == list(range(8))


async def test_where_all_events_were_asked_for_a_missing_number_makes_it_subscribe_again_from_before_the_hole():
    async with telling(Story(leave_out=[{3}])) as story:
        events = await follow(story, events="all")
    assert numbers(events) == list(range(8))
    assert [request.get("after") for request in story.subscriptions] == [None, 2]
    assert [request.get("events") for request in story.subscriptions] == ["all", "all"]


async def test_else_a_missing_number_is_one_of_the_journal_and_no_reason_to_ask_again():
    async with telling(Story(leave_out=[{3, 6}])) as story:
        events = await follow(story)
    assert numbers(events) == [0, 1, 2, 4, 5, 7]
    assert story.subscriptions == [{"type": "subscribe", "executionId": EXECUTION_ID}]


async def test_after_a_gap_a_lost_connection_goes_on_after_the_last_number_seen():
    async with telling(Story(leave_out=[{3}], drop_after=[4])) as story:
        events = await follow(story)
    assert numbers(events) == [0, 1, 2, 4, 5, 6, 7]
    assert [request.get("after") for request in story.subscriptions] == [None, 4]


async def test_live_text_passes_and_does_not_disturb_the_numbers():
    live = live_text("Hel").model_dump(by_alias=True, mode="json")
    async with telling(Story(interludes={3: live})) as story:
        events = await follow(story)
    assert [type(event) for event in events].index(StageOutput) == 3
    assert numbers(events) == list(range(8))


async def test_an_event_of_an_unknown_kind_is_left_out_but_counted():
    strange = {"type": "stage:from_the_future", "executionId": EXECUTION_ID, "seq": 3}
    async with telling(Story(interludes={4: strange}, leave_out=[{3}])) as story:
        events = await follow(story)
    assert numbers(events) == [0, 1, 2, 4, 5, 6, 7]
    assert len(story.subscriptions) == 1


async def test_an_error_message_of_the_server_makes_it_subscribe_again():
    error = {"type": "error", "message": "too slow", "executionId": EXECUTION_ID}
    async with telling(Story(interludes={3: error})) as story:
        assert numbers(await follow(story)) == list(range(8))
    assert len(story.subscriptions) == 2


async def test_events_already_seen_are_not_asked_for():
    async with telling(Story()) as story:
        assert numbers(await follow(story, after=5)) == [6, 7]
    assert story.subscriptions[0]["after"] == 5


async def test_following_an_unknown_execution_says_so():
    other = "exec_1790000000000_bbbbbbbbbbbbbbbb"
    async with telling(Story()) as story, Client(story.url) as client:
        with pytest.raises(ExecutionNotFound):
            await anext(client.follow(other))


async def test_a_malformed_id_never_leaves_the_client():
    async with telling(Story()) as story, Client(story.url) as client:
        for call in (client.execution("../x"), client.cancel("exec_*"), anext(client.follow("exec_1.>"))):
            with pytest.raises(InvalidId):
                await call
    assert (story.requests, story.subscriptions) == ([], [])


async def test_a_gateway_that_is_not_there_is_told_at_once_with_what_to_start():
    async with asyncio.timeout(WAIT_SECONDS), Client(f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises(GatewayUnreachable, match="stagecast up"):
            await client.pipelines()
        with pytest.raises(GatewayUnreachable, match="stagecast up"):
            await anext(client.follow(EXECUTION_ID))


async def test_a_lost_connection_that_does_not_come_back_in_time_is_told():
    seen: list[Update] = []
    async with telling(Story(drop_after=[3] + [0] * 100)) as story, Client(story.url, reconnect_seconds=1.5) as client:
        with pytest.raises(GatewayUnreachable):
            async for event in client.follow(EXECUTION_ID):
                seen.append(event)
    assert numbers(seen) == [0, 1, 2]
    assert len(story.subscriptions) > 1


async def test_leaving_early_closes_the_connection_and_cancels_nothing():
    story = Story(hold_at=2)
    async with telling(story), Client(story.url) as client, aclosing(client.follow(EXECUTION_ID)) as events:
        await anext(events)
    assert story.requests == []


async def test_a_submission_carries_input_and_options_and_returns_the_id():
    reply = {"executionId": EXECUTION_ID, "pipelineId": "demo", "status": "started"}
    story = Story(replies={"POST /api/pipelines/demo/run": (200, reply)})
    async with telling(story), Client(story.url, token="abc") as client:
        assert await client.submit("demo", "hello", {"n": 2}) == EXECUTION_ID
    assert story.requests == [("POST /api/pipelines/demo/run", {"input": "hello", "options": {"n": 2}})]
    assert story.headers[0]["authorization"] == "Bearer abc"


async def test_an_error_of_the_gateway_keeps_its_code_sentence_and_status():
    async with telling(Story()) as story, Client(story.url) as client:
        with pytest.raises(RequestRefused, match="Pipeline not found") as caught:
            await client.submit("nope", "hello")
    assert (caught.value.code, caught.value.status) == ("pipeline_not_found", 404)


@pytest.mark.parametrize("content", ["<h1>Bad gateway</h1>", "[1, 2]"])
async def test_an_error_that_is_not_of_our_shape_is_told_by_its_status(content: str):
    story = Story(replies={"GET /api/pipelines": (502, content)})
    async with telling(story), Client(story.url) as client:
        with pytest.raises(RequestRefused, match="502 Bad Gateway") as caught:
            await client.pipelines()
    assert caught.value.status == 502


async def test_an_answer_of_something_else_is_told_as_such():
    story = Story(replies={"GET /api/pipelines": (200, "<h1>Welcome</h1>")})
    async with telling(story), Client(story.url) as client:
        with pytest.raises(RequestRefused, match="not one of a stagecast gateway"):
            await client.pipelines()


async def test_outputs_are_listed_by_page_and_read_by_name():
    result = demo_result().model_dump(by_alias=True, mode="json")
    story = Story(
        replies={
            f"GET /api/outputs?limit=5&before={FILENAME}": (200, []),
            f"GET /api/outputs/{FILENAME}": (200, result),
            f"GET /api/outputs/{FILENAME}?format=md": (200, "# Übersicht\n"),
            f"GET /api/outputs/{FILENAME}?format=html": (200, "<!doctype html>"),
        }
    )
    async with telling(story), Client(story.url) as client:
        assert list(await client.outputs(limit=5, before=FILENAME)) == []
        assert (await client.output(FILENAME)).output == {"optimizedPrompt": "Better hello"}
        assert await client.report(FILENAME) == "# Übersicht\n"
        assert await client.report(FILENAME, "html") == "<!doctype html>"


async def test_cancelling_tells_whether_there_was_something_to_cancel():
    async with telling(Story()) as story, Client(story.url) as client:
        assert await client.cancel(EXECUTION_ID) is True


async def test_finishing_tells_whether_there_was_something_to_finish():
    ended = {f"POST /api/executions/{EXECUTION_ID}/finish": (200, {"finishing": False})}
    for story, is_finishing in ((Story(), True), (Story(replies=dict(ended)), False)):
        async with telling(story), Client(story.url) as client:
            assert await client.finish(EXECUTION_ID) is is_finishing


async def test_waiting_for_readiness_tells_what_is_missing():
    story = Story(replies={"GET /readyz": (200, {"ready": True, "broker": True, "runners": 1})})
    async with telling(story), Client(story.url) as client:
        await client.wait_ready(WAIT_SECONDS, runners=1)
        with pytest.raises(GatewayUnreachable, match="1 of 2 runners"):
            await client.wait_ready(0, runners=2)
        story.replies["GET /readyz"] = (503, {"ready": False, "broker": False, "runners": 0})
        with pytest.raises(GatewayUnreachable, match="broker does not answer"):
            await client.wait_ready(0)


async def test_the_log_can_be_read_without_waiting_for_more():
    events = [event.model_dump(by_alias=True, mode="json") for event in demo_events()[3:]]
    strange = {"type": "stage:from_the_future", "executionId": EXECUTION_ID, "seq": 8}
    reply = {"executionId": EXECUTION_ID, "status": "success", "from": 3, "to": 8, "events": [*events, strange]}
    path = f"GET /api/executions/{EXECUTION_ID}/events?stream=false&after=2&events=all"
    async with telling(Story(replies={path: (200, reply)})) as story, Client(story.url) as client:
        log = await client.events(EXECUTION_ID, after=2, events="all")
    assert [event.type for event in log.events] == [event["type"] for event in events]
    assert (log.status, log.from_, log.to, log.recovered, log.snapshot) == ("success", 3, 8, True, None)


@pytest.mark.parametrize("more", [{}, {"status": "success"}, {"status": "asleep", "events": []}])
async def test_a_log_that_is_none_is_told(more: dict[str, object]):
    reply = {"executionId": EXECUTION_ID, **more}
    path = f"GET /api/executions/{EXECUTION_ID}/events?stream=false"
    async with telling(Story(replies={path: (200, reply)})) as story, Client(story.url) as client:
        with pytest.raises(RequestRefused) as caught:
            await client.events(EXECUTION_ID)
    assert caught.value.code == "bad_reply"


def test_the_package_gives_the_client_lazily():
    script = (
        "import sys, stagecast\n"
        "assert 'httpx' not in sys.modules\n"
        "from stagecast import Client\n"
        "assert Client.__module__ == 'stagecast.client'\n"
        "assert not hasattr(stagecast, 'nothing')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
