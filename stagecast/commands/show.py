"""`stagecast pipelines`, and how lists are printed. What was delivered: `stagecast.commands.outputs`."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from stagecast.commands.connection import with_client

if TYPE_CHECKING:
    from contracts.requests import PipelineListing
    from stagecast.client import Client


def pipelines(context: typer.Context) -> None:
    """List the pipelines that can be run."""

    async def work(client: "Client") -> "list[PipelineListing]":
        return await client.pipelines()

    rows = [
        [row.id, row.name, row.version, str(row.stage_count), row.description] for row in with_client(context, work)
    ]
    print_rows(("ID", "Name", "Version", "Stages", "Description"), rows)


def print_rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on a terminal; elsewhere one line a row, cells separated by tabs, without headings."""
    from stagecast.wording import one_line

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
