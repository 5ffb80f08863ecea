"""Server-sent events: what `curl` and a browser's `EventSource` get, over real HTTP and a real broker."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.events import LogEvent
from contracts.ids import new_execution_id
from stagecast.jetstream_log import JetStreamLog
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.integration.test_gateway_events import result_of
from tests.nats_server import NatsServer
from tests.unit.gateway.faulty_log import until

WAIT_SECONDS = 20.0


@pytest.fixture
async def log(shared_nats: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(shared_nats.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


def run_of(example: Example) -> list[LogEvent]:
    return [
        example.queued(),
        example.started(),
        example.stage_started(2),
        example.call_completed(3),
        example.stage_completed(4),
        example.completed(5),
    ]


async def append(log: JetStreamLog, *events: LogEvent) -> None:
    for event in events:
        await log.append(event)


@dataclass
class Block:
    """One event of a stream, its fields as they came."""

    id: str | None = None
    event: str | None = None
    data: Any = None
    comments: list[str] = field(default_factory=list[str])


class Reader:
    """Reads a stream block by block, as the HTML standard says."""

    def __init__(self, reply: httpx.Response) -> None:
        self.reply = reply
        self._lines = reply.aiter_lines()

    async def next(self) -> Block:
        """Wait for the next block that is not only a comment or a hint."""
        while (block := await self.next_of_all()).data is None:
            pass
        return block

    async def next_of_all(self) -> Block:
        """Wait for the next block; raises `StopAsyncIteration` at the end of the stream."""
        block = Block()
        async with asyncio.timeout(WAIT_SECONDS):
            while (line := await anext(self._lines)) != "":
                name, _, value = line.partition(": ")
                match name:
                    case "id":
                        block.id = value
                    case "event":
                        block.event = value
                    case "data":
                        block.data = json.loads(value)
                    case _:
                        block.comments.append(line)
        return block

    async def rest(self) -> list[Block]:
        """Read to the end."""
        blocks: list[Block] = []
        while True:
            try:
                blocks.append(await self.next())
            except StopAsyncIteration:
                return blocks


@asynccontextmanager
async def stream(gateway: RunningGateway, execution_id: str, query: str = "", **headers: str) -> AsyncGenerator[Reader]:
    url = f"/api/executions/{execution_id}/events{query}"
    async with gateway.http.stream("GET", url, headers={k.replace("_", "-"): v for k, v in headers.items()}) as reply:
        yield Reader(reply)


async def test_history_the_marker_and_what_happens_then_come_as_events_of_a_stream(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    events = run_of(example)
    await append(log, *events[:2])
    async with stream(gateway, example.id) as reader:
        assert reader.reply.status_code == 200
        assert reader.reply.headers["content-type"].startswith("text/event-stream")
        assert reader.reply.headers["cache-control"] == "no-cache, no-transform"
        assert reader.reply.headers["x-accel-buffering"] == "no"
        assert (await reader.next_of_all()).comments == ["retry: 2000"]
        welcome = await reader.next()
        assert (welcome.event, welcome.id) == ("subscribed", None)
        assert (welcome.data["from"], welcome.data["to"], welcome.data["recovered"]) == (0, 1, True)
        assert [((block := await reader.next()).id, block.event, block.data["seq"]) for _ in range(2)] == [
            ("0", None, 0),
            ("1", None, 1),
        ]
        marker = await reader.next()
        assert (marker.event, marker.data["seq"]) == ("caught_up", 1)
        await append(log, events[2])
        assert (await reader.next()).id == "2"
        await log.publish_text(example.stage_output("Once upon a time"))
        text = await reader.next()
        assert (text.id, text.data["text"]) == (None, "Once upon a time")
        await append(log, *events[3:])
        assert [block.id for block in await reader.rest()] == ["4", "5"]  # and the answer ends
    await until(lambda: gateway.watched_count == 0)


@pytest.mark.parametrize(("query", "headers"), [("?after=2", {}), ("?after=0", {"Last_Event_ID": "2"})])
async def test_it_goes_on_after_the_last_event_seen(
    gateway: RunningGateway, log: JetStreamLog, query: str, headers: dict[str, str]
) -> None:
    example = Example()
    await append(log, *run_of(example))
    async with stream(gateway, example.id, query, **headers) as reader:
        assert [block.id for block in await reader.rest() if block.event is None] == ["4", "5"]
    async with stream(gateway, example.id, f"{query}&events=all", **headers) as reader:
        assert [block.id for block in await reader.rest() if block.event is None] == ["3", "4", "5"]


async def test_a_browser_that_comes_back_after_the_end_is_told_to_stay_away(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    await append(log, *run_of(example))
    for last in ("5", "end"):
        async with stream(gateway, example.id, Last_Event_ID=last) as reader:
            assert reader.reply.status_code == 204
    async with stream(gateway, example.id, Last_Event_ID="17") as reader:  # a number that the log has lost
        assert [block.data["type"] for block in await reader.rest()] == [
            "subscribed",
            "execution:completed",
            "caught_up",
        ]
    await until(lambda: gateway.watched_count == 0)


async def test_an_execution_that_has_left_the_log_ends_the_stream_with_its_saved_result(
    gateway: RunningGateway,
) -> None:
    example = Example()
    await gateway.outputs.save(result_of(example))
    async with stream(gateway, example.id) as reader:
        blocks = await reader.rest()
    assert [(block.event, block.id) for block in blocks] == [("subscribed", None), (None, "end"), ("caught_up", None)]
    assert blocks[0].data["recovered"] is False
    log = (await gateway.http.get(f"/api/executions/{example.id}/events?stream=false")).json()
    assert (log["recovered"], log["snapshot"]["id"]) == (False, example.id)
    assert [event["type"] for event in log["events"]] == ["execution:completed"]


async def test_the_log_so_far_is_had_as_json(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, *run_of(example)[:5])
    url = f"/api/executions/{example.id}/events?stream=false"
    reply = await gateway.http.get(url)
    assert reply.headers["content-type"] == "application/json"
    body = reply.json()
    assert {name: body[name] for name in ("executionId", "status", "from", "to", "recovered")} == {
        "executionId": example.id,
        "status": "running",
        "from": 0,
        "to": 4,
        "recovered": True,
    }
    stored = [json.loads(entry.data) for entry in await log.read(example.id)]
    assert body["events"] == [event for event in stored if event["seq"] != 3]
    assert (await gateway.http.get(f"{url}&events=all&after=1")).json()["events"] == stored[2:]
    assert (await gateway.http.get(f"{url}&after=4")).json()["events"] == []
    await until(lambda: gateway.watched_count == 0)


async def test_a_silence_is_filled_with_comments(log: JetStreamLog, tmp_path: Path) -> None:
    example = Example()
    await append(log, example.queued())
    async with (
        running_gateway(log, tmp_path, sse_heartbeat_seconds=0.01) as gateway,
        stream(gateway, example.id) as reader,
    ):
        while not (block := await reader.next_of_all()).comments or block.comments == ["retry: 2000"]:
            pass
        assert block.comments == [": nothing new"]
        await append(log, *run_of(example)[1:])
        assert [block.id for block in await reader.rest() if block.event is None][-1] == "5"


async def test_a_client_that_leaves_leaves_nothing(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, example.queued())
    async with stream(gateway, example.id) as reader:
        await reader.next()
        assert gateway.watched_count == 1
    await until(lambda: gateway.watched_count == 0)


async def test_a_gateway_that_goes_down_ends_its_streams_in_order(log: JetStreamLog, tmp_path: Path) -> None:
    example = Example()
    await append(log, example.queued())
    async with running_gateway(log, tmp_path) as gateway, stream(gateway, example.id) as reader:
        await reader.next()
        gateway.server.should_exit = True
        await reader.rest()  # a stream that is cut off would raise


async def test_what_cannot_be_streamed_is_told_as_every_error(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, example.queued())
    for execution_id in (new_execution_id(), "exec_1", "*"):
        reply = await gateway.http.get(f"/api/executions/{execution_id}/events")
        assert (reply.status_code, reply.json()["code"]) == (404, "execution_not_found")
    for query, headers in (("?after=x", {}), ("?after=-2", {}), ("?events=some", {}), ("", {"Last-Event-ID": "x"})):
        reply = await gateway.http.get(f"/api/executions/{example.id}/events{query}", headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_input")
