"""Where the broker's answers come in: requests with one answer, and requests with a batch of them.

nats-py has no batched requests, and its own `request` goes on waiting when the connection breaks; here every
request in flight fails at that moment. Not here: what the requests mean.
"""

import asyncio
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.errors import LogUnavailable
from stagecast.outbox import Outbox, Outgoing

STATUS_HEADER = "Status"
NO_RESPONDERS = "503"

# nats-py hands the broker's words on in lower case, subjects too.
_VIOLATION = re.compile(r'permissions violation for (?P<verb>publish|subscription) to "(?P<subject>[^"]+)"')
_MAX_PENDING_BYTES = 512 * 1024 * 1024  # answers waiting to be taken; a dropped one would be a silent loss
_MUCH_UNSENT_BYTES = 64 * 1024  # nats-py makes those who send wait from 2 MiB on


class NoResponders(LogUnavailable):
    """The broker answered that nobody serves this subject: no such stream, or JetStream is not ready."""


class NotPermitted(LogUnavailable):
    """The broker's permissions do not let our user ask this, or read the answers."""


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
    """One request in flight."""

    subject: str
    is_batch: bool
    done: asyncio.Future[Batch]
    messages: list[Msg] = field(default_factory=list[Msg])


class Inbox:
    """One subscription on which the answers to all of a connection's requests arrive."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._prefix = ""
        self._numbers = itertools.count()
        self._outbox = Outbox(client)
        self._pending: dict[str, _Pending] = {}
        self._is_deaf = False

    async def open(self) -> None:
        """Subscribe; to be called once, when the connection is there. It outlives reconnects."""
        self._prefix = self._client.new_inbox()
        # nats-py's signature has an untyped parameter that is not used here.
        await self._client.subscribe(  # pyright: ignore[reportUnknownMemberType]
            f"{self._prefix}.*", cb=self._take, pending_bytes_limit=_MAX_PENDING_BYTES
        )

    def fail_all(self) -> None:
        """End every request in flight with `LogUnavailable`: its answer will not come any more."""
        self._is_deaf = False  # nats-py subscribes anew on the next connection, where permissions may be others
        self._fail(list(self._pending.values()), LogUnavailable("The connection to the broker broke, unanswered."))

    def refuse(self, error: Exception) -> bool:
        """End the requests that a permissions violation is about with `NotPermitted`; False when it is about none.

        The broker says so on the connection, not as an answer: the requests would wait in vain.
        """
        violation = _VIOLATION.search(str(error))
        if violation is None:
            return False
        if violation["verb"] == "subscription":
            self._is_deaf = self._is_deaf or violation["subject"] == f"{self._prefix}.*".lower()
            if self._is_deaf:
                self._fail(list(self._pending.values()), self._deafness())
            return False
        refused = [each for each in self._pending.values() if each.subject.lower() == violation["subject"]]
        for request in refused:
            reason = f"The broker does not permit our user to publish on {request.subject}."
            self._fail([request], NotPermitted(reason))
        return bool(refused)

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
        if self._is_deaf:
            raise self._deafness()
        loop = asyncio.get_running_loop()
        token = str(next(self._numbers))
        pending = self._pending[token] = _Pending(subject, is_batch, loop.create_future())
        # Not `asyncio.timeout`: a timer of the loop costs a fourth of it, and this is done for each event.
        timer = loop.call_later(timeout_seconds, _give_up, pending, timeout_seconds)
        outgoing = Outgoing(subject, data, f"{self._prefix}.{token}", dict(headers) if headers else None, pending.done)
        try:
            if self._outbox.is_wanted(len(self._pending)):
                self._outbox.hold(outgoing, len(self._pending))
            else:
                await self._send(outgoing)
            return await pending.done
        except (nats.errors.Error, OSError) as error:
            raise LogUnavailable(f"The broker cannot be reached: {error}") from error
        finally:
            timer.cancel()
            self._pending.pop(token, None)

    async def _send(self, outgoing: Outgoing) -> None:
        sending = self._client.publish(outgoing.subject, outgoing.data, reply=outgoing.reply, headers=outgoing.headers)
        if self._client.pending_data_size < _MUCH_UNSENT_BYTES:
            await sending  # nats-py only takes it in
            return
        # The broker may not take what waits before it: then this is given up with the request.
        task = asyncio.create_task(sending)
        try:
            await asyncio.wait({task, outgoing.done}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()  # has no effect where it is sent
        if not outgoing.done.done():
            await task

    def _fail(self, requests: Sequence[_Pending], error: LogUnavailable) -> None:
        for request in requests:
            if not request.done.done():
                request.done.set_exception(error)

    def _deafness(self) -> NotPermitted:
        return NotPermitted(
            f"The broker does not permit our user to read answers on {self._prefix}.*; "
            "set STAGECAST_NATS_INBOX_PREFIX to the prefix that its permissions name."
        )

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


def _give_up(pending: _Pending, timeout_seconds: float) -> None:
    if not pending.done.done():
        pending.done.set_exception(LogUnavailable(f"The broker did not answer within {timeout_seconds:g} s."))
