"""`stagecast rerun`: run an execution that has ended again, and follow. The live part is in `watch`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stagecast.commands.connection import with_client
from stagecast.commands.option_files import OptionFile, with_rows
from stagecast.commands.run import parse_option, read_stdin
from stagecast.commands.submission import until_taken
from stagecast.commands.watch import run_interruptible, watch_to_end

if TYPE_CHECKING:
    from contracts.requests import RerunReply
    from stagecast.client import Client


def rerun(  # noqa: PLR0913 - each option of a command is a parameter
    context: typer.Context,
    execution_id: Annotated[str, typer.Argument(metavar="ID", help="The id of an execution that has ended.")],
    *,
    from_stage: Annotated[
        str | None,
        typer.Option("--from-stage", "-f", metavar="STAGE", help="Run this stage, and what depends on it, anew."),
    ] = None,
    input_text: Annotated[
        str | None, typer.Option("--input", "-i", metavar="TEXT|-", help="Another input; - reads stdin.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=JSON|@FILE", help="Other options, in place of all that it had."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the result, as JSON.")] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Print the new execution's id and leave.")] = False,
) -> None:
    """Run an execution again, paying only for what must run anew, and watch it live. Else as `run`."""
    options = None if option is None else _options(context, execution_id, option)
    text = read_stdin() if input_text == "-" else input_text

    async def work(client: "Client") -> int:
        from stagecast.commands.interrupts import catch_interrupts

        # Entered first: a Ctrl-C that comes while the submission is under way cancels what was submitted.
        with catch_interrupts() as interrupted:
            run = client.rerun(execution_id, from_stage=from_stage, input=text, options=options)
            reply = await until_taken(run.submit(), interrupted)
            if detach:
                typer.echo(reply.execution_id)
                return 0
            if not as_json:
                typer.echo(word_reused(reply), err=True)
            return await watch_to_end(client, reply.execution_id, interrupted, as_json=as_json, cancels=True)

    raise typer.Exit(run_interruptible(context, work))


# Any: an option is JSON of every kind.
def _options(context: typer.Context, execution_id: str, written: list[str]) -> dict[str, Any]:
    options = dict(map(parse_option, written))
    if not any(isinstance(value, OptionFile) for value in options.values()):
        return options

    async def work(client: "Client") -> str:
        return (await client.execution(execution_id)).pipeline_id

    return with_rows(context, with_client(context, work), options)


def word_reused(reply: "RerunReply") -> str:
    """Say what a rerun takes over."""
    if not reply.reused:
        return f"Running {reply.rerun_of} again; every stage runs anew."
    return f"Running {reply.rerun_of} again; reused: {', '.join(reply.reused)}."
