"""The `/ws` protocol: what a client sends and what it gets besides events."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from contracts.wire import WireModel


class Subscribe(WireModel):
    """Ask for an execution's events, from its first one on or after a point."""

    type: Literal["subscribe"] = "subscribe"
    execution_id: str
    after: int | None = Field(
        default=None, ge=-1, strict=True, description="The last `seq` seen; left out: from the start."
    )
    events: Literal["default", "all"] | None = Field(
        default=None, description="`all` adds the journal: what runners store for each other."
    )


class Unsubscribe(WireModel):
    """Ask for no more of an execution's events."""

    type: Literal["unsubscribe"] = "unsubscribe"
    execution_id: str


ClientMessage = Annotated[Subscribe | Unsubscribe, Field(discriminator="type")]


class Subscribed(WireModel):
    """First answer to `subscribe`; `success` is false for an unknown execution."""

    type: Literal["subscribed"] = "subscribed"
    execution_id: str
    success: bool


class Unsubscribed(WireModel):
    """Answer to `unsubscribe`."""

    type: Literal["unsubscribed"] = "unsubscribed"
    execution_id: str


class ErrorMessage(WireModel):
    """A message could not be understood or served; the connection stays open."""

    type: Literal["error"] = "error"
    message: str = "Invalid message format"
    execution_id: str | None = Field(default=None, description="What it is about; left out when unknown.")


_client_message: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def parse_client_message(text: str | bytes) -> ClientMessage:
    """Read what a client sent.

    Raises:
        pydantic.ValidationError: it is no valid message.
    """
    return _client_message.validate_json(text)
