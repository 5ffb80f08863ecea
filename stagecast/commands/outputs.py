"""`stagecast outputs`: the saved results, and one of them to be read. What a report says: `stagecast.report`."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stagecast.commands.connection import with_client
from stagecast.commands.show import print_rows

if TYPE_CHECKING:
    from contracts.results import OutputListing, PipelineResult
    from stagecast.client import Client

app = typer.Typer(help="List saved results, newest first, or show one.", invoke_without_command=True)


class _Form(StrEnum):
    """`gateway.reports.FORMATS`, as the command line needs it."""

    MD = "md"
    HTML = "html"
    JSON = "json"


class _Status(StrEnum):
    """`contracts.results.ResultStatus`, as the command line needs it."""

    SUCCESS = "success"
    EARLY_EXIT = "early_exit"
    FAILED = "failed"
    CANCELLED = "cancelled"


_FORMS_BY_SUFFIX = {".html": _Form.HTML, ".htm": _Form.HTML, ".json": _Form.JSON}


@app.callback()
def outputs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many to list, newest first.")] = 20,
    before: Annotated[str | None, typer.Option(metavar="FILENAME", help="List those older than this one.")] = None,
    pipeline: Annotated[str | None, typer.Option(metavar="ID", help="List those of this pipeline.")] = None,
    status: Annotated[_Status | None, typer.Option(help="List those with this status.")] = None,
    text: Annotated[str | None, typer.Option(help="List those with this text in prompt, ids or error.")] = None,
) -> None:
    """List saved results, newest first; `stagecast outputs show` shows one."""
    if context.invoked_subcommand is not None:
        return
    from stagecast.wording import word_cost, word_duration

    async def work(client: "Client") -> "Sequence[OutputListing]":
        return await client.outputs(
            limit=limit, before=before, pipeline=pipeline, status=None if status is None else status.value, text=text
        )

    rows = [
        [
            row.filename,
            row.status,
            f"{row.timestamp:%Y-%m-%d %H:%M:%S}",
            word_duration(row.duration),
            word_cost(row.cost),
        ]
        for row in with_client(context, work)
    ]
    print_rows(("File", "Status", "Submitted (UTC)", "Duration", "Cost"), rows)


@app.command("show")
def show(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(metavar="FILE|ID", help="A saved result, the id of its execution, or a file of this machine."),
    ],
    form: Annotated[
        _Form | None,
        typer.Option(
            "--format", "-f", help="Markdown, one HTML page, or JSON; as PATH ends if left out, else Markdown."
        ),
    ] = None,
    path: Annotated[Path | None, typer.Option("--output", "-o", metavar="PATH", help="Write it to this file.")] = None,
) -> None:
    """Show a saved result as a report: what it came to, what it cost, and what its evidence proves."""
    result = _read(context, what)
    chosen = form or (_FORMS_BY_SUFFIX.get(path.suffix.lower(), _Form.MD) if path is not None else _Form.MD)
    text = _write(result, chosen)
    if path is not None:
        _save(path, text)
    elif form is None and sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(text, hyperlinks=False, code_theme="ansi_dark"))  # which leaves the background alone
    else:
        typer.echo(text.removesuffix("\n"))


def _read(context: typer.Context, what: str) -> "PipelineResult":
    from contracts.errors import ExecutionRunning
    from contracts.ids import is_execution_id

    file = Path(what)
    if file.is_file():
        return _read_file(file)

    async def read(client: "Client") -> "PipelineResult | None":
        return (await client.execution(what)).result if is_execution_id(what) else await client.output(what)

    result = with_client(context, read)
    if result is None:
        raise ExecutionRunning(f"The execution has not ended yet; `stagecast watch {what}` shows it.")
    return result


def _read_file(file: Path) -> "PipelineResult":
    from pydantic import ValidationError

    from contracts.errors import InvalidInput
    from contracts.results import PipelineResult

    try:
        return PipelineResult.model_validate_json(file.read_bytes())
    except ValidationError:
        raise InvalidInput(f"{file} is not a saved result of stagecast.") from None
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from None


def _write(result: "PipelineResult", form: _Form) -> str:
    if form is _Form.JSON:
        return result.model_dump_json(by_alias=True, indent=2) + "\n"
    from stagecast.report.formats import REPORTS

    return REPORTS["html" if form is _Form.HTML else "md"].write(result)


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}.", param_hint="--output") from None
    typer.echo(f"Wrote {path}", err=True)
