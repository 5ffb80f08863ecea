"""`stagecast pipelines` and `stagecast outputs`: what there is to run and what was delivered."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from stagecast.commands.connection import with_client

if TYPE_CHECKING:
    from contracts.requests import PipelineListing
    from contracts.results import OutputListing, PipelineResult
    from stagecast.client import Client


def pipelines(context: typer.Context) -> None:
    """List the pipelines that can be run."""

    async def work(client: "Client") -> "list[PipelineListing]":
        return await client.pipelines()

    rows = [
        [row.id, row.name, row.version, str(row.stage_count), row.description] for row in with_client(context, work)
    ]
    print_rows(("ID", "Name", "Version", "Stages", "Description"), rows)


def outputs(
    context: typer.Context,
    filename: Annotated[str | None, typer.Argument(help="Print this result as JSON.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to list, newest first.")] = 20,
    before: Annotated[str | None, typer.Option(metavar="FILENAME", help="List those older than this one.")] = None,
) -> None:
    """List saved results, newest first, or print one."""
    from stagecast.commands.wording import word_cost, word_duration

    if filename is not None:
        name = filename

        async def read(client: "Client") -> "PipelineResult":
            return await client.output(name)

        typer.echo(with_client(context, read).model_dump_json(by_alias=True, indent=2))
        return

    async def work(client: "Client") -> "Sequence[OutputListing]":
        return await client.outputs(limit=limit, before=before)

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


def print_rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on a terminal; elsewhere one line a row, cells separated by tabs, without headings."""
    from stagecast.commands.wording import one_line

    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(map(one_line, row)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    Console().print(table)
