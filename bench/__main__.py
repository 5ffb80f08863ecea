"""`make bench`: measures, prints a table, keeps the results, and writes `docs/benchmarks.md` from them.

    python -m bench [a] [b] [c] [d] [e] [f] [g] [durability] [page]

`page` only writes the page anew. Without arguments a to e, in less than ten minutes; f takes some minutes, g a browser.
A missed target is told and is no failure: how fast a machine is cannot fail a build. Prompt optimizers are compared by
`stagecast benchmark`.
"""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from bench import fan_out, first_load, idle_sockets, late_subscriber, paging, runs, waiting_runs
from bench.outcome import Outcome
from bench.page import print_outcome, write_page

SUBJECTS: dict[str, Callable[[], Awaitable[Outcome]]] = {
    subject.KEY: subject.measure
    for subject in (runs, fan_out, idle_sockets, late_subscriber, waiting_runs, paging, first_load)
}
SCRIPTS = ("durability",)
"""Older ones that print a table of their own; run only when named."""
_ONLY_WHEN_NAMED = (paging.KEY, first_load.KEY)


async def measure(keys: list[str]) -> list[Outcome]:
    """Measure what is picked, one after the other."""
    outcomes: list[Outcome] = []
    for key in keys:
        outcome = await SUBJECTS[key]()
        outcome.save()
        write_page()
        print_outcome(outcome)
        outcomes.append(outcome)
    return outcomes


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*SUBJECTS, *SCRIPTS, "page", []], metavar="name")
    names: list[str] = parser.parse_args().names or [key for key in SUBJECTS if key not in _ONLY_WHEN_NAMED]
    for script in SCRIPTS:
        if script in names:
            subprocess.run([sys.executable, str(Path(__file__).with_name(f"{script}.py"))], check=True)
    if "page" in names:
        write_page()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcomes = runner.run(measure([name for name in names if name in SUBJECTS]))
    missed = [figure.name for outcome in outcomes for figure in outcome.figures if figure.is_missed]
    if missed:
        print(f"\nTargets missed: {len(missed)}.")


if __name__ == "__main__":
    main()
