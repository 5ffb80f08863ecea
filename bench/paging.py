"""(f) What a page of a list costs with few and with many rows, and what a search through many takes.

Pages of few and of many take turns; a new store or log object serves each, so nothing is kept from the page before. The
search is for one row in 10,000 by its text, and for one in 1,000 by its pipeline, page by page to the end: first with a
new object, which reads everything, then with the same one again, which has kept the rows. The files were written just
before, so the system has them in memory.
"""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.bare_log import opened_log
from bench.outcome import Figure, Outcome
from bench.services import resident_bytes
from contracts.events import ExecutionCompleted, ExecutionQueued
from contracts.ids import new_execution_id, output_filename
from contracts.results import PipelineInput, PipelineResult
from stagecast.broker import Broker, BrokerSettings
from stagecast.jetstream_log import JetStreamLog, LogSettings
from stagecast.log import ExecutionLog
from stagecast.outputs import OutputStore
from stagecast.selection import EVERYTHING, Selection
from tests.nats_server import NatsServer
from tests.processes import REPOSITORY

KEY = "f"
_FEW, _MANY = 100, 100_000
_PAGE = 100
_ROUNDS = 15
_PER_SECOND = 20  # how densely the made-up rows lie in time
_WORDS_PER_PROMPT = 80  # about 500 characters
_RARE, _PIPELINE = 10_000, 1_000  # one in so many has the text, is of the pipeline
_NEEDLE = "A Rare Needle"
_DEFINITION = {"id": "echo-v1", "name": "Echo", "stages": [{"id": "a", "call": "echo"}]}
_FIRST_MS = 1_760_000_000_000
_IN_FLIGHT = 64  # executions under way side by side while the log is filled
_SEED = 6
_NOISE = 0.15  # what medians of the same side differ by from run to run
_MOST_MS = 500.0  # a page of a search is looked for 300 ms, and then finishes its batch

_BY_TEXT = Selection(text=_NEEDLE.lower())
_BY_NOTHING = Selection(text="in no prompt at all")
_BY_PIPELINE = Selection(pipeline_id="rare-v1")
Page = Callable[[str | None, Selection], Awaitable[tuple[int, str | None]]]
"""Reads a page: how many rows it has, and where the next one begins."""


@dataclass(frozen=True, slots=True)
class Search:
    """What it took to look through everything once."""

    pages: Sequence[float]
    rows: int

    def figures(self, name: str) -> list[Figure]:
        """Say it in numbers."""
        return [
            Figure(f"{name}: first page", self.pages[0], "ms"),
            Figure("… longest page", max(self.pages), "ms", _MOST_MS, "at most"),
            Figure(f"… all {len(self.pages)} pages, {self.rows} rows", sum(self.pages) / 1000, "s"),
        ]


def made_results(count: int) -> Iterator[PipelineResult]:
    """Make results that lie evenly in time, with prompts of words of our documents."""
    chance = random.Random(_SEED)
    words = (REPOSITORY / "docs" / "pipeline-format.md").read_text().split()
    for number in range(count):
        prompt = " ".join(chance.choices(words, k=_WORDS_PER_PROMPT))
        yield PipelineResult(
            execution_id=new_execution_id(_FIRST_MS + number * 1000 // _PER_SECOND),
            pipeline_id="rare-v1" if number % _PIPELINE == 0 else "echo-v1",
            status="success",
            timestamp=datetime.now(UTC),
            input=PipelineInput(prompt=f"{prompt} {_NEEDLE}" if number % _RARE == 0 else prompt),
            output={"text": prompt},
        )


async def measure() -> Outcome:
    """Measure results, then executions."""
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        figures = await _results(Path(name), rounds)
    with tempfile.TemporaryDirectory() as name:
        figures += await _executions(Path(name), rounds)
    return Outcome(KEY, "A page of a list, and a search through 100,000 rows", figures, rounds)


async def _results(base: Path, rounds: list[dict[str, Any]]) -> list[Figure]:
    for count in (_FEW, _MANY):
        store = OutputStore.open(str(base / str(count)))
        for result in made_results(count):
            await store.save(result)

    def pages(count: int) -> Page:
        store = OutputStore.open(str(base / str(count)))

        async def read(before: str | None, selection: Selection) -> tuple[int, str | None]:
            page = await store.list(limit=_PAGE, before=before, selection=selection)
            return len(page.rows), page.next_before

        return read

    figures = await _compare("results", pages, rounds)
    figures += await _search("results", pages(_MANY), "one pipeline of 1,000", _BY_PIPELINE, rounds)
    before = resident_bytes(os.getpid())
    kept = pages(_MANY)
    figures += await _search("results", kept, "rare text", _BY_TEXT, rounds)
    grown = (resident_bytes(os.getpid()) - before) / 2**20
    figures += await _search("results", kept, "another text, rows kept", _BY_NOTHING, rounds)
    return [*figures, Figure(f"memory that {_MANY:,} kept rows take", grown, "MB")]


async def _executions(base: Path, rounds: list[dict[str, Any]]) -> list[Figure]:
    async with AsyncExitStack() as stack:
        brokers: dict[int, Broker] = {}
        for count in (_FEW, _MANY):
            (base / str(count)).mkdir()
            server = await stack.enter_async_context(NatsServer.start(base / str(count)))
            await _fill(await stack.enter_async_context(opened_log(server.url)), count)
            brokers[count] = broker = Broker(BrokerSettings(nats_url=server.url), name="bench")
            await broker.start()
            stack.push_async_callback(broker.close)
            await broker.wait_ready(10)

        def pages(count: int) -> Page:
            log = JetStreamLog(brokers[count], LogSettings())

            async def read(before: str | None, selection: Selection) -> tuple[int, str | None]:
                page = await log.list_executions(limit=_PAGE - 1, before=before, selection=selection)
                return len(page.executions), page.next_before

            return read

        figures = await _compare("executions", pages, rounds)
        kept = pages(_MANY)
        figures += await _search("executions", kept, "rare text", _BY_TEXT, rounds)
        return figures + await _search("executions", kept, "another text, rows kept", _BY_NOTHING, rounds)


async def _compare(kind: str, pages: Callable[[int], Page], rounds: list[dict[str, Any]]) -> list[Figure]:
    """Time the newest page of few and of many in turn."""
    times: dict[int, list[float]] = {_FEW: [], _MANY: []}
    for number in range(_ROUNDS + 1):
        for count, taken in times.items():
            read = pages(count)
            began = time.perf_counter()
            await read(None, EVERYTHING)
            if number:  # the first round warms up
                taken.append((time.perf_counter() - began) * 1000)
    rounds.append({"kind": kind, **{str(count): taken for count, taken in times.items()}})
    few, many = (statistics.median(taken) for taken in times.values())
    return [
        Figure(f"{kind}, newest page of {_FEW:,}", few, "ms"),
        Figure(f"{kind}, newest page of {_MANY:,}", many, "ms"),
        Figure("… many of few", many / few, "times", 1 + _NOISE, "at most"),
    ]


async def _search(
    kind: str, read: Page, title: str, selection: Selection, rounds: list[dict[str, Any]]
) -> list[Figure]:
    """Look through everything, page by page."""
    taken: list[float] = []
    rows, before = 0, None
    while not taken or before is not None:
        began = time.perf_counter()
        found, before = await read(before, selection)
        taken.append((time.perf_counter() - began) * 1000)
        rows += found
    rounds.append({"kind": kind, "search": title, "rows": rows, "pages": taken})
    return Search(taken, rows).figures(f"{kind} by {title}")


async def _fill(log: ExecutionLog, count: int) -> None:
    """Append a beginning and an end for each execution, many at a time, in order of submission."""
    results = list(made_results(count))
    for start in range(0, count, _IN_FLIGHT):
        part = results[start : start + _IN_FLIGHT]
        await asyncio.gather(*(log.append(_queued(one)) for one in part))
        await asyncio.gather(*(log.append(_completed(one)) for one in part))


def _queued(result: PipelineResult) -> ExecutionQueued:
    return ExecutionQueued(
        execution_id=result.execution_id,
        seq=0,
        pipeline_id=result.pipeline_id,
        pipeline=_DEFINITION,
        input=result.input.prompt,
    )


def _completed(result: PipelineResult) -> ExecutionCompleted:
    filename = output_filename(result.pipeline_id, result.execution_id)
    return ExecutionCompleted(execution_id=result.execution_id, seq=1, result=result, filename=filename)
