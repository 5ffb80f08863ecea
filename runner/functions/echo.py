"""`echo`: gives its arguments back. For smoke tests and benchmarks, where a stage shall cost nothing but itself."""

import asyncio

from contracts.errors import StageError
from runner.values import Json
from stagecast.functions import CallPlan, EstimateContext, FunctionContext

MAX_DELAY_MS = 600_000
MAX_SIZE = 10_000_000


async def echo(
    context: FunctionContext,
    *,
    delay_ms: float = 0,
    fail: bool | str = False,
    size: int = 0,
    say: str = "",
    **arguments: Json,
) -> dict[str, Json]:
    """Return the arguments that are not named here.

    Args:
        context: the stage's.
        delay_ms: wait so long before.
        fail: fail the stage; a text is the error's message.
        size: add a `padding` of so many characters.
        say: live text to show first.
        **arguments: what is returned.

    Raises:
        StageError: it was asked to fail (code `echo_failed`), or a setting is beyond its limit (`bad_argument`).
    """
    if not 0 <= delay_ms <= MAX_DELAY_MS or not 0 <= size <= MAX_SIZE:
        raise StageError(
            f"echo takes a delay_ms from 0 to {MAX_DELAY_MS} and a size from 0 to {MAX_SIZE}.", code="bad_argument"
        )
    if say:
        context.say(say)
    if delay_ms > 0:
        await asyncio.sleep(delay_ms / 1000)
    if fail:
        raise StageError(fail if isinstance(fail, str) else "echo was asked to fail.", code="echo_failed")
    return {**arguments, "padding": "x" * size} if size else arguments


def foresee(context: EstimateContext, **_: Json) -> CallPlan:
    """Ask no model."""
    return []
