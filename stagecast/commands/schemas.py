"""Writes what is generated from the models, schemas, AsyncAPI and typings: `python -m stagecast.commands.schemas`.

A test fails when the files that are kept in the repository are stale.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from contracts.events import Event
from contracts.messages import ClientMessage, ServerMessage
from contracts.pipeline import Pipeline
from stagecast.asyncapi.document import complete
from stagecast.asyncapi.nats_document import asyncapi_nats
from stagecast.asyncapi.websocket_document import asyncapi_ws
from stagecast.commands.typings import wire_typings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def pipeline_schema() -> str:
    """Return the JSON Schema of a pipeline file, as the text of a file."""
    return _text("A pipeline of stagecast", Pipeline.model_json_schema(by_alias=True))


def event_schema() -> str:
    """Return the JSON Schema of every event, stored and live, as a reader gets it; as the text of a file."""
    events: TypeAdapter[Event] = TypeAdapter(Event)
    schema = events.json_schema(by_alias=True, mode="serialization")
    complete(schema["$defs"])
    return _text("An event of a stagecast execution", schema)


def message_schema() -> str:
    """Return the JSON Schema of every message of `/ws` besides events, as the text of a file.

    `#/$defs/ClientMessage` is what a client sends, `#/$defs/ServerMessage` what it gets.
    """
    client: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
    server: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)
    sides, definitions = TypeAdapter.json_schemas(
        [("ClientMessage", "validation", client), ("ServerMessage", "serialization", server)], by_alias=True
    )
    models: dict[str, Any] = definitions["$defs"]
    complete(models)
    named = {name: schema for (name, _), schema in sides.items()}
    either = [{"$ref": f"#/$defs/{name}"} for name in named]
    return _text("A message of stagecast's /ws besides events", {"anyOf": either, "$defs": {**named, **models}})


def schema_files() -> Mapping[str, str]:
    """Return what belongs into which file, by path from the repository's root."""
    return {
        "docs/schemas/asyncapi-nats.json": _json(asyncapi_nats()),
        "docs/schemas/asyncapi-ws.json": _json(asyncapi_ws()),
        "docs/schemas/events.schema.json": event_schema(),
        "docs/schemas/messages.schema.json": message_schema(),
        "docs/schemas/pipeline.schema.json": pipeline_schema(),
        "pipelines/pipeline.schema.json": pipeline_schema(),
        "web/client/wire.d.ts": wire_typings(),
    }


def write_schemas(root: Path) -> None:
    """Write the files below a repository's root."""
    for name, text in schema_files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


# Any: a JSON Schema.
def _text(title: str, schema: Mapping[str, Any]) -> str:
    return _json({"$schema": _DIALECT, **schema, "title": title})


# Any: a JSON Schema, or a document made of them.
def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_schemas(Path.cwd())
