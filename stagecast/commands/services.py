"""`stagecast gateway` and `stagecast runner`: a service in this process, set by its environment variables."""

from importlib import import_module
from importlib.util import find_spec

import typer

# By name, not by import: this package stands below the services. What is looked for tells whether the extra is there.
_SERVICES = {"gateway": "uvicorn", "runner": "pydantic_ai"}


def gateway() -> None:
    """Run a gateway in this process, set by STAGECAST_PORT, STAGECAST_NATS_URL and others."""
    _serve("gateway")


def runner() -> None:
    """Run a runner in this process, set by STAGECAST_CONCURRENCY, STAGECAST_NATS_URL and others."""
    _serve("runner")


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
