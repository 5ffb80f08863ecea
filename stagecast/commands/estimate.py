"""`stagecast estimate`: what a run would take, without running it."""

from typing import TYPE_CHECKING, Annotated

import typer

from stagecast.commands.connection import with_client
from stagecast.commands.option_files import with_rows
from stagecast.commands.run import OPTION_HELP, parse_option, read_stdin
from stagecast.commands.show import print_rows
from stagecast.commands.submission import named

if TYPE_CHECKING:
    from contracts.estimate import Estimate, StageEstimate
    from stagecast.client import Client

_HEADINGS = ("Stage", "Model", "Calls", "Tokens in", "Tokens out", "Cost")


def estimate(
    context: typer.Context,
    pipeline: Annotated[str, typer.Argument(metavar="PIPELINE", help="The pipeline's id.")],
    *,
    input_text: Annotated[str, typer.Option("--input", "-i", metavar="TEXT|-", help="The input; - reads stdin.")],
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=JSON|@FILE", help=OPTION_HELP),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the estimate as JSON.")] = False,
) -> None:
    """Tell what a run would take, in model calls, tokens and dollars. Nothing is started."""
    text = read_stdin() if input_text == "-" else input_text
    options = with_rows(context, pipeline, dict(map(parse_option, option or [])))

    async def work(client: "Client") -> "Estimate":
        return await client.estimate(pipeline, text, options)

    with named(pipeline):
        found = with_client(context, work)
    if as_json:
        typer.echo(found.model_dump_json(by_alias=True, indent=2))
    else:
        print_estimate(found)


def print_estimate(found: "Estimate") -> None:
    """Print an estimate for people: a table of stages, the whole, and what it stands on."""
    from stagecast.commands.wording import one_line, word_cost_range, word_count_range, word_estimate

    counts = map(word_count_range, (found.calls, found.input_tokens, found.output_tokens))
    print_rows(_HEADINGS, [*map(_row, found.stages), ["Total", "", *counts, word_cost_range(found.cost)]])
    typer.echo(f"\n{word_estimate(found)}")
    for assumption in found.assumptions:
        typer.echo(f"- {one_line(assumption)}")


def _row(stage: "StageEstimate") -> list[str]:
    from stagecast.commands.wording import word_cost_range, word_count_range

    if stage.reason is not None:
        return [stage.stage_name, f"skipped: {stage.reason}", "", "", "", ""]
    if not stage.is_complete and stage.calls.high == 0:
        return [stage.stage_name, "cannot be foreseen", "", "", "", word_cost_range(stage.cost)]
    if stage.calls.high == 0:
        return [stage.stage_name, "", "0", "", "", ""]
    counts = map(word_count_range, (stage.calls, stage.input_tokens, stage.output_tokens))
    return [stage.stage_name, stage.model or "", *counts, word_cost_range(stage.cost)]
