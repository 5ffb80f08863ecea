"""`python -m tests.chaos`: real services under load and faults; exit code 0 only when every promise was kept.

The same seed gives the same schedule, load and model answers; how they meet is up to the machine.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from pathlib import Path

import uvloop

from stagecast.telemetry import configure_logging
from tests.chaos.brokers import VARIANTS
from tests.chaos.faults import make_schedule
from tests.chaos.fleet import compile_services
from tests.chaos.mutation import MUTATIONS
from tests.chaos.report import Report, schedule_text
from tests.chaos.trial import Plan, run_trial

_CI_SECONDS = 50.0
_CI_EVERY_SECONDS = 6.0
_CI_SETTLE_SECONDS = 60.0
_CI_OUTAGE_SECONDS = (2.0, 5.0)
_LONG_EVERY_SECONDS = 12.0
_LONG_SETTLE_SECONDS = 180.0
_LONG_OUTAGE_SECONDS = (3.0, 60.0)


def main() -> None:
    """Run the variants that were asked for, one after the other."""
    options = _options()
    configure_logging("chaos")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(_run(options)))


async def _run(options: argparse.Namespace) -> int:
    directory = Path(tempfile.mkdtemp(prefix="stagecast-chaos-"))
    if options.keep:
        print(f"logs are kept below {directory}", flush=True)
    await compile_services(directory / "bytecode")
    reports: list[Report] = []
    for variant in VARIANTS if options.variant == "both" else (options.variant,):
        plan = _plan(options, variant, directory / variant)
        print(f"seed {plan.seed}, {variant}: {plan.seconds:.0f} s of load; the schedule of faults:", flush=True)
        print(schedule_text(plan.schedule), flush=True)
        reports.append(await run_trial(plan, VARIANTS[variant]))
        print(reports[-1], flush=True)
    violations = sum(len(report.violations) for report in reports)
    if violations == 0 and not options.keep:
        shutil.rmtree(directory)
    if violations == 0:
        print(f"0 violations in {sum(report.seconds for report in reports):.0f} s, seed {options.seed}")
        return 0
    shutil.rmtree(directory / "bytecode")
    print(f"{violations} violations. All logs, calls and what subscribers saw are below {directory}")
    print(f"once more: {_command(options)}")
    return 1


def _plan(options: argparse.Namespace, variant: str, directory: Path) -> Plan:
    is_long = options.form == "long"
    seconds = options.minutes * 60.0 if is_long else _CI_SECONDS
    every = _LONG_EVERY_SECONDS if is_long else _CI_EVERY_SECONDS
    outage = _LONG_OUTAGE_SECONDS if is_long else _CI_OUTAGE_SECONDS
    return Plan(
        variant=variant,
        seed=options.seed,
        schedule=make_schedule(options.seed, seconds, every_seconds=every, outage_seconds=outage),
        directory=directory,
        bytecode=directory.parent / "bytecode",
        clients=options.clients,
        seconds=seconds,
        settle_seconds=_LONG_SETTLE_SECONDS if is_long else _CI_SETTLE_SECONDS,
        mutation=options.mutate,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="replays a run")
    parser.add_argument("--form", choices=("ci", "long"), default="ci", help="how long and how hard")
    parser.add_argument("--minutes", type=float, default=20.0, help="load of the long form, for each variant")
    parser.add_argument("--variant", choices=(*VARIANTS, "both"), default="both", help="which broker")
    parser.add_argument("--clients", type=int, default=240, help="executions that are kept in flight")
    parser.add_argument("--keep", action="store_true", help="keep the logs although nothing is wrong")
    parser.add_argument("--mutate", choices=MUTATIONS, default="", help="break the runners, to see that it is noticed")
    return parser.parse_args()


def _command(options: argparse.Namespace) -> str:
    command = f"python -m tests.chaos --seed {options.seed} --form {options.form} --variant {options.variant}"
    command += f" --minutes {options.minutes:g}" if options.form == "long" else ""
    return command + (f" --mutate {options.mutate}" if options.mutate else "")


if __name__ == "__main__":
    main()
