"""The AsyncAPI document of `/ws`: what a client may send, what it gets, and why a connection is closed."""

from collections.abc import Iterable, Mapping

from contracts.envelope import BaseEvent
from contracts.messages import CloseCode
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
from stagecast.asyncapi.event_examples import execution_events, journal_events, stage_events
from stagecast.asyncapi.message_examples import client_messages, server_messages

_CHANNEL = "ws"
_LOOPBACK = "127.0.0.1:8000"

CLOSE_CODES: Mapping[int, str] = {
    CloseCode.IDLE: "The client watched nothing for long. Connect again when there is something to watch.",
    CloseCode.TOO_LONG: "A message of the client was too long. Coming back does not help.",
    CloseCode.GOING_AWAY: "The gateway goes down. Connect again after a random part of a second, and resume.",
    1013: "Tokens cannot be checked just now. Come back later and later.",
    CloseCode.BAD_MESSAGES: "The client sent what is no message, again and again. Coming back does not help.",
    CloseCode.UNAUTHENTICATED: "No good token came in time, or it has expired.",
    CloseCode.FORBIDDEN: "The token may not read.",
    CloseCode.TOO_SLOW: "The client took nothing for too long. Connect again at once, and resume.",
    CloseCode.TOO_MANY: "Too many connections of one client, or messages in a short time. Come back later and later.",
}
"""What each close code tells a client to do."""

_DESCRIPTION = """\
What happens to executions, live, over one WebSocket at `/ws`. Messages are JSON texts. One connection carries many
subscriptions; each is a message `subscribe`.

For one execution come, in this order: `subscribed`; the stored events numbered `from` to `to`; `caught_up`; then live
events. They come in order, each once, without a hole. The journal (`call:completed`, `step:completed`,
`execution:ending`) is left out unless `"events": "all"` is asked for; without it numbers rise with gaps. The
subscription ends by itself with `execution:completed`.

To resume after a lost connection, subscribe with the last `seq` that was seen as `after`. Where what is asked for is
not kept any more, `subscribed` says `"recovered": false` and brings a `snapshot`; then take `to` as the last number.
What is left of an execution whose log has expired is its `execution:completed`, without `seq`.

With `"executionId": "*"` or a `pipelineId` come the life-cycle events (`execution:…`, without `execution:ending`) of
all executions that one may see, from now on, without history; `gap` stands where some may be missing. They do not say
for which subscription they come: use a connection of its own for them.

Live text (`stage:output`) is not stored. Where a reader is slow it is left out first, and `dropped` tells how many
pieces.

A message that is not understood is answered with `error`, and the connection stays open.

The gateway pings every 20 seconds (a setting) and takes a client for gone that does not answer; clients should ping,
too. There is no compression. `GET /api/executions/{executionId}/events` gives the same as server-sent events.

Where tokens are asked for, one is sent in one of three ways, never in the address: as header `Authorization: Bearer …`;
as subprotocols `stagecast.v1, stagecast.bearer.<token>`, answered with `stagecast.v1`; or as first message `auth`. On
loopback none is needed unless that is set.

| close code | meaning |
|---|---|
"""


def asyncapi_ws(*, host: str = _LOOPBACK, is_secure: bool = False) -> Json:
    """Return the AsyncAPI 3.0 document of `/ws`.

    Args:
        host: where the gateway is reached, with its port.
        is_secure: whether over TLS.
    """
    client, server = client_messages(), server_messages()
    lifecycle, stages, journal = map(described_events, (execution_events(), stage_events(), journal_events()))
    lifecycle[-1] = _with_expired(lifecycle[-1], execution_events()[-1])
    events = [*lifecycle, *stages, *journal]
    rows = "\n".join(f"| {int(code)} | {meaning} |" for code, meaning in CLOSE_CODES.items())
    everything = [*client.values(), *server.values(), *events]
    return {
        "asyncapi": VERSION,
        "info": info("stagecast: events of executions over a WebSocket", _DESCRIPTION + rows + "\n"),
        "defaultContentType": "application/json",
        "servers": {"gateway": _server(host, is_secure=is_secure)},
        "channels": {
            _CHANNEL: {
                "address": "/ws",
                "title": "Everything",
                "summary": "Both directions, all subscriptions of a client.",
                "messages": {one.key: reference("components", "messages", one.key) for one in everything},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": _operations(client, server, lifecycle, [*stages, *journal]),
        "components": {
            "schemas": {
                **schemas((one.model for one in client.values()), mode="validation"),
                **schemas((one.model for one in [*server.values(), *events]), mode="serialization"),
            },
            "messages": {one.key: message(one) for one in everything},
            "correlationIds": CORRELATION_IDS,
            "securitySchemes": _SECURITY,
        },
    }


_SECURITY: Json = {
    "bearerHeader": {"type": "http", "scheme": "bearer", "description": "Header `Authorization: Bearer <token>`."},
    "bearerSubprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": "`stagecast.v1, stagecast.bearer.<token>`: for browsers, which cannot set other headers.",
    },
    "authMessage": {
        "type": "apiKey",
        "in": "password",
        "description": 'The first message: `{"type": "auth", "token": "<token>"}`.',
    },
}


def _server(host: str, *, is_secure: bool) -> Json:
    return {
        "host": host,
        "protocol": "wss" if is_secure else "ws",
        "title": "Gateway",
        "summary": "Any gateway: all of them tell the same.",
        "security": [reference("components", "securitySchemes", name) for name in _SECURITY],
    }


def _operations(
    client: Mapping[str, Described],
    server: Mapping[str, Described],
    lifecycle: list[Described],
    rest: list[Described],
) -> Json:
    def asked(name: str, summary: str, *answers: str) -> Json:
        return {
            "action": "receive",
            "channel": reference("channels", _CHANNEL),
            "summary": summary,
            "messages": messages_of(_CHANNEL, [client[name]]),
            "reply": {
                "channel": reference("channels", _CHANNEL),
                "messages": messages_of(_CHANNEL, [server[answer] for answer in answers]),
            },
        }

    def told(summary: str, messages: Iterable[Described]) -> Json:
        return {
            "action": "send",
            "channel": reference("channels", _CHANNEL),
            "summary": summary,
            "messages": messages_of(_CHANNEL, messages),
        }

    return {
        "authenticate": asked("auth", "Say who one is, where no header could be sent.", "authenticated", "error"),
        "subscribe": asked("subscribe", "Ask for events.", "subscribed", "error"),
        "unsubscribe": asked("unsubscribe", "Ask for no more of them.", "unsubscribed"),
        "tellExecution": told(
            "What happens to an execution that is subscribed to.",
            [*lifecycle, *rest, server["caught_up"], server["dropped"]],
        ),
        "tellLifecycle": told("What happens to executions as a whole.", [*lifecycle, server["gap"]]),
        "tellFault": told("A message could not be understood, or a subscription cannot go on.", [server["error"]]),
    }


def _with_expired(described: Described, end: BaseEvent) -> Described:
    shown = end.model_dump(mode="json", by_alias=True, exclude={"seq"})
    return Described(described.model, [*described.examples, ("of an execution whose log has expired", shown)])
