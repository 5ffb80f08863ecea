"""What expressions can see: inputs, what stages offer, the foreach item. Not how expressions are evaluated."""

from collections.abc import Iterable, Mapping

from contracts.pipeline import Stage
from runner.records import StageRecord
from runner.values import Json
from stagecast.stage_view import view_of

Scope = dict[str, Json]
"""`{"inputs": {…}, "stages": {id: {"output": …, "status": …}}}`, and in a foreach the item under its name."""

_STATUS_OF = {"completed": "success", "cancelled": "skipped"}
"""A stage that was cut off so that the pipeline finishes is to the others as one that was skipped."""


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
