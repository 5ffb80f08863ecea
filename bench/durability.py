"""Times appends on one node that flushes to the disk now and then, on one that does so each time, and on three.

    python bench/durability.py [--rounds 3] [--single 300] [--many 3000]

Prints medians over the rounds, which the brokers take in turn: milliseconds of an append made after the one before, and
appends a second with 64 executions in flight. All nodes share this machine's processors and its disk.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from contracts.events import ExecutionCancelRequested
from contracts.ids import new_execution_id
from stagecast.broker import Broker, BrokerSettings
from stagecast.jetstream_log import JetStreamLog, LogSettings
from tests.nats_cluster import NatsCluster
from tests.nats_server import NatsServer

IN_FLIGHT = 64


@dataclass
class Contender:
    """One kind of broker, and what was measured on it."""

    title: str
    log: JetStreamLog
    latencies_ms: list[float] = field(default_factory=list[float])
    rates: list[float] = field(default_factory=list[float])


async def append_many(log: JetStreamLog, count: int) -> list[float]:
    """Append events of one execution, each after the one before; return how long each took, in milliseconds."""
    execution_id = new_execution_id()
    took: list[float] = []
    for seq in range(count):
        began = time.perf_counter()
        await log.append(ExecutionCancelRequested(execution_id=execution_id, seq=seq))
        took.append((time.perf_counter() - began) * 1000)
    return took


async def measure(contender: Contender, single: int, many: int) -> None:
    """Measure one round."""
    contender.latencies_ms.append(statistics.median(await append_many(contender.log, single)))
    each = many // IN_FLIGHT
    began = time.perf_counter()
    await asyncio.gather(*(append_many(contender.log, each) for _ in range(IN_FLIGHT)))
    contender.rates.append(each * IN_FLIGHT / (time.perf_counter() - began))


@asynccontextmanager
async def connected(title: str, url: str, replicas: int) -> AsyncGenerator[Contender]:
    """Connect to a broker and make the log there."""
    broker = Broker(BrokerSettings(nats_url=url), name="bench")
    await broker.start()
    await broker.wait_ready(10)
    log = JetStreamLog(broker, LogSettings(log_replicas=replicas))
    await log.open()
    yield Contender(title, log)
    await log.close()
    await broker.close()


async def start_all(stack: AsyncExitStack, base: Path) -> Sequence[Contender]:
    """Start every kind of broker as long as the stack lasts."""
    contenders: list[Contender] = []
    for title, sync in (("one node, disk every 2 minutes", "2m"), ("one node, disk each time", "always")):
        directory = base / f"one-{sync}"
        directory.mkdir()
        server = await stack.enter_async_context(NatsServer.start(directory, sync_interval=sync))
        contenders.append(await stack.enter_async_context(connected(title, server.url, 1)))
    for title, sync in (("three nodes, disk every 2 minutes", "2m"), ("three nodes, disk each time", "always")):
        cluster = await stack.enter_async_context(NatsCluster.start(base / f"three-{sync}", sync_interval=sync))
        contenders.append(await stack.enter_async_context(connected(title, cluster.url, 3)))
    return contenders


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--single", type=int, default=300)
    parser.add_argument("--many", type=int, default=3000)
    options = parser.parse_args()
    async with AsyncExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contenders = await start_all(stack, base)
        for contender in contenders:
            await append_many(contender.log, 20)  # warms up
        for _ in range(options.rounds):
            for contender in contenders:
                await measure(contender, options.single, options.many)
        print(f"{'':<36}{'one by one':>14}{f'{IN_FLIGHT} in flight':>18}")
        for contender in contenders:
            latency, rate = statistics.median(contender.latencies_ms), statistics.median(contender.rates)
            print(f"{contender.title:<36}{latency:>11.2f} ms{rate:>14,.0f} / s")


if __name__ == "__main__":
    asyncio.run(main())
