"""The work queue: submissions are pulled one by one for whoever waits, and held until acked, released or forgotten.

One feeder keeps as many pull requests open as there are waiters. A pull request is lost when the connection breaks or
the consumer goes away, so each has a deadline that the broker's heartbeats move; what misses it is asked for again.
"""

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import nats.errors
import structlog
from nats.aio.msg import Msg

from contracts.errors import LogUnavailable, StagecastError
from contracts.subjects import parse_log_subject
from stagecast.broker import Broker
from stagecast.inbox import STATUS_HEADER
from stagecast.log import Entry
from stagecast.payloads import PAYLOAD_HEADER
from stagecast.topology import EXECUTIONS, RUNNERS

_PULL_SUBJECT = f"$JS.API.CONSUMER.MSG.NEXT.{EXECUTIONS}.{RUNNERS}"
_INFO_SUBJECT = f"$JS.API.CONSUMER.INFO.{EXECUTIONS}.{RUNNERS}"
_PULL_SECONDS = 30.0  # then the broker ends the request, and it is made anew
_HEARTBEAT_SECONDS = 5.0
_SILENCE_SECONDS = 12.0  # two heartbeats missed: the request is lost
_NANOSECONDS = 1_000_000_000
_BACKOFF_FIRST_SECONDS = 0.1
_BACKOFF_MAX_SECONDS = 5.0

_HEARTBEAT = "100"
_PLAIN_ENDS = {"404", "408"}  # nothing there, or the request's time is up

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class QueueDelivery:
    """One submission, held for `ack_wait` after its delivery and after each renewal.

    The broker keeps this for the submission, not for the holder: renewing or acking what another runner has meanwhile
    been given changes that runner's hold. Whoever lost a claim stays silent.
    """

    execution_id: str
    queued: Entry | None
    _reply: str
    _broker: Broker

    async def renew(self) -> None:
        """Hold it for another `ack_wait`; raises `LogUnavailable` when the broker did not confirm."""
        await self._tell(b"+WPI")

    async def ack(self) -> None:
        """Take it off the queue; raises `LogUnavailable` when that cannot be sent."""
        try:
            await self._broker.client.publish(self._reply, b"+ACK")
        except (nats.errors.Error, OSError) as error:
            raise LogUnavailable(f"The broker cannot be reached: {error}") from error

    async def release(self, delay_seconds: float = 0.0) -> None:
        """Give it back; raises `LogUnavailable` when the broker did not confirm."""
        delay = int(delay_seconds * _NANOSECONDS)
        await self._tell(b"-NAK" if delay <= 0 else b"-NAK " + json.dumps({"delay": delay}).encode())

    async def _tell(self, what: bytes) -> None:
        await self._broker.request(self._reply, what)


class WorkQueue:
    """Feeds waiters from the consumer. Safe for any number of tasks; a cancelled waiter loses nothing.

    Args:
        broker: the connection.
        mend: makes the consumer again when it is gone.
    """

    def __init__(self, broker: Broker, mend: Callable[[], Coroutine[object, object, None]]) -> None:
        self._broker = broker
        self._mend = mend
        self._waiters: deque[asyncio.Future[QueueDelivery]] = deque()
        self._pulls: dict[str, float] = {}  # reply subject → when it counts as lost, oldest first
        self._numbers = itertools.count()
        self._prefix = ""
        self._wake = asyncio.Event()
        self._is_in_trouble = False
        self._feeder: asyncio.Task[None] | None = None
        self._giving_back: set[asyncio.Task[None]] = set()
        broker.on_connected(self._start_anew)

    async def depth(self) -> int:
        """Return how many submissions were not yet delivered to anybody."""
        answer = await self._broker.request(_INFO_SUBJECT)
        reply = json.loads(answer.data)
        if "num_pending" not in reply:
            raise LogUnavailable(f"The broker does not show the queue: {reply.get('error', {}).get('description')}.")
        return int(reply["num_pending"])

    async def next(self, timeout_seconds: float) -> QueueDelivery | None:
        """Wait for a submission; None when none came in time. Goes on waiting while the broker is away."""
        waiter: asyncio.Future[QueueDelivery] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._wake.set()
        if self._feeder is None or self._feeder.done():
            self._feeder = asyncio.create_task(self._feed())
        try:
            async with asyncio.timeout(timeout_seconds):
                return await waiter
        except TimeoutError:
            return waiter.result() if _has_delivery(waiter) else None
        except asyncio.CancelledError:
            if _has_delivery(waiter):
                self._give_back(waiter.result())
            raise
        finally:
            waiter.cancel()

    async def close(self) -> None:
        """Stop feeding; what still comes in is given back. Calling it again does nothing."""
        if self._feeder is not None:
            self._feeder.cancel()
            await asyncio.gather(self._feeder, return_exceptions=True)
        await asyncio.gather(*self._giving_back, return_exceptions=True)

    async def _feed(self) -> None:
        backoff = _BACKOFF_FIRST_SECONDS
        while self._prune_waiters():
            self._wake.clear()
            try:
                await self._broker.wait_ready()
                if self._is_in_trouble:
                    await asyncio.sleep(backoff)
                    backoff = min(backoff * 2, _BACKOFF_MAX_SECONDS)
                    self._is_in_trouble = False
                    await self._mend()
                await self._pull()
            except (StagecastError, nats.errors.Error, OSError) as error:
                _log.warning("the work queue cannot be read, trying on", error=str(error))
                self._is_in_trouble = True
                continue
            try:
                async with asyncio.timeout_at(min(self._pulls.values(), default=None)):
                    await self._wake.wait()
            except TimeoutError:
                pass
            if not self._is_in_trouble:
                backoff = _BACKOFF_FIRST_SECONDS

    def _prune_waiters(self) -> int:
        self._waiters = deque(waiter for waiter in self._waiters if not waiter.done())
        return len(self._waiters)

    async def _pull(self) -> None:
        if not self._prefix:
            prefix = self._broker.client.new_inbox()
            # nats-py's signature has an untyped parameter that is not used here.
            await self._broker.client.subscribe(f"{prefix}.*", cb=self._take)  # pyright: ignore[reportUnknownMemberType]
            self._prefix = prefix
        now = asyncio.get_running_loop().time()
        self._pulls = {reply: lost_at for reply, lost_at in self._pulls.items() if lost_at > now}
        for _ in range(self._prune_waiters() - len(self._pulls)):
            reply = f"{self._prefix}.{next(self._numbers)}"
            self._pulls[reply] = now + _SILENCE_SECONDS
            request = {
                # One at a time: a larger batch stalled for its whole time when two runners pulled.
                "batch": 1,
                "expires": int(_PULL_SECONDS * _NANOSECONDS),
                "idle_heartbeat": int(_HEARTBEAT_SECONDS * _NANOSECONDS),
            }
            await self._broker.client.publish(_PULL_SUBJECT, json.dumps(request).encode(), reply=reply)

    async def _take(self, message: Msg) -> None:
        status = (message.headers or {}).get(STATUS_HEADER)
        if status is None:
            # A submission comes under its own subject and does not say which request it answers: the broker
            # serves the oldest first, and the deadlines mend a wrong guess.
            self._pulls.pop(next(iter(self._pulls), ""), None)
            self._hand_over(message)
        elif status == _HEARTBEAT:
            if message.subject in self._pulls:
                self._pulls[message.subject] = asyncio.get_running_loop().time() + _SILENCE_SECONDS
            return
        elif self._pulls.pop(message.subject, None) is not None and status not in _PLAIN_ENDS:
            self._is_in_trouble = True
        self._wake.set()

    def _hand_over(self, message: Msg) -> None:
        delivery = QueueDelivery(*_read(message), message.reply, self._broker)
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(delivery)
                return
        self._give_back(delivery)

    def _give_back(self, delivery: QueueDelivery) -> None:
        # Otherwise nobody would get it before `ack_wait` is over.
        task = asyncio.create_task(_release(delivery))
        self._giving_back.add(task)
        task.add_done_callback(self._giving_back.discard)

    def _start_anew(self) -> None:
        self._pulls.clear()  # a connection takes its pull requests along
        self._wake.set()


def _read(message: Msg) -> tuple[str, Entry | None]:
    """Return which execution is delivered, and its event 0 where it is the first time and the event is whole."""
    execution_id, event_type, seq = parse_log_subject(message.subject)
    is_whole = PAYLOAD_HEADER not in (message.headers or {})
    if not is_whole or message.metadata.num_delivered > 1:
        return execution_id, None
    return execution_id, Entry(execution_id, event_type, seq, message.data)


def _has_delivery(waiter: asyncio.Future[QueueDelivery]) -> bool:
    return waiter.done() and not waiter.cancelled()


async def _release(delivery: QueueDelivery) -> None:
    try:
        await delivery.release()
    except LogUnavailable as error:
        _log.warning("a submission nobody waits for stays held for a while", reason=error.message)
