"""What expressions can see: inputs, what stages offer, the foreach item. Not how expressions are evaluated."""

from collections.abc import Iterable, Mapping
from typing import cast

from contracts.pipeline import Stage
from runner.records import StageRecord
from runner.values import Json

Scope = dict[str, Json]
"""`{"inputs": {…}, "stages": {id: {"output": …, "status": …}}}`, and in a foreach the item under its name."""

StageView = dict[str, Json]

_STATUS_OF = {"completed": "success", "cancelled": "skipped"}
"""A stage that was cut off so that the pipeline finishes is to the others as one that was skipped."""


def view_of(stage: Stage, status: str, output: Json) -> StageView:
    """Return what `stages.<id>` is: `output` and `status`, for a foreach also `results` and `dropped`.

    A foreach that was skipped or failed offers what its replacement output says, a list or a mapping with `results`;
    else no results.
    """
    view: StageView = {"output": output, "status": status}
    if stage.foreach is not None:
        parts = cast("Mapping[str, Json]", output) if isinstance(output, Mapping) else {"results": output}
        view["results"] = _list(parts.get("results"))
        view["dropped"] = _list(parts.get("dropped"))
    return view


def begin_scope(inputs: Mapping[str, Json], records: Iterable[StageRecord]) -> Scope:
    """Return the scope of an execution whose settled stages are those of `records`."""
    scope: Scope = {"inputs": dict(inputs), "stages": {}}
    for record in records:
        if record.is_settled:
            offer(scope, record)
    return scope


def offer(scope: Scope, record: StageRecord) -> None:
    """Let later stages see a settled stage."""
    status = _STATUS_OF.get(record.phase, record.phase)
    scope["stages"][record.stage.id] = view_of(record.stage, status, record.output)


def with_own_output(scope: Scope, stage: Stage, output: Json) -> Scope:
    """Return a copy in which the stage sees its own output, as its `early_exit` does."""
    return {**scope, "stages": {**scope["stages"], stage.id: view_of(stage, "success", output)}}


def _list(value: object) -> list[Json]:
    return cast("list[Json]", value) if isinstance(value, list) else []
