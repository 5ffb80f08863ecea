"""What expressions see while an execution runs: inputs, what stages offer, the foreach item.

The runner fills a scope as stages settle; the gateway fills one anew from a log, to tell what a stage was given. What a
stage offers is `stage_view`, what is rendered from a scope `stage_input`, how expressions are evaluated `expressions`.
"""

from collections.abc import Mapping
from typing import Any

from contracts.pipeline import Stage
from stagecast.stage_view import view_of

# Any in what follows: JSON of every kind.
Scope = dict[str, Any]
"""`{"inputs": {…}, "stages": {id: {"output": …, "status": …}}}`, and in a foreach the item under its name."""

_STATUS_OF = {"completed": "success", "cancelled": "skipped"}
"""A stage that was cut off so that the pipeline finishes is to the others as one that was skipped."""


def begin_scope(inputs: Mapping[str, Any]) -> Scope:
    """Return the scope of an execution of which no stage has settled."""
    return {"inputs": dict(inputs), "stages": {}}


def offer(scope: Scope, stage: Stage, phase: str, output: Any) -> None:
    """Let later stages see a settled stage; `phase` is completed, skipped, failed or cancelled."""
    scope["stages"][stage.id] = view_of(stage, _STATUS_OF.get(phase, phase), output)


def with_own_output(scope: Scope, stage: Stage, output: Any) -> Scope:
    """Return a copy in which the stage sees its own output, as its `early_exit` does."""
    return {**scope, "stages": {**scope["stages"], stage.id: view_of(stage, "success", output)}}


def with_item(scope: Scope, stage: Stage, value: Any) -> Scope:
    """Return a copy in which the stage sees an item of its foreach; without a foreach the same scope."""
    return scope if stage.foreach is None else {**scope, stage.foreach.as_: value}
