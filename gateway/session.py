"""The `/ws` protocol as a state machine: a message or an outcome goes in, effects come out. No socket and no broker.

| state of a subject here | subscribe | unsubscribe | opened | refused, failed | ended |
|---|---|---|---|---|---|
| none | Open → opening | none | . | . | . |
| opening | Close, Open → opening | Close → none | → live | → none | . |
| live | Close, Open → opening | Close → none | . | → none | → none |

Subscribing again starts anew: `subscribed` comes again, then history from the asked-for point. `subscribe` is answered
by `subscribed`, or by an `error` that names the subject when the broker is away; `unsubscribe` always by
`unsubscribed`, also where nothing was subscribed. Who has to say who they are gets nothing before they have.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from contracts.errors import OutputUnreadable, StagecastError
from contracts.ids import is_execution_id, is_pipeline_id
from contracts.messages import (
    EVERY_EXECUTION,
    Auth,
    Authenticated,
    CloseCode,
    ErrorMessage,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    parse_client_message,
)
from contracts.wire import WireModel
from gateway.subscription import FROM_START, View


@dataclass(frozen=True, slots=True)
class Subject:
    """What a subscription is about: one execution, all of them (`*`), or those of one pipeline."""

    execution_id: str | None = None
    pipeline_id: str | None = None

    @property
    def is_lifecycle(self) -> bool:
        """Whether it is about many executions, of which only the life cycle is told."""
        return self.pipeline_id is not None or self.execution_id == EVERY_EXECUTION

    @property
    def is_well_formed(self) -> bool:
        """Whether there can be such a thing."""
        if self.pipeline_id is not None:
            return is_pipeline_id(self.pipeline_id)
        return self.is_lifecycle or is_execution_id(self.execution_id or "")


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this message to the client."""

    message: WireModel


@dataclass(frozen=True, slots=True)
class Open:
    """Open a subscription, and tell the session whether it opened, was refused or failed."""

    subject: Subject
    view: View


@dataclass(frozen=True, slots=True)
class Close:
    """End a subscription, so that nothing more of it is sent before the next effect is carried out."""

    subject: Subject


@dataclass(frozen=True, slots=True)
class Prove:
    """Find out whose token this is, and tell the session if it is good; else close the connection."""

    token: str


@dataclass(frozen=True, slots=True)
class End:
    """Close the connection."""

    code: CloseCode
    reason: str


Effect = Reply | Open | Close | Prove | End


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What one client may do on one connection.

    Attributes:
        max_subscriptions: how much it may watch at once.
        max_bad_messages: in a row; with one more the connection ends.
        messages_per_second: in the long run; ten times as many may come at once.
    """

    max_subscriptions: int = 100
    max_bad_messages: int = 10
    messages_per_second: float = 50.0


_BURST_SECONDS = 10.0  # of messages that may come at once


class Session:
    """What one client has asked for.

    Args:
        limits: what it may do.
        is_identified: whether it is known who it is, or nobody has to say it.
    """

    def __init__(self, limits: SessionLimits, *, is_identified: bool = True) -> None:
        self._limits = limits
        self._is_identified = is_identified
        self._subscribed: set[Subject] = set()
        self._bad_messages = 0
        self._free_at = 0.0  # when all messages so far are paid for, at the rate allowed

    @property
    def is_identified(self) -> bool:
        """Whether it is known who the client is, or nobody has to say it."""
        return self._is_identified

    @property
    def is_idle(self) -> bool:
        """Whether the client watches nothing."""
        return not self._subscribed

    def receive(self, message: str | bytes, now: float) -> Sequence[Effect]:
        """Take a message from the client; binary ones are no valid messages.

        Args:
            message: as it came.
            now: seconds, going up.
        """
        self._free_at = max(self._free_at, now) + 1 / self._limits.messages_per_second
        if self._free_at > now + _BURST_SECONDS:
            return [End(CloseCode.TOO_MANY, "too many messages; come back later")]
        try:
            request = parse_client_message(message) if isinstance(message, str) else None
        except ValidationError:
            request = None
        if request is None:
            return self._offend()
        self._bad_messages = 0
        if isinstance(request, Auth):
            return [Prove(request.token)]
        subject = Subject(request.execution_id, request.pipeline_id)
        if not self._is_identified:
            return [_error("Say who you are first: {'type': 'auth', 'token': …}.", "unauthenticated", subject)]
        match request:
            case Subscribe():
                return self._subscribe(request, subject)
            case Unsubscribe():
                gone = Unsubscribed(execution_id=subject.execution_id, pipeline_id=subject.pipeline_id)
                return [*self._close(subject), Reply(gone)]

    def identified(self, name: str | None, scopes: Sequence[str]) -> Sequence[Effect]:
        """Take note of who the client has shown to be, and that it may read."""
        self._is_identified = True
        return [Reply(Authenticated(name=name, scopes=tuple(scopes)))]

    def opened(self, subject: Subject, welcome: Subscribed) -> Sequence[Effect]:
        """Take note that a subscription has opened: what it brings may follow the reply."""
        return [Reply(welcome)] if subject in self._subscribed else []

    def refused(self, subject: Subject) -> Sequence[Effect]:
        """Take note that there is no such execution."""
        self._subscribed.discard(subject)
        return [_unknown(subject)]

    def failed(self, subject: Subject, error: StagecastError | None = None) -> Sequence[Effect]:
        """Take note that the subscription could not be opened now, or cannot go on."""
        self._subscribed.discard(subject)
        if isinstance(error, OutputUnreadable):  # trying again does not mend it
            return [_error(error.message, error.code, subject)]
        return [_error("The events cannot be read at the moment; subscribe again.", "log_unavailable", subject)]

    def ended(self, subject: Subject) -> None:
        """Take note that the terminal event was sent."""
        self._subscribed.discard(subject)

    def _offend(self) -> Sequence[Effect]:
        self._bad_messages += 1
        if self._bad_messages > self._limits.max_bad_messages:
            return [End(CloseCode.BAD_MESSAGES, "too many messages of an invalid format")]
        return [Reply(ErrorMessage())]

    def _subscribe(self, request: Subscribe, subject: Subject) -> Sequence[Effect]:
        if not subject.is_well_formed:
            return [_unknown(subject)]
        effects = self._close(subject)
        most = self._limits.max_subscriptions
        if len(self._subscribed) >= most:
            return [*effects, _error(f"A connection may watch {most} executions at once.", "too_many", subject)]
        self._subscribed.add(subject)
        after = FROM_START if request.after is None else request.after
        return [*effects, Open(subject, View(after, with_journal=request.events == "all"))]

    def _close(self, subject: Subject) -> list[Effect]:
        if subject not in self._subscribed:
            return []
        self._subscribed.discard(subject)
        return [Close(subject)]


def _unknown(subject: Subject) -> Reply:
    return Reply(Subscribed(execution_id=subject.execution_id, pipeline_id=subject.pipeline_id, success=False))


def _error(message: str, code: str, subject: Subject) -> Reply:
    return Reply(
        ErrorMessage(message=message, code=code, execution_id=subject.execution_id, pipeline_id=subject.pipeline_id)
    )
