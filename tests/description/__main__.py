"""`python -m tests.description`: running services against their OpenAPI document; exit code 0 only if they agree."""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from pathlib import Path

from stagecast.telemetry import configure_logging
from tests.description.examination import examine


async def _run(options: argparse.Namespace) -> int:
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="stagecast-description-") as directory:
        findings = await examine(
            Path(directory), ["--seed", str(options.seed), "--workers", "2"], seconds=options.seconds
        )
    print(findings.text)
    for fault in findings.faults:
        print(json.dumps(fault))
    if not findings.is_clean:
        print(f"not clean; once more: python -m tests.description --seed {options.seed} --seconds {options.seconds:g}")
    return 0 if findings.is_clean else 1


def main() -> None:
    """Look at everything for a while."""
    parser = argparse.ArgumentParser(prog="python -m tests.description", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="replays a run")
    parser.add_argument("--seconds", type=float, default=90.0, help="how long to look")
    configure_logging("description")
    sys.exit(asyncio.run(_run(parser.parse_args())))


if __name__ == "__main__":
    main()
