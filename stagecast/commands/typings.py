"""Writes the TypeScript declarations of what crosses the wire, from the models, for the JavaScript client.

The file is written by `python -m stagecast.commands.schemas`. How a model becomes JSON is pydantic's affair: what is
read here is its JSON Schema.
"""

import json
import textwrap
from collections.abc import Mapping
from typing import Any, Union, get_args

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from contracts.estimate import Estimate
from contracts.events import JOURNAL, Event, LogEvent
from contracts.evidence import Optimization
from contracts.messages import ClientMessage, ServerMessage
from contracts.model_status import ModelOverview
from contracts.pipeline_file import PipelineFile, PipelineSource
from contracts.requests import (
    CancelReply,
    ExecutionListing,
    ExecutionView,
    FinishReply,
    OptionsReply,
    PipelineDetail,
    PipelineListing,
    RerunReply,
    RunReply,
)
from contracts.results import OutputListing, PipelineResult
from contracts.stage_input import StageInput

Json = dict[str, Any]  # a JSON Schema

_HEADER = """// Written by `make docs` from the models in contracts/: do not edit.
// What crosses the wire: events, the messages of /ws, and the answers of HTTP. docs/protocol.md says what they mean.
"""
_REPLIES = (
    CancelReply, Estimate, ExecutionListing, ExecutionView, FinishReply, ModelOverview, Optimization, OptionsReply,
    OutputListing, PipelineDetail, PipelineFile, PipelineListing, PipelineResult, PipelineSource, RerunReply, RunReply,
    StageInput,
)  # fmt: skip
_UNIONS: Mapping[str, Any] = {  # Any: pydantic takes any type
    "Event": Event,
    "LogEvent": LogEvent,
    "JournalEvent": Union[JOURNAL],  # noqa: UP007  # a union of what is in a tuple
    "ServerMessage": ServerMessage,
    "ClientMessage": ClientMessage,
}
_MESSAGES = frozenset(
    model.__name__ for union in (ServerMessage, ClientMessage) for model in get_args(get_args(union)[0])
)
_NAMES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_WIDTH = 116


def wire_typings() -> str:
    """Return the declarations, as the text of a file."""
    wanted = {**_UNIONS, **{model.__name__: model for model in _REPLIES}}
    adapters: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (name, "serialization", TypeAdapter(kind)) for name, kind in wanted.items()
    ]
    schemas, shared = TypeAdapter.json_schemas(adapters, by_alias=True)
    unions = [
        f"export type {name} =\n  | {_type_of(schemas[name, 'serialization']).replace(' | ', chr(10) + '  | ')};\n"
        for name in _UNIONS
    ]
    return "\n".join([_HEADER, *(_interface(name, model) for name, model in shared["$defs"].items()), *unions])


def _interface(name: str, model: Json) -> str:
    """Declare one model with all its fields, as they are written; messages alone are written without what is null."""
    lines = [*_comment(model, ""), f"export interface {name} {{"]
    fields: Json = model.get("properties", {})
    for field in sorted(fields, key=lambda field: field != "type"):  # what tells the kinds apart comes first
        declared = f"{field}: {_type_of(fields[field])}"
        if name in _MESSAGES and fields[field].get("default", ...) is None:
            declared = declared.replace(": ", "?: ", 1).removesuffix(" | null")
        lines += [*_comment(fields[field], "  "), f"  {declared};"]
    return "\n".join([*lines, "}\n"])


def _comment(schema: Json, indent: str) -> list[str]:
    text = " ".join(schema.get("description", "").split()).replace("*/", "* /")
    if not text:
        return []
    if len(text) <= _WIDTH - len(indent):
        return [f"{indent}/** {text} */"]
    return [
        f"{indent}/**",
        *textwrap.wrap(text, _WIDTH, initial_indent=f"{indent} * ", subsequent_indent=f"{indent} * "),
        f"{indent} */",
    ]


def _type_of(schema: Json) -> str:
    match schema:
        case {"$ref": ref}:
            return str(ref).rsplit("/", 1)[-1]
        case {"const": value}:
            return json.dumps(value)
        case {"enum": values}:
            return " | ".join(map(json.dumps, values))
        case {"anyOf": kinds} | {"oneOf": kinds}:
            return " | ".join(map(_type_of, kinds))
        case {"type": "array", "items": items}:
            return f"Array<{_type_of(items)}>"
        case {"type": "object"}:
            values = schema.get("additionalProperties", True)
            return f"Record<string, {'unknown' if values is True else _type_of(values)}>"
        case {"type": str(name)}:
            return _NAMES[name]
        case _:
            return "unknown"
