"""Well-behaved clients beside the attackers: they run pipelines, watch them on sockets that stay open, and compare.

Each must see exactly the log of every execution, in order, each event once; and the gateway must answer in time.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx

from stagecast.jetstream_log import JetStreamLog
from tests.fuzz.target import Target
from tests.sockets import Message, Socket, open_socket

SOCKETS = 3
_LOOK_SECONDS = 0.1  # between two questions whether it is alive
_PAUSE_SECONDS = 0.05  # between two executions
_RUNS: list[tuple[str, dict[str, Any]]] = [
    ("echo-v1", {"input": "x"}),
    ("chatter-v1", {"input": "word " * 400}),
    ("echo-v1", {"input": "y", "options": {"payload_bytes": 200_000}}),
    ("echo-v1", {"input": "z", "options": {"fail_stage": 3}}),
]


class Witness:
    """Watches until it is stopped.

    Attributes:
        faults: what was not as it should be.
        executions: how many were watched to their end.
        slowest_seconds: the longest that the gateway took to say that it is alive.
        at_work: held while an execution is watched; whoever else holds it has the gateway at rest.
    """

    def __init__(self, target: Target, log: JetStreamLog) -> None:
        self._target = target
        self._log = log
        self.faults: list[str] = []
        self.executions = 0
        self.slowest_seconds = 0.0
        self.at_work = asyncio.Lock()

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Watch as long as the context lasts; what has begun is watched to its end."""
        stop = asyncio.Event()
        async with AsyncExitStack() as sockets:
            url = self._target.url.replace("http", "ws", 1) + "/ws"
            watchers = [await sockets.enter_async_context(open_socket(url)) for _ in range(SOCKETS)]
            http = await sockets.enter_async_context(httpx.AsyncClient(base_url=self._target.url, timeout=60.0))
            anchor = await self._begin_anchor(http, watchers)
            await self._watch_one(http, watchers, 0)
            tasks = [asyncio.create_task(self._watch(http, watchers, stop)), asyncio.create_task(self._look(stop))]
            try:
                yield
            finally:
                stop.set()
                await asyncio.gather(*tasks)
                await http.post(f"/api/executions/{anchor}/cancel")

    async def _begin_anchor(self, http: httpx.AsyncClient, watchers: list[Socket]) -> str:
        """Have every socket watch an execution that does not end, so that none is idle between two others."""
        execution_id = await _run(http, "echo-v1", {"input": "x", "options": {"delay_ms": 600_000}})
        for watcher in watchers:
            assert (await watcher.subscribe(execution_id))["success"]
        return execution_id

    async def _watch(self, http: httpx.AsyncClient, watchers: list[Socket], stop: asyncio.Event) -> None:
        number = 1
        while not stop.is_set():
            try:
                async with self.at_work:
                    await self._watch_one(http, watchers, number)
            except Exception as error:
                self.faults.append(f"a good client met {error!r}")
                return
            number += 1
            await _wait(stop, _PAUSE_SECONDS)

    async def _watch_one(self, http: httpx.AsyncClient, watchers: list[Socket], number: int) -> None:
        pipeline, body = _RUNS[number % len(_RUNS)]
        execution_id = await _run(http, pipeline, body)
        self._target.executions.append(execution_id)
        following = [_follow(watcher, execution_id) for watcher in watchers]
        seen = await asyncio.gather(*following, _follow_stream(http, execution_id))
        stored = [json.loads(entry.data) for entry in await self._log.read(execution_id)]
        for each in seen:
            if each != stored:
                self.faults.append(f"{execution_id}: saw {_numbers(each)}, the log has {_numbers(stored)}")
        self.executions += 1

    async def _look(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                async with httpx.AsyncClient(base_url=self._target.url, timeout=60.0) as http:
                    assert (await http.get("/healthz")).status_code == 200
            except (httpx.HTTPError, AssertionError) as error:
                self.faults.append(f"/healthz: {error!r}")
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
            await _wait(stop, _LOOK_SECONDS)


async def _run(http: httpx.AsyncClient, pipeline: str, body: dict[str, Any]) -> str:
    reply = await http.post(f"/api/pipelines/{pipeline}/run", json=body)
    return str(reply.json()["executionId"])


async def _follow(watcher: Socket, execution_id: str) -> list[Message]:
    """Return the stored events that came, in the order in which they came."""
    await watcher.send({"type": "subscribe", "executionId": execution_id, "events": "all"})
    messages = await watcher.until_end(execution_id)
    watcher.received.clear()
    return [
        message
        for message in messages
        if message["executionId"] == execution_id and message.get("seq") is not None and message["type"] != "caught_up"
    ]


async def _follow_stream(http: httpx.AsyncClient, execution_id: str) -> list[Message]:
    """Return the stored events that came as server-sent events, which end by themselves."""
    text = (await http.get(f"/api/executions/{execution_id}/events?events=all")).text
    blocks = [block.split("\n") for block in text.split("\n\n") if block.startswith("id: ")]
    return [json.loads(data.removeprefix("data: ")) for _, data in blocks]


def _numbers(events: list[Message]) -> list[int]:
    return [event["seq"] for event in events]


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    await asyncio.wait({waiting := asyncio.create_task(stop.wait())}, timeout=seconds)
    waiting.cancel()
