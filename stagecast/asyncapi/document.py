"""The parts that AsyncAPI documents are made of: schemas and messages from models, information about us. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from contracts.envelope import BaseEvent
from contracts.events import ExecutionCompleted, wire_name

Json = dict[str, Any]

VERSION = "3.0.0"
"""Of AsyncAPI."""

_SCHEMAS = "#/components/schemas/{model}"
_ABOUT_ONE_THING = ("subscribe", "unsubscribe")
_WRITTEN = ("type", "at", "seq")  # models have defaults for these, so that writers may leave them out


@dataclass(frozen=True, slots=True)
class Described:
    """A message with what it looks like.

    Attributes:
        model: what it is.
        examples: payloads, each with a word about it.
        headers: name of the schema of its headers, if it has any.
    """

    model: type[BaseModel]
    examples: Sequence[tuple[str, Json]]
    headers: str | None = None

    @property
    def wire_name(self) -> str:
        """Its `type`."""
        return str(self.model.model_fields["type"].default)

    @property
    def key(self) -> str:
        """Its name in a document: `stageStarted`."""
        first, *rest = self.wire_name.replace(":", "_").split("_")
        return first + "".join(word.capitalize() for word in rest)


def as_written(event: BaseEvent) -> Json:
    """Return an event as it goes over the wire."""
    return event.model_dump(mode="json", by_alias=True)


def described_events(events: Iterable[BaseEvent]) -> list[Described]:
    """Describe events by one example each."""
    return [Described(type(event), [(wire_name(type(event)), as_written(event))]) for event in events]


def info(title: str, description: str) -> Json:
    """Return the `info` of a document."""
    return {
        "title": title,
        "version": version("stagecast"),
        "description": description,
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        "tags": [{"name": "llm"}, {"name": "pipelines"}, {"name": "events"}],
    }


def reference(*path: str) -> Json:
    """Point to another part of the document."""
    return {"$ref": "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in path)}


def schemas(models: Iterable[type[BaseModel]], *, mode: JsonSchemaMode) -> Json:
    """Return the JSON Schemas of models and of all that they are made of, by name, for `components`."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, mode) for model in models]
    _, definitions = models_json_schema(wanted, by_alias=True, ref_template=_SCHEMAS)
    found: Json = definitions["$defs"]
    complete(found)
    return found


def complete(definitions: Mapping[str, Json]) -> None:
    """Add to the schemas of messages what their models' fields do not say: what is always there, what goes together.

    The end of an execution whose log has expired has no number.
    """
    for schema in definitions.values():
        properties: Mapping[str, Json] = schema.get("properties", {})
        kind = properties.get("type", {}).get("const")
        if kind is None:
            continue
        always = [name for name in _WRITTEN if name in properties]
        if kind == wire_name(ExecutionCompleted):
            always.remove("seq")
        schema["required"] = [*always, *(name for name in schema.get("required", []) if name not in always)]
        if kind in _ABOUT_ONE_THING:
            schema["oneOf"] = [{"required": ["executionId"]}, {"required": ["pipelineId"]}]


def message(described: Described, *, payload: Json | None = None) -> Json:
    """Return a message object.

    Args:
        described: which message.
        payload: its schema, where that is not the model's.
    """
    name = described.model.__name__
    summary, _, more = (described.model.__doc__ or "").partition("\n\n")
    made: Json = {
        "name": described.wire_name,
        "title": name,
        "summary": " ".join(summary.split()),
        "contentType": "application/json",
        "payload": payload or reference("components", "schemas", name),
        "examples": [{"name": _key_of(word), "summary": word, "payload": one} for word, one in described.examples],
    }
    if more:
        made["description"] = " ".join(more.split())
    if described.headers is not None:
        made["headers"] = reference("components", "schemas", described.headers)
    if "execution_id" in described.model.model_fields:
        made["correlationId"] = reference("components", "correlationIds", "execution")
    return made


def messages_of(channel: str, described: Iterable[Described]) -> list[Json]:
    """Point to messages of a channel, as operations do."""
    return [reference("channels", channel, "messages", one.key) for one in described]


CORRELATION_IDS: Json = {
    "execution": {"description": "Which execution it is about.", "location": "$message.payload#/executionId"}
}


def _key_of(word: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in word.lower()).strip("-")
