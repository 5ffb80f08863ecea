"""The `/ws` protocol as a state machine: a message or an outcome goes in, effects come out. No socket and no broker.

| state of an execution here | subscribe | unsubscribe | opened | refused, failed | ended |
|---|---|---|---|---|---|
| none | Open → opening | none | . | . | . |
| opening | Close, Open → opening | Close → none | → live | → none | . |
| live | Close, Open → opening | Close → none | . | → none | → none |

Subscribing again starts anew: `subscribed` comes again, then history from the asked-for point. `subscribe` is answered
by `subscribed`, or by an `error` that names the execution when the broker is away; `unsubscribe` always by
`unsubscribed`, also where nothing was subscribed.
"""

from dataclasses import dataclass

from pydantic import ValidationError

from contracts.ids import is_execution_id
from contracts.messages import (
    Auth,
    ErrorMessage,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    parse_client_message,
)
from contracts.wire import WireModel
from gateway.subscription import FROM_START


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this text to the client."""

    text: str


@dataclass(frozen=True, slots=True)
class Open:
    """Open a subscription, and tell the session whether it opened, was refused or failed."""

    execution_id: str
    after: int
    with_journal: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """End a subscription, so that nothing more of it is sent before the next effect is carried out."""

    execution_id: str


Effect = Reply | Open | Close


class Session:
    """What one client has asked for.

    Args:
        max_subscriptions: how many executions it may watch at once.
    """

    def __init__(self, *, max_subscriptions: int = 100) -> None:
        self._max_subscriptions = max_subscriptions
        self._subscribed: set[str] = set()

    def receive(self, message: str | bytes) -> list[Effect]:
        """Take a message from the client; binary ones are no valid messages."""
        if isinstance(message, bytes):
            return [_reply(ErrorMessage())]
        try:
            request = parse_client_message(message)
        except ValidationError:
            return [_reply(ErrorMessage())]
        match request:
            case Subscribe():
                return self._subscribe(request)
            case Auth():
                return [_reply(ErrorMessage())]
            case Unsubscribe():
                execution_id = request.execution_id or ""
                return [*self._close(execution_id), _reply(Unsubscribed(execution_id=execution_id))]

    def opened(self, execution_id: str) -> list[Effect]:
        """Take note that a subscription has opened: its events may follow the reply."""
        return [_reply(Subscribed(execution_id=execution_id, success=True))]

    def refused(self, execution_id: str) -> list[Effect]:
        """Take note that there is no such execution."""
        self._subscribed.discard(execution_id)
        return [_reply(Subscribed(execution_id=execution_id, success=False))]

    def failed(self, execution_id: str) -> list[Effect]:
        """Take note that the subscription could not be opened now, or cannot go on."""
        self._subscribed.discard(execution_id)
        return [_error("The events cannot be read at the moment; subscribe again.", execution_id)]

    def ended(self, execution_id: str) -> list[Effect]:
        """Take note that the terminal event was sent."""
        self._subscribed.discard(execution_id)
        return []

    def _subscribe(self, request: Subscribe) -> list[Effect]:
        execution_id = request.execution_id or ""
        if not is_execution_id(execution_id):
            return [_reply(Subscribed(execution_id=execution_id, success=False))]
        effects = self._close(execution_id)
        if len(self._subscribed) >= self._max_subscriptions:
            return [_error(f"A connection may watch {self._max_subscriptions} executions at once.", execution_id)]
        self._subscribed.add(execution_id)
        after = FROM_START if request.after is None else request.after
        return [*effects, Open(execution_id, after, request.events == "all")]

    def _close(self, execution_id: str) -> list[Effect]:
        if execution_id not in self._subscribed:
            return []
        self._subscribed.discard(execution_id)
        return [Close(execution_id)]


def _reply(message: WireModel) -> Reply:
    return Reply(message.model_dump_json(exclude_none=True))


def _error(message: str, execution_id: str) -> Reply:
    return _reply(ErrorMessage(message=message, execution_id=execution_id))
