"""(d) What a late subscriber costs, with few and with many executions in the log.

Two brokers, each with a gateway, one filled with 1,000 executions and one with 60,000, by appends like a runner's. One
client after the other subscribes to an execution that ended long ago, drawn by lot, and reads it to its end; the two
take turns. Before that, executions are read until the broker has each of its files in memory: it reads them by 8 MB and
forgets them after some seconds, so whoever is first to look into an old one waits longer, which is told apart.
"""

import random
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench.bare_log import fill, opened_log
from bench.outcome import Figure, Outcome
from bench.services import running_services
from bench.watcher import CAUGHT_UP, TERMINAL, Watcher

KEY = "d"
_SETTINGS = {"STAGECAST_WS_MESSAGES_PER_SECOND": "100000"}  # one subscription after the other
_COUNTS = (1_000, 60_000)
_ROUNDS = 15
_READS = 20  # a round and side
_FIRST_READS = 600  # of a side, to have each file in memory
_COLD = 30  # of these, nearly each is the first of its file
_SEED = 4
_NOISE = 0.15  # what medians of the same side differ by from run to run


async def measure() -> Outcome:
    """Fill, then measure in turn."""
    chance = random.Random(_SEED)
    async with AsyncExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sides: dict[int, tuple[Watcher, list[str]]] = {}
        for count in _COUNTS:
            services = await stack.enter_async_context(
                running_services(base / str(count), env=_SETTINGS, has_runner=False)
            )
            async with opened_log(services.broker.url) as log:
                ids = await fill(log, count)
            watcher = await Watcher.connect(services.ws_url)
            stack.push_async_callback(watcher.close)
            sides[count] = watcher, ids

        async def read_some(number: int) -> dict[str, list[float]]:
            return {
                str(count): [await _read(watcher, chance.choice(ids)) for _ in range(number)]
                for count, (watcher, ids) in sides.items()
            }

        first = await read_some(_FIRST_READS)
        rounds = [await read_some(_READS) for _ in range(_ROUNDS)]
    return _outcome(first, rounds)


async def _read(watcher: Watcher, execution_id: str) -> float:
    """Return the milliseconds from `subscribe` to the last message."""
    began = time.perf_counter()
    await watcher.subscribe(execution_id)
    answer = await watcher.receive_json()
    await watcher.receive_until(TERMINAL)
    if "to" in answer:  # a gateway that tells what is to come tells its end, too
        await watcher.receive_until(CAUGHT_UP)
    return (time.perf_counter() - began) * 1000


def _outcome(first: dict[str, list[float]], rounds: list[dict[str, list[float]]]) -> Outcome:
    few, many = (statistics.median(ms for one in rounds for ms in one[str(count)]) for count in _COUNTS)
    ratio = statistics.median(
        statistics.median(one[str(_COUNTS[1])]) / statistics.median(one[str(_COUNTS[0])]) for one in rounds
    )
    figures = [
        Figure(f"{_COUNTS[0]:,} executions in the log", few, "ms"),
        Figure(f"{_COUNTS[1]:,} executions in the log", many, "ms"),
        Figure("… many of few", ratio, "times", 1 + _NOISE, "at most"),
        Figure(f"{_COUNTS[1]:,} executions, not looked at lately", _cold(first), "ms"),
    ]
    return Outcome(
        KEY, "A late subscriber: subscribe to an execution that has ended → its last event", figures, [first, *rounds]
    )


def _cold(first: dict[str, list[float]]) -> float:
    return statistics.median(first[str(_COUNTS[1])][:_COLD])
