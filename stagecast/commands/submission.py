"""Waiting for a gateway to take a submission, which the client repeats for a while, and telling that one waits."""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer

T = TypeVar("T")

_SILENCE_SECONDS = 2.0  # then it is said that an answer is waited for


async def until_taken(submitting: Coroutine[Any, Any, T], interrupted: asyncio.Event) -> T:
    """Return what was submitted, and say on stderr when that takes long or a Ctrl-C comes meanwhile.

    The first Ctrl-C does not end the wait: what was submitted is then cancelled.
    """
    answer = asyncio.create_task(submitting)
    asking = asyncio.create_task(interrupted.wait())
    try:
        await asyncio.wait({answer, asking}, timeout=_SILENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() and not interrupted.is_set():
            typer.echo("The gateway has not taken it yet; still trying.", err=True)
            await asyncio.wait({answer, asking}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            typer.echo("It will be cancelled once it is taken; Ctrl-C again leaves at once.", err=True)
        return await answer
    finally:
        answer.cancel()
        asking.cancel()
        await asyncio.gather(answer, asking, return_exceptions=True)


@contextmanager
def named(pipeline: str) -> Generator[None]:
    """Surround a request about a pipeline: that there is none is told with its name, and what to do."""
    from contracts.errors import PipelineNotFound, RequestRefused

    try:
        yield
    except RequestRefused as error:
        if error.code == PipelineNotFound.code:
            raise PipelineNotFound(f"There is no pipeline '{pipeline}'; `stagecast pipelines` lists them.") from None
        raise
