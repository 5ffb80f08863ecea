"""Which code runs a stage: a row of the table for each kind. A new kind is a new file and one row."""

from collections.abc import Awaitable, Callable

from contracts.errors import StageError
from contracts.pipeline import Stage
from runner.stages.call import run_call
from runner.stages.foreach import run_foreach
from runner.stages.prompt import run_prompt
from runner.stages.work import Item, StageWork
from runner.values import Json

RunKind = Callable[[StageWork, Item | None], Awaitable[Json]]

_KINDS: tuple[tuple[Callable[[Stage], object], RunKind], ...] = (
    (lambda stage: stage.prompt, run_prompt),
    (lambda stage: stage.call, run_call),
)


async def deliver(work: StageWork) -> Json:
    """Run a stage and return its output, in a foreach that of all its items.

    Raises:
        StagecastError: it cannot deliver.
    """
    stage = work.stage
    run_kind = next((run for has_kind, run in _KINDS if has_kind(stage) is not None), None)
    if run_kind is None:
        raise StageError(f"Stage '{stage.id}' is of no kind that this runner knows.", code="bad_stage")
    if stage.foreach is not None:
        return await run_foreach(work, stage.foreach, run_kind)
    return await run_kind(work, None)
