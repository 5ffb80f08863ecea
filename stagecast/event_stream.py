"""The client's side of `/ws`: what happens to one execution, or to all, as Python values. Not the HTTP requests.

How messages are judged is `stagecast.position`, how a lost connection comes back `stagecast.resumption`.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from pydantic import ValidationError

from contracts.envelope import StoredEvent
from contracts.errors import ExecutionNotFound, PipelineNotFound, RequestRefused
from contracts.messages import EVERY_EXECUTION, Dropped, Gap, Subscribe, Subscribed
from stagecast.arrivals import Message
from stagecast.connections import Connections
from stagecast.position import Position
from stagecast.resumption import Resumption
from stagecast.updates import LifecycleEvent, LifecycleUpdate, Snapshot, Update, decode_if_known


class EventStream:
    """Follows executions on one gateway address.

    Args:
        connections: where subscriptions are made.
        patience: seconds for which a lost connection is tried again.
        was_reached: whether the gateway ever answered this client; if not, the first try is the last.
    """

    def __init__(self, connections: Connections, *, patience: float, was_reached: Callable[[], bool]) -> None:
        self._connections = connections
        self._patience = patience
        self._was_reached = was_reached

    async def updates(self, position: Position) -> AsyncGenerator[Update, None]:
        """Yield what follows a position; ends after the terminal event.

        Raises:
            ExecutionNotFound: the gateway knows no such execution.
            GatewayUnreachable: the first connection failed, or a lost one did not come back in time.
            RequestRefused: the gateway does not let us in, or could not serve us for so long.
        """
        subscription = self._resumption(position.request)
        is_over = False
        try:
            while not is_over:
                message = await subscription.next()
                match position.take(message.fields):
                    case "event":
                        subscription.keep()
                        event = decode_if_known(message.text)
                        is_over = isinstance(event, StoredEvent) and event.is_terminal
                        if event is not None:
                            yield event
                    case "snapshot":
                        subscription.keep()
                        yield _snapshot_of(message)
                    case "dropped":
                        yield Dropped.model_validate(message.fields)
                    case "again":
                        subscription.drop()
                    case "failed":
                        await subscription.fail(message.fields)
                    case "unknown":
                        is_over = True
                        raise ExecutionNotFound
                    case "ignore":
                        pass
        finally:
            subscription.drop(is_over=is_over)

    async def lifecycle(self, pipeline_id: str | None = None) -> AsyncGenerator[LifecycleUpdate, None]:
        """Yield what happens to executions as a whole, for ever; `Gap` first, and wherever something may be missing.

        Raises:
            PipelineNotFound: the gateway knows no such pipeline.
            GatewayUnreachable: the first connection failed, or a lost one did not come back in time.
            RequestRefused: the gateway does not let us in, or could not serve us for so long.
        """
        gap = Gap(pipeline_id=pipeline_id) if pipeline_id is not None else Gap(execution_id=EVERY_EXECUTION)
        request = Subscribe(execution_id=gap.execution_id, pipeline_id=gap.pipeline_id)
        subscription = self._resumption(lambda: request)
        try:
            while True:
                message = await subscription.next()
                match message.fields.get("type"):
                    case "subscribed":
                        _check_success(message.fields, pipeline_id)
                        yield gap
                    case "gap":
                        yield gap
                    case "error":
                        await subscription.fail(message.fields)
                    case _:
                        event = decode_if_known(message.text)
                        if isinstance(event, LifecycleEvent):
                            subscription.keep()
                            yield event
        finally:
            subscription.drop()

    def _resumption(self, request: Callable[[], Subscribe]) -> Resumption:
        return Resumption(self._connections, request, patience=self._patience, was_reached=self._was_reached)


def _check_success(message: Mapping[str, Any], pipeline_id: str | None) -> None:
    if message.get("success"):
        return
    if pipeline_id is not None:
        raise PipelineNotFound
    raise RequestRefused("The gateway does not tell of all executions.", status=404, code="not_found")


def _snapshot_of(message: Message) -> Snapshot:
    try:
        subscribed = Subscribed.model_validate_json(message.text)
        return Snapshot.model_validate({"execution_id": subscribed.execution_id, "view": subscribed.snapshot})
    except ValidationError as error:
        raise RequestRefused("The answer is not one of a stagecast gateway.", status=200, code="bad_reply") from error
