"""`foreach` over either kind: items side by side, successes in item order, the rest dropped with reasons."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from contracts.errors import ExpressionError, StageError
from contracts.pipeline import Foreach
from runner.account import CallRefused
from runner.groups import first_leaf
from runner.stages.work import Item, StageWork
from runner.values import Json, NotJson, as_json, sentence
from stagecast.stage_input import render_items

MAX_ITEMS = 10_000
"""More is a mistake in a template or a model's whim, and every one of them would be paid for."""

RunOne = Callable[[StageWork, Item], Awaitable[Json]]


async def run_foreach(work: StageWork, foreach: Foreach, run_one: RunOne) -> Json:
    """Return `{"results": […], "dropped": [{"item", "index", "reason"}, …]}`, both in item order.

    An item whose attempts are used up is dropped. A budget that says `finish` drops what it no longer allows; one that
    says `fail` ends the stage at once, as does a missing setting or function. Items in flight are then aborted.

    Raises:
        StagecastError: the items are no list, fewer than `min_ok` succeeded, or one of the above.
    """
    items = _items(work, foreach)
    results: dict[int, Json] = {}
    dropped: dict[int, str] = {}
    refusals: list[CallRefused] = []
    queue = iter(items)

    async def work_off() -> None:
        for item in queue:
            try:
                results[item.index] = await run_one(work, item)
            except CallRefused as refusal:
                if refusal.on_exceeded == "fail":
                    raise
                refusals.append(refusal)
                dropped[item.index] = refusal.message
            except (StageError, ExpressionError) as error:
                dropped[item.index] = sentence(error.message)

    await _side_by_side(work_off, min(foreach.max_parallel, len(items)))
    if len(results) < foreach.min_ok:
        raise _too_few(len(results), items, dropped, refusals, foreach.min_ok)
    return {
        "results": [results[index] for index in sorted(results)],
        "dropped": [
            {"item": items[index].value, "index": index, "reason": dropped[index]} for index in sorted(dropped)
        ],
    }


def _items(work: StageWork, foreach: Foreach) -> list[Item]:
    try:
        value = as_json(render_items(foreach, work.scope))
    except NotJson as error:
        raise StageError(f"The items of the foreach cannot be used: {error}.", code="bad_items") from None
    if not isinstance(value, list):
        kind = type(value).__name__
        raise StageError(f"The items of the foreach must be a list; they are of type {kind}.", code="bad_items")
    values = cast("list[Json]", value)
    if len(values) > MAX_ITEMS:
        raise StageError(f"The foreach has {len(values)} items; {MAX_ITEMS} are the most.", code="bad_items")
    return [Item(index, value) for index, value in enumerate(values)]


async def _side_by_side(work_off: Callable[[], Awaitable[None]], count: int) -> None:
    if count <= 1:
        await work_off()
        return
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(_run(work_off))
    except BaseExceptionGroup as errors:
        raise first_leaf(errors) from None


async def _run(work_off: Callable[[], Awaitable[None]]) -> None:
    await work_off()


def _too_few(
    succeeded: int, items: list[Item], dropped: dict[int, str], refusals: list[CallRefused], min_ok: int
) -> StageError:
    counts = f"{succeeded} of {len(items)} items succeeded; min_ok is {min_ok}."
    if refusals:
        return refusals[0].saying(f"{counts} {refusals[0].message}")
    why = f" The first one failed so: {dropped[min(dropped)]}" if dropped else ""
    return StageError(f"{counts}{why}", code="too_few_items")
