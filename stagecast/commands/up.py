"""`stagecast up`: broker, gateway and runners as one. Checks are in `preflight`, the processes in `stack`."""

import asyncio
import os
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stagecast.commands.stack import Plan


def up(
    nats: Annotated[
        str | None, typer.Option(envvar="STAGECAST_NATS_URL", help="Use the broker at this URL; starts none.")
    ] = None,
    runners: Annotated[int, typer.Option(min=1, max=64, help="How many runners.")] = 1,
    host: Annotated[str, typer.Option(envvar="STAGECAST_HOST", help="Address for the gateway.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="STAGECAST_PORT", min=0, max=65535, help="Port for the gateway; 0: a free one.")
    ] = 8000,
    nats_port: Annotated[int, typer.Option(min=0, max=65535, help="Port for the broker; 0: a free one.")] = 4222,
    data_dir: Annotated[Path, typer.Option(help="Where the broker keeps its data.")] = Path(".stagecast"),
) -> None:
    """Start everything on this machine; Ctrl-C stops it."""
    from stagecast.commands import preflight
    from stagecast.commands.stack import Plan

    preflight.check_services()
    nats_server = preflight.find_nats_server() if nats is None else None
    with preflight.locked(data_dir):
        port = preflight.claim_port(host, port)
        if nats is None:
            nats_port = preflight.claim_nats_port(nats_port)
        else:
            preflight.check_broker(nats)
        # The gateway takes its certificate from the same environment; it may be its own authority.
        cert = os.environ.get("STAGECAST_TLS_CERT")
        ca = os.environ.get("STAGECAST_TLS_CA") or cert
        plan = Plan(
            nats_server=nats_server,
            nats_port=nats_port,
            nats_url=nats or f"nats://127.0.0.1:{nats_port}",
            host=host,
            port=port,
            url=preflight.address_of(host, port, scheme="https" if cert else "http"),
            runners=runners,
            data_directory=data_dir,
            ca=Path(ca) if ca else None,
        )
        try:
            code = asyncio.run(_run(plan))
        except (asyncio.CancelledError, KeyboardInterrupt):
            code = 130
    raise typer.Exit(code)


async def _run(plan: "Plan") -> int:
    from stagecast.commands.log_lines import format_line
    from stagecast.commands.stack import Stack

    is_raw = os.environ.get("STAGECAST_LOG_FORMAT") == "json"
    colors = sys.stderr.isatty()

    def on_line(name: str, line: str) -> None:
        shown = line if is_raw else format_line(name, line, colors=colors)
        if shown is not None:
            _say(shown)

    loop, task, stop = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()

    def interrupt() -> None:
        if not stop.is_set():
            _say("Stopping: running executions may finish; Ctrl-C again ends everything at once.")
            stop.set()
        elif task is not None and not task.cancelling():
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupt)
    code = await Stack(plan, _say, on_line).run(stop, lambda: _announce(plan))
    _say("Stopped.")
    return code


def _announce(plan: "Plan") -> None:
    outputs = os.environ.get("STAGECAST_OUTPUTS", "outputs")
    body = shlex.quote('{"input": "Write a poem about the sea"}')
    count = "1 runner" if plan.runners == 1 else f"{plan.runners} runners"
    with suppress(OSError):
        typer.echo(
            f"\nstagecast is ready at {plan.url} ({count}, broker at {_without_secrets(plan.nats_url)})\n\n"
            f"Open {plan.url} in a browser for the dashboard, or run a pipeline from a second terminal:\n\n"
            f"  curl {plan.url}/api/pipelines/prompt-optimizer-v1/run \\\n"
            f"    -H 'Content-Type: application/json' -d {body}\n\n"
            f"Results go to {outputs}/ and {plan.url}/api/outputs; the API is described at {plan.url}/docs\n"
            "Ctrl-C stops everything.\n"
        )


def _without_secrets(urls: str) -> str:
    return ",".join(url.rsplit("@", 1)[-1] for url in urls.split(","))


def _say(sentence: str) -> None:
    with suppress(OSError):  # the terminal may be gone; the processes are to be stopped in order all the same
        typer.echo(sentence, err=True)
