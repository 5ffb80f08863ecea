"""The `/ws` protocol: what a client sends, what it gets besides events, and why a connection is closed.

The same server messages go over `/api/executions/{id}/events`, as server-sent events of their own names.
"""

from enum import IntEnum
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import to_json

from contracts.requests import ExecutionView
from contracts.state import ExecutionStatus
from contracts.wire import WireModel

EVERY_EXECUTION = "*"
"""As `executionId`: the life-cycle events of all executions that the subscriber may see."""


class CloseCode(IntEnum):
    """Why the gateway closes a connection; a client that may come back resumes after its last `seq`."""

    IDLE = 1000  # nothing was watched for long
    TOO_LONG = 1009
    GOING_AWAY = 1012  # the gateway goes down; connect again and resume
    TRY_LATER = 1013  # tokens cannot be checked just now
    BAD_MESSAGES = 4400  # again and again what is no message
    UNAUTHENTICATED = 4401  # no good token came in time, or it has expired
    FORBIDDEN = 4403  # the token may not read
    TOO_SLOW = 4408  # nothing was taken for too long; resume after the last seq
    TOO_MANY = 4429  # connections of one client, or messages in a short time


class _Subject(WireModel):
    """What a message is about: one execution, all of them (`*`), or those of one pipeline."""

    execution_id: str | None = Field(default=None, description="One execution, or `*` for the life cycle of all.")
    pipeline_id: str | None = Field(default=None, description="The life cycle of this pipeline's executions.")


class _ClientSubject(_Subject):
    @model_validator(mode="after")
    def _is_about_one_thing(self) -> Self:
        if (self.execution_id is None) == (self.pipeline_id is None):
            raise ValueError("exactly one of executionId and pipelineId")
        return self


class Auth(WireModel):
    """Say who one is, as the first message, where no header could be sent."""

    type: Literal["auth"] = "auth"
    token: str


class Subscribe(_ClientSubject):
    """Ask for an execution's events, from its first one on or after a point; or for life-cycle events."""

    type: Literal["subscribe"] = "subscribe"
    after: int | None = Field(
        default=None, ge=-1, strict=True, description="The last `seq` seen; left out: from the start."
    )
    events: Literal["default", "all"] | None = Field(
        default=None, description="`all` adds the journal: what runners store for each other."
    )


class Unsubscribe(_ClientSubject):
    """Ask for no more of it."""

    type: Literal["unsubscribe"] = "unsubscribe"


ClientMessage = Annotated[Auth | Subscribe | Unsubscribe, Field(discriminator="type")]


class Authenticated(WireModel):
    """Answer to `auth`: who one is, and what one may."""

    type: Literal["authenticated"] = "authenticated"
    name: str | None = Field(default=None, description="Left out where nobody is asked who they are.")
    scopes: tuple[str, ...]


class Subscribed(_Subject):
    """First answer to `subscribe`; `success` is false for what is unknown, or is somebody else's.

    The stored events from number `from` to number `to` follow (none where `from` is above `to`), then `caught_up`, then
    what happens from then on. All that is about one execution is left out for life-cycle events, which have no history.
    """

    type: Literal["subscribed"] = "subscribed"
    success: bool
    status: ExecutionStatus | None = Field(default=None, description="Where the execution stands after event `to`.")
    from_: int | None = Field(
        default=None,
        validation_alias="from",
        serialization_alias="from",
        description="Number of the first event that follows.",
    )
    to: int | None = Field(default=None, description="Number of the last event that is stored already.")
    recovered: bool | None = Field(
        default=None,
        description="False where what was asked for is not kept any more: `snapshot` stands in for what is missing.",
    )
    snapshot: ExecutionView | None = Field(default=None, description="Where the execution stands.")


class CaughtUp(WireModel):
    """All stored events up to number `seq` were given; what follows happens now."""

    type: Literal["caught_up"] = "caught_up"
    execution_id: str
    seq: int | None = Field(default=None, description="Null where the events are not kept any more.")


class Dropped(WireModel):
    """So many pieces of live text were left out since the last message, because the reader was slow."""

    type: Literal["dropped"] = "dropped"
    execution_id: str
    dropped: int


class Gap(_Subject):
    """Life-cycle events may be missing here: `GET /api/executions` tells how things stand."""

    type: Literal["gap"] = "gap"


class Unsubscribed(_Subject):
    """Answer to `unsubscribe`."""

    type: Literal["unsubscribed"] = "unsubscribed"


class ErrorMessage(_Subject):
    """A message could not be understood or served; the connection stays open."""

    type: Literal["error"] = "error"
    message: str = "Invalid message format"
    code: str | None = Field(default=None, description="Stable, for programs; left out for what is no message.")


ServerMessage = Annotated[
    Authenticated | Subscribed | CaughtUp | Dropped | Gap | Unsubscribed | ErrorMessage, Field(discriminator="type")
]
"""All that is sent besides events."""


def encode_message(message: WireModel, *, without: frozenset[str] = frozenset()) -> bytes:
    """Write a message; what it does not say is left out, but a null inside of what it says stays: it means unknown.

    Args:
        message: one of those that are sent besides events.
        without: further fields to leave out, by their names on the wire.
    """
    fields = message.model_dump(mode="json", by_alias=True)
    return to_json({name: value for name, value in fields.items() if value is not None and name not in without})


_client_message: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def parse_client_message(text: str | bytes) -> ClientMessage:
    """Read what a client sent.

    Raises:
        pydantic.ValidationError: it is no valid message.
    """
    return _client_message.validate_json(text)
