"""(e) How many executions that wait for a model one runner holds at once, and what that adds to each.

A server of OpenAI's protocol answers each call after the same time. Executions are submitted evenly over part of it, so
that all of them wait together, and nothing is measured but waiting: how fast runs start is bench (a).
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.outcome import Figure, Outcome
from bench.services import Services, cpu_seconds, resident_bytes, running_services
from bench.slow_model import SlowModel
from bench.watcher import TERMINAL, Watcher

KEY = "e"
_EXECUTIONS = 1_100
_ANSWER_SECONDS = 30.0
_BEGINNING = 2 / 3  # of that time: while executions are still being submitted
_WATCHERS = 20  # sockets; the subscriptions of one are limited

_PIPELINE = """
format: 1
id: wait-v1
name: Wait
inputs: {{primary: text, text: {{type: string}}}}
models: {{slow: {{use: "openai:slow", base_url: "{url}/v1", price: {{input: 1, output: 1}}}}}}
defaults: {{model: slow, retries: 0, timeout: 5m}}
stages:
  - {{id: ask, prompt: {{user: "{{{{ inputs.text }}}}"}}}}
"""


async def measure() -> Outcome:
    """Measure one alone, then all together."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        async with SlowModel.start(_ANSWER_SECONDS) as model:
            (directory / "wait-v1.yaml").write_text(_PIPELINE.format(url=model.url))
            settings = {
                "STAGECAST_PIPELINES_DIR": name,
                "STAGECAST_CONCURRENCY": str(2 * _EXECUTIONS),
                "STAGECAST_MODEL_CONNECTIONS": str(2 * _EXECUTIONS),
                "OPENAI_API_KEY": "none is needed",
            }
            async with (
                running_services(directory / "services", env=settings) as services,
                Watching.open(services) as watching,
            ):
                return await _measure(services, watching, model)


class Watching:
    """Submits, and hears of ends, over a few sockets that are shared."""

    def __init__(self, services: Services, watchers: list[Watcher]) -> None:
        self._http = [services.http() for _ in watchers]
        self._free = [asyncio.Lock() for _ in watchers]
        self._watchers = watchers
        self._ends: dict[str, asyncio.Future[None]] = {}
        self._readers = [asyncio.create_task(self._read(watcher)) for watcher in watchers]

    @classmethod
    @asynccontextmanager
    async def open(cls, services: Services) -> AsyncGenerator["Watching"]:
        """Connect for as long as the context lasts."""
        self = cls(services, [await Watcher.connect(services.ws_url) for _ in range(_WATCHERS)])
        try:
            yield self
        finally:
            for reader in self._readers:
                reader.cancel()
            await asyncio.gather(*self._readers, return_exceptions=True)
            for watcher in self._watchers:
                await watcher.close()

    async def run(self, number: int, pause: float = 0.0) -> float:
        """Wait for one's turn, run to the end; return the seconds from the submission."""
        await asyncio.sleep(number * pause)
        place = number % len(self._watchers)
        async with self._free[place]:
            began = time.perf_counter()
            started = await self._http[place].post("/api/pipelines/wait-v1/run", {"input": f"number {number}"})
            execution_id = started["executionId"]
            end = self._ends[execution_id] = asyncio.get_running_loop().create_future()
            await self._watchers[place].subscribe(execution_id)
        await end
        return time.perf_counter() - began

    async def _read(self, watcher: Watcher) -> None:
        while True:
            message = await watcher.receive()
            if TERMINAL in message:
                event = json.loads(message)
                if event["result"]["status"] != "success":
                    raise RuntimeError(f"a run ended otherwise: {event['result']['error']}")
                self._ends.pop(event["executionId"]).set_result(None)


async def _measure(services: Services, watching: Watching, model: SlowModel) -> Outcome:
    if services.runner is None:
        raise RuntimeError("there is a runner")
    model.seconds = 0.0
    await watching.run(0)  # loads the provider's library
    model.seconds = _ANSWER_SECONDS
    alone = await watching.run(0)
    pid, model.most = services.runner.child.pid, 0
    before, used = resident_bytes(pid), cpu_seconds(pid)
    pause = _ANSWER_SECONDS * _BEGINNING / _EXECUTIONS
    runs = [asyncio.create_task(watching.run(number, pause)) for number in range(_EXECUTIONS)]
    await asyncio.sleep(_ANSWER_SECONDS * 0.9)  # all wait by then, and none has its answer
    memory = resident_bytes(pid) - before
    together = await asyncio.gather(*runs)
    used = cpu_seconds(pid) - used
    many = statistics.median(together)
    slowest = sorted(together)[len(together) * 99 // 100]
    figures = [
        Figure("waiting at once in one runner", model.most, "executions", 1_000),
        Figure("one alone", alone, "s"),
        Figure(f"one of {_EXECUTIONS:,}, median", many, "s"),
        Figure("… added", (many / alone - 1) * 100, "%", 10.0, "at most"),
        Figure("… added, slowest of a hundred", (slowest / alone - 1) * 100, "%", 10.0, "at most"),
        Figure("runner's memory for each", memory / _EXECUTIONS / 1024, "KiB"),
        Figure("runner's processor time for each", used / _EXECUTIONS * 1000, "ms"),
    ]
    title = f"Executions that wait for a model ({_ANSWER_SECONDS:g} s, OpenAI's protocol over HTTP) in one runner"
    rounds: list[dict[str, Any]] = [{"alone": alone, "together": [round(seconds, 3) for seconds in together]}]
    return Outcome(KEY, title, figures, rounds)
