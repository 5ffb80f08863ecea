"""(d) What a late subscriber costs, with few and with many executions in the log.

Two brokers, each with a gateway, one filled with 1,000 executions and one with 60,000, by appends like a runner's. One
client after the other subscribes to an execution that ended long ago, drawn by lot, and reads it to its end; the two
take turns.
"""

import random
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bench.bare_log import fill, opened_log
from bench.outcome import Figure, Outcome
from bench.services import running_services
from bench.watcher import CAUGHT_UP, TERMINAL, Watcher

KEY = "d"
_COUNTS = (1_000, 60_000)
_ROUNDS = 15
_READS = 20  # a round and side
_SEED = 4
_NOISE = 0.15  # what medians of the same side differ by from run to run


async def measure() -> Outcome:
    """Fill, then measure in turn."""
    chance = random.Random(_SEED)
    rounds: list[dict[str, Any]] = []
    async with AsyncExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sides: dict[int, tuple[Watcher, list[str]]] = {}
        for count in _COUNTS:
            services = await stack.enter_async_context(running_services(base / str(count), has_runner=False))
            async with opened_log(services.broker.url) as log:
                ids = await fill(log, count)
            watcher = await Watcher.connect(services.ws_url)
            stack.push_async_callback(watcher.close)
            sides[count] = watcher, ids
        for number in range(_ROUNDS + 1):
            measured = {
                str(count): [await _read(watcher, chance.choice(ids)) for _ in range(_READS)]
                for count, (watcher, ids) in sides.items()
            }
            if number:  # the first round warms up
                rounds.append(measured)
    return _outcome(rounds)


async def _read(watcher: Watcher, execution_id: str) -> float:
    """Return the milliseconds from `subscribe` to the last message."""
    began = time.perf_counter()
    await watcher.subscribe(execution_id)
    answer = await watcher.receive_json()
    await watcher.receive_until(TERMINAL)
    if "to" in answer:  # a gateway that tells what is to come tells its end, too
        await watcher.receive_until(CAUGHT_UP)
    return (time.perf_counter() - began) * 1000


def _outcome(rounds: list[dict[str, Any]]) -> Outcome:
    few, many = (statistics.median(ms for one in rounds for ms in one[str(count)]) for count in _COUNTS)
    ratio = statistics.median(
        statistics.median(one[str(_COUNTS[1])]) / statistics.median(one[str(_COUNTS[0])]) for one in rounds
    )
    figures = [
        Figure(f"{_COUNTS[0]:,} executions in the log", few, "ms"),
        Figure(f"{_COUNTS[1]:,} executions in the log", many, "ms"),
        Figure("… many of few", ratio, "times", 1 + _NOISE, "at most"),
    ]
    return Outcome(KEY, "A late subscriber: subscribe to an execution that has ended → its last event", figures, rounds)
