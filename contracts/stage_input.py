"""Answer of `GET /api/executions/{id}/stages/{stageId}/input`: what a stage was given, rendered anew from the log."""

from typing import Any, Literal

from pydantic import Field

from contracts.wire import WireModel


class StageInputItem(WireModel):
    """What one run of a stage was given: the only one, or that of one item in its `foreach`."""

    item: int | None = Field(default=None, description="The item's place, from 0; null without `foreach`.")
    value: Any = Field(default=None, description="The item; null without `foreach`.")
    system: str | None = Field(default=None, description="The prompt's system message.")
    user: str | None = Field(default=None, description="The prompt's user message; null for a function.")
    arguments: dict[str, Any] | None = Field(default=None, description="The function's arguments; null for a prompt.")


class StageInput(WireModel):
    """What a stage was given, without what a repeated attempt is told of its last fault."""

    stage_id: str
    kind: Literal["prompt", "call"] | None = Field(description="Null where the events are not kept any more.")
    call: str | None = Field(default=None, description="The function that it calls.")
    reason: str | None = Field(default=None, description="Why there are no items, in a sentence; else null.")
    total: int = Field(default=0, description="How many items there were; `items` has the first of them, at most 50.")
    items: tuple[StageInputItem, ...] = ()
