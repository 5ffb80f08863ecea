"""The AsyncAPI documents: against the official schema, against the models, and against themselves."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft7Validator
from pydantic import TypeAdapter, ValidationError

from contracts.events import EVENT_TYPES, JOURNAL_TYPES, Event, decode
from contracts.messages import ClientMessage, CloseCode, ServerMessage, parse_client_message
from contracts.subjects import parse_live_subject, parse_log_subject
from stagecast.asyncapi.nats_document import asyncapi_nats
from stagecast.asyncapi.websocket_document import CLOSE_CODES, asyncapi_ws

Json = dict[str, Any]
SPECIFICATION = json.loads((Path(__file__).parent / "specification" / "3.0.0.json").read_text())
DOCUMENTS = {"ws": asyncapi_ws(), "nats": asyncapi_nats()}
DRAFT_7 = frozenset(
    {"$ref", "title", "description", "type", "const", "enum", "format", "pattern", "default"}
    | {"minLength", "maxLength", "minimum", "maximum", "items", "minItems", "maxItems", "uniqueItems"}
    | {"properties", "required", "additionalProperties", "anyOf", "oneOf", "allOf", "not"}
)

every_document = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=list(DOCUMENTS))


def walk(part: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Every object of a document with its path."""
    if isinstance(part, dict):
        yield path, cast("Json", part)
        for name, value in cast("Json", part).items():
            yield from walk(value, (*path, name))
    elif isinstance(part, list):
        for number, value in enumerate(cast("list[object]", part)):
            yield from walk(value, (*path, str(number)))


def resolve(document: Json, reference: Json) -> Any:
    part: Any = document
    for name in reference["$ref"].removeprefix("#/").split("/"):
        part = part[name.replace("~1", "/").replace("~0", "~")]
    return resolve(document, part) if "$ref" in part else part


def faults(document: Json, schema: Json, value: Any) -> list[str]:
    validator = Draft7Validator({**schema, "components": document["components"]})
    return [fault.message for fault in validator.iter_errors(value)]  # pyright: ignore[reportUnknownMemberType]  # untyped


def examples(document: Json) -> list[tuple[str, Json, Json]]:
    """Name of the message, the message, and one example of it, for all of them."""
    messages: dict[str, Json] = document["components"]["messages"]
    return [(key, message, example) for key, message in messages.items() for example in message["examples"]]


@every_document
def test_it_is_asyncapi_to_the_letter(document: Json) -> None:
    found = Draft7Validator(SPECIFICATION).iter_errors(document)  # pyright: ignore[reportUnknownMemberType]  # untyped
    assert [f"{fault.json_path}: {fault.message[:200]}" for fault in found] == []


def test_the_official_schema_refuses_what_is_none() -> None:
    broken = {**asyncapi_ws(), "operations": {"subscribe": {"action": "shout", "channel": {"$ref": "#/channels/ws"}}}}
    assert list(Draft7Validator(SPECIFICATION).iter_errors(broken))  # pyright: ignore[reportUnknownMemberType]  # untyped


@every_document
def test_every_reference_leads_somewhere(document: Json) -> None:
    references = [part for path, part in walk(document) if "$ref" in part and "examples" not in path]
    assert len(references) > 50
    for reference in references:
        assert isinstance(resolve(document, reference), dict)


@every_document
def test_operations_speak_of_messages_of_their_channel_and_every_message_is_in_one(document: Json) -> None:
    [(channel, parts)] = document["channels"].items()
    spoken = set[str]()
    for operation in document["operations"].values():
        assert resolve(document, operation["channel"]) is parts
        for message in [*operation["messages"], *operation.get("reply", {}).get("messages", [])]:
            prefix, _, key = message["$ref"].rpartition("/")
            assert prefix == f"#/channels/{channel}/messages"
            spoken.add(key)
    assert spoken == set(parts["messages"]) == set(document["components"]["messages"])


@every_document
def test_every_example_fits_the_schema_of_its_message(document: Json) -> None:
    for key, message, example in examples(document):
        assert faults(document, message["payload"], example["payload"]) == [], key
        if "headers" in message:
            assert faults(document, message["headers"], example["headers"]) == [], key


@every_document
def test_every_schema_refuses_what_is_no_such_message(document: Json) -> None:
    for key, message, example in examples(document):
        assert faults(document, message["payload"], {**example["payload"], "type": 7}), key
        assert faults(document, message["payload"], {}), key


@every_document
def test_every_example_is_one_of_the_models_and_loses_nothing_in_them(document: Json) -> None:
    sent: TypeAdapter[Any] = TypeAdapter(ClientMessage)
    got: TypeAdapter[Any] = TypeAdapter(Event | ServerMessage)
    for key, _, example in examples(document):
        adapter = sent if key in ("auth", "subscribe", "unsubscribe") else got
        read = adapter.validate_json(json.dumps(example["payload"]))
        assert read.type == example["payload"]["type"]
        written = adapter.dump_python(read, mode="json", by_alias=True)
        assert example["payload"].items() <= written.items(), key


@every_document
def test_schemas_use_nothing_newer_than_asyncapi_knows(document: Json) -> None:
    for path, part in walk(document["components"]["schemas"]):
        is_schema = len(path) > 0 and path[-1] != "properties"
        if is_schema and "default" not in path:
            assert set(part) <= DRAFT_7, path


def test_the_socket_has_every_message_and_event_there_is() -> None:
    types = {message["name"] for message in DOCUMENTS["ws"]["components"]["messages"].values()}
    adapters: list[TypeAdapter[Any]] = [TypeAdapter(ClientMessage), TypeAdapter(ServerMessage)]
    expected = {name for adapter in adapters for name in adapter.json_schema()["discriminator"]["mapping"]}
    assert types == expected | set(EVENT_TYPES)


def test_the_description_of_the_socket_tells_every_close_code() -> None:
    assert set(CLOSE_CODES) >= set(CloseCode)
    told = re.findall(r"^\| (\d{4}) \|", DOCUMENTS["ws"]["info"]["description"], re.MULTILINE)
    assert [int(code) for code in told] == [int(code) for code in CLOSE_CODES] == sorted(CLOSE_CODES)


def test_a_subscription_is_about_one_thing() -> None:
    message = DOCUMENTS["ws"]["components"]["messages"]["subscribe"]
    for subject in ({}, {"executionId": "*", "pipelineId": "echo-v1"}):
        payload = {"type": "subscribe", **subject}
        assert faults(DOCUMENTS["ws"], message["payload"], payload)
        with pytest.raises(ValidationError):
            parse_client_message(json.dumps(payload))


def test_the_server_is_the_one_that_was_asked() -> None:
    server = asyncapi_ws(host="stagecast.example", is_secure=True)["servers"]["gateway"]
    assert (server["host"], server["protocol"]) == ("stagecast.example", "wss")


def test_the_subjects_are_those_of_the_contract() -> None:
    [channel] = DOCUMENTS["nats"]["channels"].values()
    address, parameters = channel["address"], channel["parameters"]
    [execution_id] = parameters["executionId"]["examples"]
    types = set[str]()
    for token in parameters["event"]["enum"]:
        subject = address.format(executionId=execution_id, event=token)
        types.add(parse_live_subject(subject)[1])
    assert types == set(EVENT_TYPES)


def test_what_is_stored_says_under_which_number() -> None:
    for _, message, example in examples(DOCUMENTS["nats"]):
        if message["name"] == "stage:output":
            assert "headers" not in message
            continue
        execution_id, kind, seq = parse_log_subject(example["headers"]["Nats-Subject"])
        payload = example["payload"]
        assert (execution_id, kind, seq) == (payload["executionId"], payload["type"], payload["seq"])
        assert decode(json.dumps(payload)).type == message["name"]


def test_the_journal_is_told_apart() -> None:
    document = DOCUMENTS["nats"]
    told = [resolve(document, message)["name"] for message in document["operations"]["tellJournal"]["messages"]]
    assert set(told) == JOURNAL_TYPES
