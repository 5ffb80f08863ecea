"""How functions ask models: data between tags, answers by a schema, and simply where the model is the built-in one."""

from collections.abc import Sequence

from contracts.pipeline import JsonSchema
from stagecast.functions import FunctionContext

BUILT_IN = "local:smollm2"
"""The model that comes with stagecast: it picks from lists sensibly, and writes little that helps."""


def is_built_in(context: FunctionContext, alias: str) -> bool:
    """Tell whether an alias stands for the small built-in model, which must be asked simply."""
    return context.models.get(alias) == BUILT_IN


def wrap(tag: str, text: str, among: Sequence[str] = ()) -> str:
    """Put data between tags, so that a text which holds the closing tag cannot end it.

    Args:
        tag: the tag's name.
        text: the data.
        among: the names of all tags of the message, where a text must not begin or end any of them.
    """
    for name in {tag, *among}:
        text = text.replace(f"</{name}", f"< /{name}")
        if among:
            text = text.replace(f"<{name}>", f"< {name}>")
    return f"<{tag}>\n{text}\n</{tag}>"


def object_schema(**properties: JsonSchema) -> JsonSchema:
    """Return the schema of an object with just these properties, all required, written in this order."""
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": dict(properties),
    }


def list_schema(items: JsonSchema, least: int, most: int) -> JsonSchema:
    """Return the schema of a list with so many items."""
    return {"type": "array", "minItems": least, "maxItems": most, "items": items}
