"""`stagecast benchmark`: puts tasks, methods and models together, runs the comparison, prints what came of it."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from contracts.errors import StagecastError
from contracts.pipeline import Pipeline
from runner.benchmark.comparison import Comparison, Terms
from runner.benchmark.dspy_methods import DspyMethod, run_gepa, run_mipro
from runner.benchmark.gepa_method import gepa
from runner.benchmark.gym import gym_task
from runner.benchmark.method import Method, Models
from runner.benchmark.options import Options, read_options
from runner.benchmark.origin import describe_origin, describe_terms
from runner.benchmark.pipeline_method import PipelineMethod
from runner.benchmark.rewriting import one_rewrite, original
from runner.benchmark.table import as_json, as_markdown, print_tables
from runner.benchmark.task import Task
from runner.benchmark.toy import NAME as TOY
from runner.benchmark.toy import toy_task
from runner.models.router import ModelRouter
from runner.models.settings import ModelSettings
from stagecast.catalog import Catalog
from stagecast.functions import FunctionRegistry
from stagecast.leaving import leave
from stagecast.settings import read_settings
from stagecast.telemetry import configure_logging

_PIPELINE = "prompt-optimizer-v1"
_ROOT = Path(__file__).parents[2]
_SHIPPED = (_ROOT / "stagecast" / "pipelines", _ROOT / "pipelines")  # in a wheel, and in the repository


def tasks_of(options: Options) -> list[tuple[Task, int]]:
    """Return each task with each seed.

    Raises:
        MissingSetting: reasoning-gym is not installed.
        InvalidInput: more items were asked for than there are.
    """
    return [(_task(name, seed, options), seed) for name in options.tasks for seed in range(options.seeds)]


def methods_of(options: Options) -> dict[str, Method]:
    """Return the methods that were asked for, by name."""
    registry = FunctionRegistry()
    known: dict[str, Method] = {
        "original": original,
        "rewrite": one_rewrite,
        "stagecast": PipelineMethod(_pipeline(registry), registry),
        "dspy-mipro": DspyMethod(run_mipro, options.dspy_adapter),
        "dspy-gepa": DspyMethod(run_gepa, options.dspy_adapter),
        "gepa": gepa,
    }
    return {name: known[name] for name in options.methods}


async def run(options: Options, arguments: Sequence[str]) -> int:
    """Run the comparison and print it, also when it is interrupted; return the exit code.

    Args:
        options: what to do.
        arguments: the command line that they came from, to be told.
    """
    client = ModelRouter(read_settings(ModelSettings))
    models = Models(options.target, options.optimizer, options.judge)
    tell = partial(print, file=sys.stderr, flush=True)
    comparison = Comparison(client, Terms(models, options.budget), methods_of(options), tell)
    work = asyncio.create_task(comparison.run(tasks_of(options)))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    code = 0
    try:
        await work
    except asyncio.CancelledError:
        tell("interrupted; this is what was done until then")
        code = 130
    finally:
        _show(comparison, options, describe_origin(options, arguments))
        await client.close()
    return code


def _show(comparison: Comparison, options: Options, origin: str) -> None:
    everything = as_json(comparison.outcomes, describe_terms(options))
    if options.save is not None:
        options.save.write_text(everything)
    if options.is_json:
        print(everything)
    elif options.is_markdown:
        print(as_markdown(comparison.outcomes, origin))
    else:
        print_tables(comparison.outcomes, Console())


def _pipeline(registry: FunctionRegistry) -> Pipeline:
    """The shipped pipeline itself, whatever ./pipelines has: it is what the numbers are about."""
    directory = next(directory for directory in _SHIPPED if directory.is_dir())
    return Catalog(directory, registry).get(_PIPELINE).pipeline


def _task(name: str, seed: int, options: Options) -> Task:
    if name == TOY:
        return toy_task(options.instructions, seed, options.sizes)
    return gym_task(name, options.instructions, seed, options.sizes, is_easy=options.is_easy)


async def _run_and_leave(options: Options, arguments: Sequence[str]) -> NoReturn:
    try:
        code = await run(options, arguments)
    except StagecastError as error:
        print(f"Error: {error.message}", file=sys.stderr)
        code = 1
    # From inside the loop: its own end would wait for threads of the compared libraries, which cannot be stopped.
    leave(code)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command: exit code 2 for wrong usage, 1 for other errors, 130 when interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    options = read_options(given)
    configure_logging("benchmark")
    asyncio.run(_run_and_leave(options, given))


if __name__ == "__main__":
    main()
