"""`stagecast watch`, `cancel` and `finish`, and watching an execution to its end for whoever submitted it."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stagecast.commands.connection import with_client

if TYPE_CHECKING:
    from contracts.results import PipelineResult
    from stagecast.client import Client
    from stagecast.commands.display import Display
    from stagecast.commands.run_view import RunView

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # as a shell says of a program that Ctrl-C ended
_EXIT_CODES = {"success": 0, "early_exit": 0, "failed": EXIT_FAILED, "cancelled": EXIT_INTERRUPTED}

_NOTHING_TO_FINISH = "There is nothing to finish: the execution has ended, or is to be cancelled."

_ENDINGS = {"failed": "failed", "cancelled": "was cancelled"}


def watch(
    context: typer.Context,
    execution_id: Annotated[str, typer.Argument(metavar="ID", help="The execution's id.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the result, as JSON.")] = False,
) -> None:
    """Watch an execution live, from its first event on. Ctrl-C stops watching, not the execution; f finishes it."""

    async def work(client: "Client") -> int:
        from stagecast.commands.interrupts import catch_interrupts

        with catch_interrupts() as interrupted:
            return await watch_to_end(client, execution_id, interrupted, as_json=as_json, cancels=False)

    raise typer.Exit(run_interruptible(context, work))


def cancel(
    context: typer.Context,
    execution_id: Annotated[str, typer.Argument(metavar="ID", help="The execution's id.")],
) -> None:
    """Stop an execution, the model call in flight included."""

    async def work(client: "Client") -> bool:
        return await client.cancel(execution_id)

    if not with_client(context, work):
        typer.echo("There is nothing to cancel: the execution is unknown or has ended.", err=True)
        raise typer.Exit(EXIT_FAILED)
    typer.echo("Cancelling.")


def finish(
    context: typer.Context,
    execution_id: Annotated[str, typer.Argument(metavar="ID", help="The execution's id.")],
) -> None:
    """Let an execution stop here and keep the best that it has."""

    async def work(client: "Client") -> bool:
        return await client.finish(execution_id)

    if not with_client(context, work):
        typer.echo(_NOTHING_TO_FINISH, err=True)
        raise typer.Exit(EXIT_FAILED)
    typer.echo("Finishing.")


def run_interruptible(context: typer.Context, work: "Callable[[Client], Awaitable[int]]") -> int:
    """Do the work and return its exit code, or 130 when it was left with Ctrl-C."""
    try:
        return with_client(context, work)
    except (asyncio.CancelledError, KeyboardInterrupt):
        return EXIT_INTERRUPTED


async def watch_to_end(
    client: "Client", execution_id: str, interrupted: asyncio.Event, *, as_json: bool, cancels: bool
) -> int:
    """Show an execution until it ends, print its output and return the exit code. Key f asks it to finish.

    Args:
        client: an open client.
        execution_id: which execution.
        interrupted: set by the first Ctrl-C.
        as_json: print the PipelineResult and nothing else.
        cancels: whether that Ctrl-C cancels the execution and waits for its end, or only stops watching.
    """
    from stagecast.commands.display import open_display
    from stagecast.commands.run_view import RunView

    view = RunView(execution_id)
    pressed = asyncio.Event()
    async with open_display(view, is_silent=as_json, keys={"f": pressed.set}) as display:
        following = asyncio.create_task(_follow(client, view, display))
        asking = asyncio.create_task(interrupted.wait())
        finishing = asyncio.create_task(_finish_when(pressed, client, view, display))
        try:
            await asyncio.wait({following, asking}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done() and not cancels:
                display.say("Stopped watching; the execution goes on.")
                return EXIT_INTERRUPTED
            if not following.done():
                await _ask_to_cancel(client, view, display)
            await following
        finally:
            following.cancel()
            asking.cancel()
            finishing.cancel()
            await asyncio.gather(following, asking, finishing, return_exceptions=True)
    if view.result is None:
        raise RuntimeError("following ended without a result")
    print_result(view.result, view.filename, as_json=as_json)
    return _EXIT_CODES[view.result.status]


async def _follow(client: "Client", view: "RunView", display: "Display") -> None:
    from stagecast.updates import Dropped, Snapshot

    async with aclosing(client.follow(view.execution_id)) as updates:
        async for update in updates:
            if isinstance(update, Snapshot):
                view.restore(update.view)
                display.say("Some of its events are not kept any more; this is where it stands.")
            elif not isinstance(update, Dropped):  # of live text only the end is shown anyway
                view.apply(update)
                display.show(update)


async def _ask_to_cancel(client: "Client", view: "RunView", display: "Display") -> None:
    from contracts.errors import StagecastError

    display.say("Cancelling; Ctrl-C again leaves at once.")
    try:
        await client.cancel(view.execution_id)
    except StagecastError as error:
        display.say(f"{error.message} The execution goes on; try `stagecast cancel {view.execution_id}` later.")


async def _finish_when(pressed: asyncio.Event, client: "Client", view: "RunView", display: "Display") -> None:
    from contracts.errors import StagecastError

    while not view.is_finishing:
        await pressed.wait()
        pressed.clear()
        # Told at once: the end may be here before the answer to the request is.
        display.say("Finishing: it stops here and keeps the best.")
        try:
            if not await client.finish(view.execution_id):
                display.say(_NOTHING_TO_FINISH)
        except StagecastError as error:
            display.say(f"{error.message} The execution goes on; press f to try again.")


def print_result(result: "PipelineResult", filename: str | None, *, as_json: bool) -> None:
    """Print what an execution delivered to stdout, and what else is to be told about its end to stderr."""
    if as_json:
        typer.echo(result.model_dump_json(by_alias=True, indent=2))
        return
    text = _output_text(result.output)
    if text:
        from stagecast.wording import printable

        typer.echo(printable(text) if sys.stdout.isatty() else text)
    if (ending := _ENDINGS.get(result.status)) is not None:
        typer.echo(f"The execution {ending}{': ' + result.error if result.error else '.'}", err=True)
    if filename:
        typer.echo(f"Saved as {filename}\nIts report: stagecast outputs show {filename}", err=True)


def _output_text(output: object) -> str:
    """Return the part of an output that people came for: the optimized prompt, a text as it is, or else JSON."""
    if output is None:
        return ""
    if isinstance(output, dict):
        prompt = cast("dict[str, object]", output).get("optimizedPrompt")
        if isinstance(prompt, str):
            return prompt
    return output if isinstance(output, str) else json.dumps(output, indent=2, ensure_ascii=False)
