"""Asking on a terminal before a run that may cost something. What it may cost is the gateway's estimate."""

import sys
from typing import TYPE_CHECKING, Any

import typer

from stagecast.commands.connection import with_client
from stagecast.commands.watch import EXIT_FAILED, EXIT_INTERRUPTED

if TYPE_CHECKING:
    from contracts.estimate import Estimate
    from stagecast.client import Client

ASK_ABOVE_USD = 0.01
_ANSWERS = {"": True, "y": True, "yes": True, "n": False, "no": False}


# Any: an option is JSON of every kind.
def ask_before(context: typer.Context, pipeline: str, text: str, options: dict[str, Any]) -> int | None:
    """Return None to go on with the run, else the exit code.

    Without a terminal to ask on nobody is asked, and neither is who runs what costs nothing worth the question. Where
    there is no estimate (an older gateway, a request that will be refused) the run itself tells what there is to tell.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    estimate = _estimate(context, pipeline, text, options)
    if estimate is None or not is_worth_asking(estimate):
        return None
    from stagecast.commands.wording import word_estimate

    typer.echo(word_estimate(estimate), err=True)
    try:
        if _is_granted():
            return None
    except KeyboardInterrupt:
        typer.echo("\nNot run; nothing was spent.", err=True)
        return EXIT_INTERRUPTED
    typer.echo("Not run; nothing was spent.", err=True)
    return EXIT_FAILED


def is_worth_asking(estimate: "Estimate") -> bool:
    """Tell whether a run may cost more than a cent, or nobody knows what."""
    return estimate.cost is None or estimate.cost.high > ASK_ABOVE_USD


def _estimate(context: typer.Context, pipeline: str, text: str, options: dict[str, Any]) -> "Estimate | None":
    from contracts.errors import StagecastError

    async def work(client: "Client") -> "Estimate":
        return await client.estimate(pipeline, text, options)

    try:
        return with_client(context, work)
    except StagecastError:
        return None


def _is_granted() -> bool:
    while True:
        typer.echo("Run it? [Y/n] ", err=True, nl=False)
        line = sys.stdin.readline()
        if not line:  # the terminal's end of input is no yes
            typer.echo(err=True)
            return False
        if (answer := _ANSWERS.get(line.strip().lower())) is not None:
            return answer
