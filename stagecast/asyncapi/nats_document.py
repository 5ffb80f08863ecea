"""The AsyncAPI document of the NATS subjects that anybody may listen to: `exec.`. Not of `log.`, the services' own."""

from contracts.envelope import Payload, StoredEvent
from contracts.ids import EXECUTION_ID_PATTERN
from contracts.subjects import LIVE_PREFIX, LOG_PREFIX, STORED_SUBJECT_HEADER, live_subject, log_subject
from stagecast.asyncapi.document import (
    CORRELATION_IDS,
    VERSION,
    Described,
    Json,
    described_events,
    info,
    message,
    messages_of,
    reference,
    schemas,
)
from stagecast.asyncapi.event_examples import EXECUTION_ID, execution_events, journal_events, stage_events
from stagecast.payloads import PAYLOAD_HEADER

_CHANNEL = "executionEvents"
_LOOPBACK = "127.0.0.1:4222"
_STORED_HEADERS, _STUB = "StoredEventHeaders", "EventInParts"

_DESCRIPTION = """\
What happens to executions, as plain NATS messages on `exec.<execution>.<event>`, which any NATS client may listen to.
`<event>` is the event's `type` with `_` for `:`.

| subject | what |
|---|---|
| `exec.>` | everything, the journal included |
| `exec.<execution>.*` | one execution |
| `exec.*.execution_completed` | every end |
| `exec.*.call_completed` | every model call, with what it cost |

These are plain messages, at most once: a listener that was away reads what it missed from a gateway, over `/ws` or
HTTP. Events of one execution come in the order of `seq`; a number that is missing is an event that was missed.

Nobody but the broker publishes a stored event here: it republishes what its stream has accepted. The one kind of
message that is not stored, `stage:output`, is published by the runner that has the execution. An observer needs leave
to subscribe to `exec.>` and nothing else.

Where events are appended (`log.>`), and what else the services keep in the broker, is private to them: it is not
described here, and may change at any time.
"""


class EventInParts(StoredEvent):
    """An event larger than one broker message: its large fields are left out. A gateway gives it whole."""

    type: str
    payload: Payload


def asyncapi_nats(*, host: str = _LOOPBACK) -> Json:
    """Return the AsyncAPI 3.0 document of the NATS subjects.

    Args:
        host: where the broker is reached, with its port.
    """
    lifecycle, stages, journal = map(described_events, (execution_events(), stage_events(), journal_events()))
    groups = {
        "tellLifecycle": ("What happens to executions as a whole.", lifecycle),
        "tellStages": ("What happens to stages.", [one for one in stages if _is_stored(one)]),
        "tellJournal": ("What runners store for each other: model calls, steps, and how it ends.", journal),
        "tellText": ("Live text, as a model writes it. Not stored.", [one for one in stages if not _is_stored(one)]),
    }
    described = [one for _, group in groups.values() for one in group]
    return {
        "asyncapi": VERSION,
        "info": info("stagecast: events of executions over NATS", _DESCRIPTION),
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": host,
                "protocol": "nats",
                "title": "Broker",
                "security": [reference("components", "securitySchemes", "user")],
            }
        },
        "channels": {_CHANNEL: _channel(described)},
        "operations": {
            name: {
                "action": "send",
                "channel": reference("channels", _CHANNEL),
                "summary": summary,
                "messages": messages_of(_CHANNEL, group),
            }
            for name, (summary, group) in groups.items()
        },
        "components": {
            "schemas": {
                **schemas([one.model for one in described] + [EventInParts], mode="serialization"),
                _STORED_HEADERS: _stored_headers(),
            },
            "messages": {one.key: _message(one) for one in described},
            "correlationIds": CORRELATION_IDS,
            "securitySchemes": {
                "user": {
                    "type": "userPassword",
                    "description": "Where the broker asks for one.",
                }
            },
        },
    }


def _channel(described: list[Described]) -> Json:
    tokens = [live_subject(EXECUTION_ID, one.wire_name).rsplit(".", 1)[1] for one in described]
    return {
        "address": f"{LIVE_PREFIX}.{{executionId}}.{{event}}",
        "title": "Events of executions",
        "messages": {one.key: reference("components", "messages", one.key) for one in described},
        "parameters": {
            "executionId": {
                "description": f"Which execution; `{EXECUTION_ID_PATTERN}`. Listeners may write `*`.",
                "examples": [EXECUTION_ID],
                "location": "$message.payload#/executionId",
            },
            "event": {
                "description": "The event's `type` with `_` for `:`. Listeners may write `*`.",
                "enum": tokens,
                "examples": tokens[:1],
            },
        },
    }


def _is_stored(described: Described) -> bool:
    return issubclass(described.model, StoredEvent)


def _message(described: Described) -> Json:
    if not _is_stored(described):
        return message(described)
    name = described.model.__name__
    whole, in_parts = reference("components", "schemas", name), reference("components", "schemas", _STUB)
    made = message(
        Described(described.model, described.examples, headers=_STORED_HEADERS), payload={"anyOf": [whole, in_parts]}
    )
    for example in made["examples"]:
        subject = log_subject(EXECUTION_ID, described.wire_name, example["payload"]["seq"])
        example["headers"] = {STORED_SUBJECT_HEADER: subject}
    return made


def _stored_headers() -> Json:
    return {
        "type": "object",
        "description": "Headers of a stored event. There are others, which are the broker's and the services' own.",
        "required": [STORED_SUBJECT_HEADER],
        "properties": {
            STORED_SUBJECT_HEADER: {
                "type": "string",
                "pattern": rf"^{LOG_PREFIX}\.{EXECUTION_ID_PATTERN.strip('^$')}\.[a-z_]+\.[0-9]+$",
                "description": "Where it is stored. The last token is its number, the `seq` in the payload.",
            },
            "Nats-Sequence": {
                "type": "string",
                "pattern": "^[0-9]+$",
                "description": "Its number in the broker's stream, over all executions, in the order of storing.",
            },
            "Nats-Time-Stamp": {"type": "string", "format": "date-time", "description": "When it was stored."},
            PAYLOAD_HEADER: {
                "type": "string",
                "pattern": "^[0-9a-f]{64} [0-9]+$",
                "description": "Only where the event is in parts: digest and size of the whole.",
            },
        },
    }
