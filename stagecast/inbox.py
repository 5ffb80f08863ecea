"""Where the broker's answers come in: requests with one answer, and requests with a batch of them.

nats-py has no batched requests, and its own `request` goes on waiting when the connection breaks; here every
request in flight fails at that moment. Not here: what the requests mean.
"""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.errors import LogUnavailable

STATUS_HEADER = "Status"
NO_RESPONDERS = "503"

_MAX_PENDING_BYTES = 512 * 1024 * 1024  # answers waiting to be taken; a dropped one would be a silent loss


class NoResponders(LogUnavailable):
    """The broker answered that nobody serves this subject: no such stream, or JetStream is not ready."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The answers to one request.

    Attributes:
        status: the status that ended the batch, for example `204` (complete) or `404` (nothing found).
    """

    messages: list[Msg]
    status: str


@dataclass(slots=True)
class _Pending:
    """One request in flight; `heard` is set anew for each answer."""

    is_batch: bool
    done: asyncio.Future[Batch]
    messages: list[Msg] = field(default_factory=list[Msg])


class Inbox:
    """One subscription on which the answers to all of a connection's requests arrive."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._prefix = ""
        self._numbers = itertools.count()
        self._pending: dict[str, _Pending] = {}

    async def open(self) -> None:
        """Subscribe; to be called once, when the connection is there. It outlives reconnects."""
        self._prefix = self._client.new_inbox()
        # nats-py's signature has an untyped parameter that is not used here.
        await self._client.subscribe(  # pyright: ignore[reportUnknownMemberType]
            f"{self._prefix}.*", cb=self._take, pending_bytes_limit=_MAX_PENDING_BYTES
        )

    def fail_all(self) -> None:
        """End every request in flight with `LogUnavailable`: its answer will not come any more."""
        pending, self._pending = self._pending, {}
        for request in pending.values():
            if not request.done.done():
                request.done.set_exception(LogUnavailable("The connection to the broker broke before it answered."))

    async def request(
        self, subject: str, data: bytes, *, headers: Mapping[str, str] | None = None, timeout_seconds: float
    ) -> Msg:
        """Send a request and return its answer.

        Raises:
            NoResponders: nobody serves the subject.
            LogUnavailable: no connection, or no answer in time.
        """
        batch = await self._exchange(subject, data, headers, timeout_seconds, is_batch=False)
        message = batch.messages[0]
        if batch.status == NO_RESPONDERS:
            raise NoResponders("The broker does not serve this; JetStream or its streams are missing or not ready.")
        return message

    async def request_batch(self, subject: str, data: bytes, *, timeout_seconds: float) -> Batch:
        """Send a request and return all its answers, up to the status message that ends them.

        Raises:
            NoResponders: nobody serves the subject.
            LogUnavailable: no connection, or the answers were not complete in time.
        """
        batch = await self._exchange(subject, data, None, timeout_seconds, is_batch=True)
        if batch.status == NO_RESPONDERS:
            raise NoResponders("The broker does not serve this; JetStream or its streams are missing or not ready.")
        return batch

    async def _exchange(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None, timeout_seconds: float, *, is_batch: bool
    ) -> Batch:
        # nats-py would keep what is published while it reconnects and send it later: nobody waits for it then.
        if not self._prefix or not self._client.is_connected:
            raise LogUnavailable("The broker is not connected.")
        token = str(next(self._numbers))
        pending = _Pending(is_batch, asyncio.get_running_loop().create_future())
        self._pending[token] = pending
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._client.publish(
                    subject, data, reply=f"{self._prefix}.{token}", headers=dict(headers) if headers else None
                )
                return await pending.done
        except TimeoutError as error:
            raise LogUnavailable(f"The broker did not answer within {timeout_seconds:g} s.") from error
        except (nats.errors.Error, OSError) as error:
            raise LogUnavailable(f"The broker cannot be reached: {error}") from error
        finally:
            self._pending.pop(token, None)

    async def _take(self, message: Msg) -> None:
        pending = self._pending.get(message.subject.rsplit(".", 1)[1])
        if pending is None or pending.done.done():
            return
        status = (message.headers or {}).get(STATUS_HEADER, "")
        if not pending.is_batch:
            pending.done.set_result(Batch([message], status))
        elif status:
            pending.done.set_result(Batch(pending.messages, status))
        else:
            pending.messages.append(message)
