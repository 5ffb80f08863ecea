"""`python -m tests.fuzz`: bad clients at a gateway that good ones use; exit code 0 only if these notice nothing."""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from stagecast.telemetry import configure_logging
from tests.fuzz.trial import Plan, run_trial


async def _run(options: argparse.Namespace) -> int:
    print(f"seed {options.seed}, {options.minutes:g} minutes", flush=True)
    with tempfile.TemporaryDirectory(prefix="stagecast-fuzz-") as directory:
        findings = await run_trial(Path(directory), Plan(options.seed, options.minutes * 60.0))
    print(findings)
    if findings.faults:
        print(f"once more: python -m tests.fuzz --seed {options.seed} --minutes {options.minutes:g}")
    return 1 if findings.faults else 0


def main() -> None:
    """Attack for a while."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="the same attacks")
    parser.add_argument("--minutes", type=float, default=2.0, help="for how long")
    configure_logging("fuzz")
    sys.exit(asyncio.run(_run(parser.parse_args())))


if __name__ == "__main__":
    main()
