"""`python -m tests.conformance`: every case against the gateway's WebSocket; exit code 0 only if none fails."""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterable

import uvloop

from stagecast.telemetry import configure_logging
from tests.conformance.case import Case, Verdict
from tests.conformance.cases import cases
from tests.conformance.echo_server import serving_echo
from tests.conformance.player import CASE_SECONDS, Outcome, play

_AT_ONCE = 16


async def run_cases(chosen: Iterable[Case], address: str, *, seconds: float = CASE_SECONDS) -> list[Outcome]:
    """Play cases, some at a time, each for so long at most; the outcomes are in their order."""
    waiting = enumerate(chosen)
    outcomes: dict[int, Outcome] = {}

    async def play_on() -> None:
        for number, case in waiting:  # made when it is its turn: all of them together are large
            outcomes[number] = await play(case, address, seconds=seconds)

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(play_on())
    return [outcomes[number] for number in sorted(outcomes)]


async def _run(options: argparse.Namespace) -> int:
    async with serving_echo(port=options.port, deflate=options.deflate) as address:
        if options.serve:
            print(f"echoing at {address.replace('http', 'ws')}/ws until Ctrl-C", flush=True)
            await asyncio.Event().wait()
        began = time.monotonic()
        outcomes = await run_cases(cases(options.only), address)
    for outcome in outcomes:
        if outcome.verdict is not Verdict.OK:
            print(f"{outcome.case.number:8} {outcome.verdict.value:13} {outcome.case.what}  {outcome.reason}")
    counts = Counter(outcome.verdict for outcome in outcomes)
    summary = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    print(f"{len(outcomes)} cases in {time.monotonic() - began:.1f} s: {summary}")
    return 1 if counts[Verdict.FAILED] or not outcomes else 0


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--only", default="", metavar="PREFIX", help="cases whose number begins so, such as 6.4")
    parser.add_argument("--serve", action="store_true", help="only serve the echo, for another test suite")
    parser.add_argument("--deflate", action="store_true", help="with compression, for clients that offer it")
    parser.add_argument("--port", type=int, default=0, help="where to serve; any free port when left out")
    configure_logging("conformance")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_run(parser.parse_args())))


if __name__ == "__main__":
    main()
