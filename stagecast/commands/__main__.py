"""The `stagecast` command: its subcommands, global options, and how errors end it. Each subcommand has a file.

What takes long to import is imported by the command that needs it, so that `--help` and completion are quick.
"""

import os
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import StagecastError
from stagecast.commands import estimate, outputs, rerun, run, services, show, token, up, watch
from stagecast.commands.connection import Address

app = typer.Typer(
    name="stagecast",
    help="Run multi-stage LLM pipelines and watch every stage live.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"stagecast {version('stagecast')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    url: Annotated[str, typer.Option(envvar="STAGECAST_URL", help="Address of the gateway.")] = "http://127.0.0.1:8000",
    bearer: Annotated[
        str | None,
        typer.Option("--token", envvar="STAGECAST_TOKEN", help="Bearer token for the gateway.", show_envvar=True),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option("--tls-ca", envvar="STAGECAST_TLS_CA", help="Certificate authority of an https:// gateway."),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that all commands have."""
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"'{url}' does not begin with http:// or https://.", param_hint="--url")
    context.obj = Address(url, bearer, ca)


def validate(files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pipeline files.")]) -> None:
    """Check pipeline files; every problem is told with its line."""
    from stagecast.commands.validate import validate as validate_files

    raise typer.Exit(validate_files(files))


def init(
    name: Annotated[str, typer.Argument(help="The new pipeline's id.")],
    directory: Annotated[Path, typer.Option(help="Where to write it.")] = Path("pipelines"),
) -> None:
    """Write a commented pipeline to start from."""
    from stagecast.commands.init import init as write_pipeline

    typer.echo(f"Wrote {write_pipeline(name, directory)}")


for command in (
    *(up.up, run.run, estimate.estimate, rerun.rerun, watch.watch, watch.cancel, watch.finish, show.pipelines),
    *(validate, init, services.gateway, services.runner),
):
    app.command()(command)
app.add_typer(outputs.app, name="outputs")
app.command(context_settings=services.PASSED_ON)(services.benchmark)
app.add_typer(token.app, name="token")


def main() -> None:
    """Run the command line: exit code 2 for wrong usage, 1 for other errors, each told in a sentence on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="replace")  # a terminal that knows no arrow shows another character
    try:
        app()
    except StagecastError as error:
        typer.echo(f"Error: {error.message}", err=True)
    except Exception as error:  # the process's edge: nobody is helped by a stack trace that did not ask for one
        if os.environ.get("STAGECAST_LOG_LEVEL") == "debug":
            traceback.print_exc()
        typer.echo(f"Error: unexpected {type(error).__name__}: {error}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
