"""What expressions see of a stage that has ended: `stages.<id>`. Who has ended, and how, is decided elsewhere."""

from collections.abc import Mapping
from typing import Any, cast

from contracts.pipeline import Stage

# Any: what stages deliver is JSON of every kind.
StageView = dict[str, Any]


def view_of(stage: Stage, status: str, output: Any) -> StageView:
    """Return what `stages.<id>` is: `output` and `status`, for a foreach also `results` and `dropped`.

    A foreach that was skipped or failed offers what its replacement output says, a list or a mapping with `results`;
    else no results.
    """
    view: StageView = {"output": output, "status": status}
    if stage.foreach is not None:
        parts = cast("Mapping[str, Any]", output) if isinstance(output, Mapping) else {"results": output}
        view["results"] = _list(parts.get("results"))
        view["dropped"] = _list(parts.get("dropped"))
    return view


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
