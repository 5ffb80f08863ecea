"""A registry that knows the names which the pipelines of these tests use."""

from typing import Any

from stagecast.functions import CheckContext, FunctionContext, FunctionRegistry


async def deliver_nothing(context: FunctionContext, **arguments: Any) -> None:
    return None


def accept(context: CheckContext, value: Any, **arguments: Any) -> str | None:
    return None


REGISTRY = FunctionRegistry(
    {"compare": deliver_nothing, "verdict": deliver_nothing}, {"same_placeholders": accept, "max_growth": accept}
)
