"""The WebSocket face: reads a socket, carries out what the session says, and writes. No protocol in here.

A socket costs one task, which reads. What its subscriptions bring is written by whoever brings it, at once, while the
client takes it; only for a subscription that comes late or has fallen behind there is a task, until it is up to date.
So a slow client holds up its own subscriptions and nothing else. However a socket ends, nothing of it stays.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Protocol

import structlog
from starlette.types import Receive

from contracts.errors import (
    CorruptLog,
    ExecutionNotFound,
    LogUnavailable,
    OutputsUnavailable,
    OutputUnreadable,
    StagecastError,
)
from contracts.messages import CloseCode, Dropped, Subscribed
from contracts.wire import WireModel
from gateway.outlet import Outlet, TooSlow
from gateway.principal import Principal
from gateway.refusals import Forbidden, RateLimited, TooManyConnections, Unauthenticated
from gateway.session import Close, Effect, End, Open, Prove, Reply, Session, Subject
from gateway.standing import TERMINAL
from gateway.subscription import Push
from gateway.subscriptions import Subscriptions
from stagecast.log import Entry

_log = structlog.get_logger()


Identify = Callable[[str], Awaitable[Principal]]
"""Finds out whose a token is, and that they may read."""


def close_of(refusal: StagecastError) -> tuple[CloseCode, str]:
    """Return how a connection is closed that is not let in."""
    match refusal:
        case Unauthenticated():
            return CloseCode.UNAUTHENTICATED, refusal.message
        case Forbidden():
            return CloseCode.FORBIDDEN, refusal.message
        case RateLimited() | TooManyConnections():
            return CloseCode.TOO_MANY, refusal.message
        case _:
            return CloseCode.TRY_LATER, "tokens cannot be checked just now; come back later"


class Stream(Protocol):
    """What a socket needs of a subscription, of either kind."""

    welcome: Subscribed
    push: Push | None
    on_waiting: Callable[[], None] | None
    dropped: int

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        ...

    async def next_ready(self) -> Entry | WireModel | None:
        """Return what comes next; None when there is nothing more at the moment."""
        ...

    def close(self) -> None:
        """Leave it."""
        ...


class Socket:
    """One connection while it is open.

    Args:
        outlet: where to write.
        session: what the client has asked for.
        subscriptions: what it may ask for.
        identify: finds out whose a token is, or raises why not.

    Attributes:
        principal: who the client is; None until it has said so.
        opened_at: when, by the process's clock in seconds.
        idle_since: since when the client has watched nothing; None while it watches.
    """

    def __init__(self, outlet: Outlet, session: Session, subscriptions: Subscriptions, identify: Identify) -> None:
        self.session = session
        self.principal: Principal | None = None
        self._identify = identify
        self.idle_since: float | None = time.monotonic()
        self.opened_at = time.monotonic()
        self._outlet = outlet
        self._subscriptions = subscriptions
        self._streams: dict[Subject, Stream] = {}
        self._tasks: dict[Subject, asyncio.Task[None]] = {}

    def close(self, code: CloseCode | int, reason: str) -> None:
        """Close the connection; `serve` returns when the client has gone."""
        self._outlet.close(code, reason)

    async def serve(self, receive: Receive) -> None:
        """Return when the connection is over; nothing of it is left then."""
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                text: str | None = message.get("text")
                received = message["bytes"] if text is None else text
                await self._carry_out(self.session.receive(received, time.monotonic()))
                await self._outlet.wait_free()  # who does not take the answers may not ask for more
        except TooSlow:
            self._close_slow()
        finally:
            await self._leave_all()

    async def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Reply(message):
                    self._outlet.tell(message)
                case Open(subject):
                    self._start(subject, self._begin(effect))
                case Close(subject):
                    await self._leave(subject)
                case Prove(token):
                    await self._take_token(token)
                case End(code, reason):
                    self._outlet.close(code, reason)
        self._note_idle()

    async def _take_token(self, token: str) -> None:
        try:
            principal = await self._identify(token)
            if self.principal is not None and not principal.may_take_over(self.principal):
                raise Forbidden("A connection stays with who began it: this token is not theirs, or may less.")
        except StagecastError as refusal:
            code, reason = close_of(refusal)
            self._outlet.close(code, reason)
        else:
            self.principal = principal
            await self._carry_out(self.session.identified(principal.name, sorted(principal.scopes)))

    def _start(self, subject: Subject, work: Coroutine[None, None, None]) -> None:
        task = self._tasks[subject] = asyncio.create_task(work)
        task.add_done_callback(partial(self._forget, subject))

    def _forget(self, subject: Subject, task: asyncio.Task[None]) -> None:
        if self._tasks.get(subject) is task:
            del self._tasks[subject]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("unexpected error", subject=str(subject), exc_info=error)
            self._outlet.close(1011, "internal error")

    async def _begin(self, wanted: Open) -> None:
        subject = wanted.subject
        try:
            stream = self._streams[subject] = await self._open_stream(wanted)
        except ExecutionNotFound:
            await self._carry_out(self.session.refused(subject))
        except (LogUnavailable, OutputsUnavailable, OutputUnreadable, CorruptLog) as error:
            await self._fail(subject, error)
        else:
            stream.on_waiting = partial(self._wake, subject, stream)
            await self._carry_out(self.session.opened(subject, stream.welcome))
            await self._give(subject, stream)

    async def _open_stream(self, wanted: Open) -> Stream:
        subject, principal = wanted.subject, self.principal
        if principal is None:
            raise AssertionError("the session opens nothing before it is known who asks")
        if subject.execution_id is None or subject.is_lifecycle:
            return await self._subscriptions.open_lifecycle(subject.pipeline_id, principal=principal)
        return await self._subscriptions.open(subject.execution_id, wanted.view, principal=principal)

    async def _give(self, subject: Subject, stream: Stream) -> None:
        """Give what waits; from then on what comes is pushed."""
        stream.push = None
        try:
            while (item := await stream.next_ready()) is not None:
                await self._outlet.wait_free()
                self._tell_dropped(stream)
                self._outlet.write(item) if isinstance(item, Entry) else self._outlet.tell(item)
        except CorruptLog as error:
            self._leave_stream(subject)
            await self._fail(subject, error)
        except TooSlow:
            self._close_slow()
        else:
            # Nothing may come between the last look and this: what is not pushed wakes a task, if there is none.
            stream.push = partial(self._push, subject, stream)
            self._tasks.pop(subject, None)
            if stream.is_over:
                self._end(subject)

    def _push(self, subject: Subject, stream: Stream, entry: Entry) -> bool:
        if not self._outlet.is_free:
            return False
        self._tell_dropped(stream)
        self._outlet.write(entry)
        if entry.type == TERMINAL and not subject.is_lifecycle:
            self._end(subject)
        return True

    def _wake(self, subject: Subject, stream: Stream) -> None:
        if subject not in self._tasks:
            self._start(subject, self._give(subject, stream))

    def _tell_dropped(self, stream: Stream) -> None:
        if stream.dropped:
            dropped, stream.dropped = stream.dropped, 0
            self._outlet.tell(Dropped(execution_id=stream.welcome.execution_id or "", dropped=dropped))

    def _end(self, subject: Subject) -> None:
        self._leave_stream(subject)
        self.session.ended(subject)
        self._note_idle()

    async def _fail(self, subject: Subject, error: StagecastError) -> None:
        _log.warning("subscription failed", execution_id=subject.execution_id, reason=error.message)
        await self._carry_out(self.session.failed(subject, error))

    def _close_slow(self) -> None:
        _log.info("socket closed: the client is too slow")
        self._outlet.close(CloseCode.TOO_SLOW, "too slow; subscribe again after the last seq that you saw")

    def _note_idle(self) -> None:
        self.idle_since = time.monotonic() if self.session.is_idle else None

    async def _leave(self, subject: Subject) -> None:
        task = self._tasks.pop(subject, None)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        self._leave_stream(subject)

    def _leave_stream(self, subject: Subject) -> None:
        stream = self._streams.pop(subject, None)
        if stream is not None:
            stream.push = stream.on_waiting = None  # they lead back here: the garbage collector looks seldom
            stream.close()

    async def _leave_all(self) -> None:
        for subject in {*self._tasks, *self._streams}:
            await self._leave(subject)
