"""`stagecast gateway`, `runner` and `benchmark`: what stands above this package, started in this process.

Services are set by their environment variables; the benchmark has options of its own.
"""

from importlib import import_module
from importlib.util import find_spec

import typer

# By name, not by import: this package stands below the services. What is looked for tells whether the extra is there.
_SERVICES = {"gateway": "uvicorn", "runner": "pydantic_ai"}
PASSED_ON: dict[str, bool | list[str]] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}
"""A command's settings under which everything behind its name is handed on, `--help` too."""


def gateway() -> None:
    """Run a gateway in this process, set by STAGECAST_PORT, STAGECAST_NATS_URL and others."""
    _serve("gateway")


def runner() -> None:
    """Run a runner in this process, set by STAGECAST_CONCURRENCY, STAGECAST_NATS_URL and others."""
    _serve("runner")


def benchmark(context: typer.Context) -> None:
    """Compare prompt optimizers on tasks with exact answers; needs no service. `--help` tells its options."""
    if (sentence := missing_extra("runner")) is not None:
        typer.echo(sentence, err=True)
        raise typer.Exit(1)
    import_module("runner.benchmark.__main__").main(context.args)


def missing_extra(service: str) -> str | None:
    """Return a sentence that says what to install when the service's libraries are not there."""
    if find_spec(_SERVICES[service]) is None:
        return f"The {service} is not installed here; pip install 'stagecast[{service}]' brings it."
    return None


def _serve(service: str) -> None:
    if (sentence := missing_extra(service)) is not None:
        typer.echo(sentence, err=True)
        raise typer.Exit(1)
    import_module(f"{service}.__main__").main()
