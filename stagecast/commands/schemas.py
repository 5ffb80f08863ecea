"""Writes the JSON Schemas of events and pipeline files from the models: `python -m stagecast.commands.schemas`.

A test fails when the files that are kept in the repository are stale.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from contracts.events import Event
from contracts.pipeline import Pipeline

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def pipeline_schema() -> str:
    """Return the JSON Schema of a pipeline file, as the text of a file."""
    return _text("A pipeline of stagecast", Pipeline.model_json_schema(by_alias=True))


def event_schema() -> str:
    """Return the JSON Schema of every event, stored and live, as a reader gets it; as the text of a file."""
    events: TypeAdapter[Event] = TypeAdapter(Event)
    schema = events.json_schema(by_alias=True, mode="serialization")
    for model in schema["$defs"].values():
        # The models have defaults for these so that writers may leave them out; what is written always has them.
        always = [name for name in ("type", "at", "seq") if name in model["properties"]]
        if "const" in model["properties"].get("type", {}):
            model["required"] = [*always, *(name for name in model["required"] if name not in always)]
    return _text("An event of a stagecast execution", schema)


def schema_files() -> Mapping[str, str]:
    """Return what belongs into which file, by path from the repository's root."""
    return {
        "docs/schemas/events.schema.json": event_schema(),
        "docs/schemas/pipeline.schema.json": pipeline_schema(),
        "pipelines/pipeline.schema.json": pipeline_schema(),
    }


def write_schemas(root: Path) -> None:
    """Write the files below a repository's root."""
    for name, text in schema_files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


# Any: a JSON Schema.
def _text(title: str, schema: Mapping[str, Any]) -> str:
    return json.dumps({"$schema": _DIALECT, **schema, "title": title}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_schemas(Path.cwd())
