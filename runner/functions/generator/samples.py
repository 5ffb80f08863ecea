"""Values made up from a JSON Schema, as generated files have them: for trying a pipeline without any model."""

from typing import cast

from contracts.pipeline import JsonSchema
from runner.values import Json

SAMPLE = 'a "sample" {{ 7 * 7 }} </x>'  # what must stay text wherever it comes
_NUMBERS = (1, 0, 100)


def sample_of(schema: JsonSchema | None, variant: int) -> Json:
    """Return a value that fits, text without a schema; other variants give other choices, flags, numbers, lengths."""
    if schema is None:
        return SAMPLE
    if "enum" in schema:
        choices = cast("list[Json]", schema["enum"])
        return choices[variant % len(choices)] if choices else None
    match schema.get("type"):
        case "object":
            properties = cast("dict[str, JsonSchema]", schema.get("properties", {}))
            return {name: sample_of(inner, variant) for name, inner in properties.items()}
        case "array":
            count = max(int(schema.get("minItems", 0)), min(1 + variant, int(schema.get("maxItems", 2))))
            return [sample_of(schema.get("items"), variant + number) for number in range(count)]
        case "number" | "integer":
            return _NUMBERS[variant % len(_NUMBERS)]
        case "boolean":
            return variant % 2 == 0
        case _:
            return SAMPLE[: int(schema.get("maxLength", len(SAMPLE)))]
