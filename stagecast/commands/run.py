"""`stagecast run`: submit and follow. The live part is in `watch`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stagecast.commands.confirmation import ask_before
from stagecast.commands.option_files import OptionFile, with_rows
from stagecast.commands.submission import named, until_taken
from stagecast.commands.watch import run_interruptible, watch_to_end

if TYPE_CHECKING:
    from stagecast.client import Client

OPTION_HELP = "One more input, as JSON, text, or @FILE with rows (CSV, JSONL, JSON); or models=…; may be repeated."
_JSON_BEGINNINGS = tuple('{["')


def run(  # noqa: PLR0913 - each option of a command is a parameter
    context: typer.Context,
    pipeline: Annotated[str, typer.Argument(metavar="PIPELINE", help="The pipeline's id.")],
    *,
    input_text: Annotated[str, typer.Option("--input", "-i", metavar="TEXT|-", help="The input; - reads stdin.")],
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=JSON|@FILE", help=OPTION_HELP),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the result, as JSON.")] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Print the execution's id and leave.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", envvar="STAGECAST_YES", help="Do not ask first, whatever it may cost.")
    ] = False,
) -> None:
    """Run a pipeline and watch it live. Ctrl-C cancels it, f finishes it.

    On a terminal it asks first when the run may cost more than a cent, or nobody knows what. Exit: 0 success, 1 failed
    or not run, 130 cancelled.
    """
    text = read_stdin() if input_text == "-" else input_text
    options = with_rows(context, pipeline, dict(map(parse_option, option or [])))
    if not yes and (code := ask_before(context, pipeline, text, options)) is not None:
        raise typer.Exit(code)

    async def work(client: "Client") -> int:
        from stagecast.commands.interrupts import catch_interrupts

        # Entered first: a Ctrl-C that comes while the submission is under way cancels what was submitted.
        with catch_interrupts() as interrupted:
            with named(pipeline):
                reply = await until_taken(client.run(pipeline, text, options).submit(), interrupted)
            if detach:
                typer.echo(reply.execution_id)
                return 0
            return await watch_to_end(client, reply.execution_id, interrupted, as_json=as_json, cancels=True)

    raise typer.Exit(run_interruptible(context, work))


def parse_option(text: str) -> tuple[str, Any]:  # a JSON value may be anything
    """Split `name=value`; a value that is no JSON and does not look like it is taken as text.

    `name=@file` is a file, see `option_files`; `@@` at the begin stands for one `@` of a text.

    Raises:
        typer.BadParameter: there is no name, or the value begins like JSON and is none.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"'{text}' is not NAME=VALUE.", param_hint="--option")
    if value.startswith("@"):
        return name, value[1:] if value.startswith("@@") else OptionFile(Path(value[1:]).expanduser())
    try:
        return name, json.loads(value)
    except ValueError as error:
        if value.lstrip().startswith(_JSON_BEGINNINGS):
            raise typer.BadParameter(
                f"The value of '{name}' is not valid JSON: {error}.", param_hint="--option"
            ) from None
        return name, value


def read_stdin() -> str:
    """Read standard input to its end as UTF-8.

    Raises:
        typer.BadParameter: it is not UTF-8.
    """
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise typer.BadParameter("Standard input is not UTF-8 text.", param_hint="--input") from None
