"""Times a page of results and a page of executions with few and with many of them, in turn, in one run.

    python bench/paging.py [--many 100000] [--rounds 15]

Prints medians in milliseconds and the ratio many/few. A new store or log object serves each page, so nothing is cached.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from contracts.events import ExecutionCompleted, ExecutionQueued, encode
from contracts.ids import new_execution_id, output_filename
from contracts.results import PipelineInput, PipelineResult
from contracts.subjects import log_subject
from stagecast.broker import Broker, BrokerSettings
from stagecast.jetstream_log import JetStreamLog, LogSettings
from stagecast.outputs import OutputStore
from tests.nats_server import NatsServer

FEW = 100
PAGE = 100
RESULTS_PER_SECOND = 20  # how densely the made-up results lie in time
DEFINITION = {"id": "echo-v1", "name": "Echo", "stages": [{"id": "a", "call": "echo"}]}
FIRST_MS = 1_760_000_000_000
IN_FLIGHT = 16  # executions under way side by side while the log is filled

Page = Callable[[], Awaitable[object]]


def ids(count: int) -> list[str]:
    """Make execution ids that lie evenly in time."""
    return [new_execution_id(FIRST_MS + number * 1000 // RESULTS_PER_SECOND) for number in range(count)]


def result_of(execution_id: str) -> PipelineResult:
    """Make a small result."""
    return PipelineResult(
        execution_id=execution_id,
        pipeline_id="echo-v1",
        status="success",
        timestamp=datetime.now(UTC),
        input=PipelineInput(prompt="hello"),
        output={"text": "hello"},
    )


async def fill_outputs(directory: Path, count: int) -> None:
    """Save results."""
    store = OutputStore.open(str(directory))
    for execution_id in ids(count):
        await store.save(result_of(execution_id))


async def fill_log(broker: Broker, count: int) -> None:
    """Append a beginning and an end for each execution, many at a time."""
    free = asyncio.Semaphore(IN_FLIGHT)

    async def put(event: ExecutionQueued | ExecutionCompleted) -> None:
        async with free:
            await broker.request(log_subject(event.execution_id, event.type, event.seq), encode(event))

    for start in range(0, count, IN_FLIGHT):
        part = ids(min(IN_FLIGHT, count - start))
        await asyncio.gather(
            *(
                put(ExecutionQueued(execution_id=one, seq=0, pipeline_id="echo-v1", pipeline=DEFINITION, input="x"))
                for one in part
            )
        )
        await asyncio.gather(
            *(
                put(
                    ExecutionCompleted(
                        execution_id=one, seq=1, result=result_of(one), filename=output_filename("echo-v1", one)
                    )
                )
                for one in part
            )
        )


async def compare(title: str, few: Page, many: Page, counts: tuple[int, int], rounds: int) -> None:
    """Time both pages in turn and print a row."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for side, page in enumerate((few, many)):
            began = time.perf_counter()
            await page()
            if number:  # the first round warms up
                times[side].append((time.perf_counter() - began) * 1000)
    low, high = (statistics.median(side) for side in times)
    print(f"{title:<28}{counts[0]:>9,}: {low:7.1f} ms{counts[1]:>11,}: {high:7.1f} ms   ratio {high / low:.2f}")


async def outputs(base: Path, many: int, rounds: int) -> None:
    """Compare pages of results."""
    for name, count in (("few", FEW), ("many", many)):
        await fill_outputs(base / name, count)

    def page(name: str) -> Page:
        return lambda: OutputStore.open(str(base / name)).list(limit=PAGE, before=None)

    await compare("results, newest page", page("few"), page("many"), (FEW, many), rounds)


async def executions(base: Path, many: int, rounds: int) -> None:
    """Compare pages of executions, each on a broker of its own."""
    logs: list[tuple[Broker, JetStreamLog]] = []
    (base / "a").mkdir()
    (base / "b").mkdir()
    async with NatsServer.start(base / "a") as first, NatsServer.start(base / "b") as second:
        for server, count in ((first, FEW), (second, many)):
            broker = Broker(BrokerSettings(nats_url=server.url), name="bench")
            await broker.start()
            await broker.wait_ready(10)
            log = JetStreamLog(broker, LogSettings())
            await log.open()
            await fill_log(broker, count)
            logs.append((broker, log))

        def page(index: int) -> Page:
            async def read() -> object:
                return await JetStreamLog(logs[index][0], LogSettings()).list_executions(limit=PAGE - 1)

            return read

        await compare("executions, newest page", page(0), page(1), (FEW, many), rounds)
        for broker, log in logs:
            await log.close()
            await broker.close()


async def main() -> None:
    """Run both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        await outputs(Path(name), options.many, options.rounds)
    with tempfile.TemporaryDirectory() as name:
        await executions(Path(name), options.many, options.rounds)


if __name__ == "__main__":
    asyncio.run(main())
