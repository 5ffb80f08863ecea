"""Options that are given as files, `--option cases=@cases.csv`: read here, and sent as the rows that are in them.

Which rows an option takes is told by the pipeline's schema, so the gateway is asked for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from stagecast.commands.connection import with_client
from stagecast.commands.submission import named

if TYPE_CHECKING:
    from contracts.requests import PipelineView
    from stagecast.client import Client


@dataclass(frozen=True, slots=True)
class OptionFile:
    """An option's value that is in a file."""

    path: Path


# Any: an option is JSON of every kind.
def with_rows(context: typer.Context, pipeline: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with the rows of files in place of the files. Without files nobody is asked anything.

    Raises:
        typer.BadParameter: a file cannot be read.
        InvalidInput: an option takes no file, or a file does not fit; with file, line and column.
    """
    files = {name: value for name, value in options.items() if isinstance(value, OptionFile)}
    if not files:
        return dict(options)
    contents = {name: _content_of(file.path) for name, file in files.items()}

    async def work(client: "Client") -> "PipelineView":
        return (await client.pipeline(pipeline)).pipeline

    with named(pipeline):
        view = with_client(context, work)
    rows = {name: _rows(view, name, files[name].path, content) for name, content in contents.items()}
    return {**options, **rows}


def _content_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise typer.BadParameter(
            f"{path} cannot be read: {why}. (A text that begins with @ is written with @@.)", param_hint="--option"
        ) from None


def _rows(view: "PipelineView", name: str, path: Path, content: bytes) -> list[dict[str, Any]]:
    from contracts.errors import InvalidInput
    from stagecast.option_rows import read_rows
    from stagecast.spelling import suggest

    schemas = {known: schema for known, schema in view.inputs.items() if known != view.primary}
    if name not in schemas:
        raise InvalidInput(f"The pipeline takes no file '{name}'; {suggest(name, schemas)}")
    return read_rows(name, schemas[name], view.defs, path.name, content)
