"""A submission as it arrives: body and key, looked at for their form. What they mean is `submission`'s affair."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from contracts.errors import InvalidInput, StagecastError
from contracts.requests import RerunRequest, RunRequest
from gateway.errors import BodyTooLarge
from gateway.idempotency import own_key, read_key
from gateway.principal import Principal

AnyRequest = TypeVar("AnyRequest", RunRequest, RerunRequest)


class ReadBody(Protocol):
    """Reads the request's body."""

    async def __call__(self) -> bytes:
        """Return the whole body, or raise what its limit raises."""
        ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that was not looked at yet.

    Attributes:
        keys: the values of its `Idempotency-Key` headers.
        principal: who sent it.
        content_type: its header; empty when it has none.
    """

    read_body: ReadBody
    keys: Sequence[str]
    principal: Principal
    content_type: str = ""


class Asked(Generic[AnyRequest]):
    """What a request asks for, or why it cannot be understood.

    A fault is kept until somebody wants the request: that a pipeline is unknown is told before a bad body.

    Attributes:
        principal: who asks.
        key: its `Idempotency-Key` as it is kept; None also where there is a fault.
    """

    def __init__(self, understood: AnyRequest | StagecastError, principal: Principal, key: str | None = None) -> None:
        self._understood: AnyRequest | StagecastError = understood
        self.principal = principal
        self.key = key

    @property
    def request(self) -> AnyRequest:
        """The request; raises `InvalidInput` or `BodyTooLarge` when it cannot be understood."""
        if isinstance(self._understood, StagecastError):
            raise self._understood
        return self._understood


async def understand(arrival: Arrival, read: Callable[[], Awaitable[AnyRequest]]) -> Asked[AnyRequest]:
    """Look at a request's form.

    Args:
        arrival: the request.
        read: reads its body whole; what it raises besides `InvalidInput` and `BodyTooLarge` is passed on.
    """
    try:
        key = own_key(arrival.principal.name, read_key(arrival.keys))
        return Asked(await read(), arrival.principal, key)
    except (InvalidInput, BodyTooLarge) as fault:
        return Asked[AnyRequest](fault, arrival.principal)
