"""`GET /api/executions/{id}/events`: an execution's events as they happen, or those that there are, as JSON."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi.openapi.models import Example
from pydantic import WithJsonSchema
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from contracts.errors import ExecutionNotFound
from contracts.ids import is_execution_id
from contracts.messages import encode_message
from contracts.requests import EventLog
from gateway.event_stream import LAST_ID, EventStream
from gateway.http_door import address_of, principal_of
from gateway.places import Places, client_of
from gateway.principal import Principal
from gateway.routes.described import event_answer
from gateway.routes.errors_described import (
    CORRUPT_LOG,
    INVALID_VIEW,
    LOG_UNAVAILABLE,
    NO_EXECUTION,
    OUTPUT_UNREADABLE,
    OUTPUTS_UNAVAILABLE,
    TOO_MANY_CONNECTIONS,
    errors,
)
from gateway.routes.parameters import ExecutionId
from gateway.subscription import FROM_START, Subscription, View
from gateway.subscriptions import Subscriptions
from stagecast.log import Entry


@dataclass(frozen=True, slots=True)
class Streaming:
    """How event streams are kept.

    Attributes:
        places: how many a client may have.
        holds: tells whether somebody who stays may stay.
        stopping: set when the gateway goes down.
        heartbeat_seconds: after so long without an event a comment is sent.
    """

    places: Places
    holds: Callable[[Principal], bool]
    stopping: asyncio.Event
    heartbeat_seconds: float


_NOT_IN_A_LOG = frozenset({"type", "success"})


_LAST_EVENT_ID = rf"^([0-9]{{1,9}}|{LAST_ID})$"


def _example(value: object) -> dict[str, Example]:
    return {"example": {"value": value}}


LastEventId = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "pattern": _LAST_EVENT_ID}),
    Header(
        pattern=_LAST_EVENT_ID,
        description="The `id` of the last event seen; a browser sends it by itself when it comes back.",
        openapi_examples=_example("6"),
    ),
]
After = Annotated[
    int | None,
    Query(ge=-1, le=999_999_999, description="The last `seq` seen; left out: none.", openapi_examples=_example(6)),
]
Kinds = Annotated[
    Literal["default", "all"],
    Query(description="`all` adds the journal: what runners store for each other.", openapi_examples=_example("all")),
]
Stream = Annotated[
    bool,
    Query(
        description="`false`: the events that there are, as JSON, instead of a stream.",
        openapi_examples=_example(False),
    ),
]


def event_routes(subscriptions: Subscriptions, streaming: Streaming) -> APIRouter:
    """Make the route that gives events."""
    router = APIRouter(tags=["executions"])
    refusals = errors(
        INVALID_VIEW,
        NO_EXECUTION,
        TOO_MANY_CONNECTIONS,
        CORRUPT_LOG,
        LOG_UNAVAILABLE,
        OUTPUT_UNREADABLE,
        OUTPUTS_UNAVAILABLE,
    )

    @router.get(
        "/api/executions/{execution_id}/events",
        response_model=EventLog,
        responses={**event_answer(), **refusals},
    )
    async def get_events(
        execution_id: ExecutionId,
        request: Request,
        after: After = None,
        events: Kinds = "default",
        stream: Stream = True,
        last_event_id: LastEventId = None,
    ) -> Response:
        """Give an execution's events in order, each once, as server-sent events or as JSON.

        First the events so far, from the first one or from the one after `Last-Event-ID` or `after`, then each as it
        happens. The stream ends with `execution:completed`; who comes back after it gets 204.
        """
        if not is_execution_id(execution_id):
            raise ExecutionNotFound
        last = FROM_START if after is None else after
        if last_event_id == LAST_ID:
            return Response(status_code=204)
        if last_event_id is not None:
            last = int(last_event_id)
        principal = principal_of(request)
        view = View(last, with_journal=events == "all")
        subscription = await subscriptions.open(execution_id, view, principal=principal)
        if not stream:
            return StreamingResponse(_log_of(subscription), media_type="application/json")
        if last_event_id is not None and subscription.has_nothing_but_the_end:
            subscription.close()
            return Response(status_code=204)
        return _stream(request, principal, subscription)

    def _stream(request: Request, principal: Principal, subscription: Subscription) -> Response:
        client = client_of(principal, address_of(request.scope))
        try:
            streaming.places.take(client)
        except BaseException:
            subscription.close()
            raise
        return EventStream(
            subscription,
            streaming.stopping,
            heartbeat_seconds=streaming.heartbeat_seconds,
            leave=lambda: streaming.places.free(client),
            may_stay=lambda: streaming.holds(principal),
        )

    return router


async def _log_of(subscription: Subscription) -> AsyncGenerator[bytes, None]:
    """Write the events that are stored already: those that a subscriber gets before it is caught up."""
    try:
        about = encode_message(subscription.welcome, without=_NOT_IN_A_LOG)
        yield about[:-1] + b',"events":['
        separator = b""
        while isinstance(item := await subscription.next_ready(), Entry):  # up to the marker
            yield separator + item.data
            separator = b","
        yield b"]}"
    finally:
        subscription.close()
