"""The WebSocket face: reads a socket, carries out what the session says, and writes. No protocol in here.

One task writes, with a time limit for each message; one task a subscription feeds it; between them is a bounded outbox,
so that a slow client holds up its own subscriptions and nothing else. However a socket ends, nothing of it stays.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from contracts.errors import CorruptLog, ExecutionNotFound, LogUnavailable, StagecastError
from gateway.session import Close, Effect, Open, Reply, Session
from gateway.subscription import Subscriptions

TOO_SLOW = 4408
"""Close code: the client did not take what it was sent in time; it may come back and resume after its last `seq`."""

_CLOSE_SECONDS = 5.0  # for the close frame to be taken

_log = structlog.get_logger()


class _Gone(Exception):
    """The client is not there any more."""


class _TooSlow(Exception):
    """The client did not take a message in time."""


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one socket may hold.

    Attributes:
        outbox: messages that wait to be written.
        send_timeout_seconds: how long one message may take to be taken by the client.
        max_subscriptions: executions watched at once.
    """

    outbox: int = 64
    send_timeout_seconds: float = 15.0
    max_subscriptions: int = 100


async def serve_socket(websocket: WebSocket, subscriptions: Subscriptions, limits: SocketLimits) -> None:
    """Serve one client until it goes away, is too slow, or the gateway stops."""
    await websocket.accept()
    await _Socket(websocket, subscriptions, limits).serve()


class _Socket:
    """One connection while it is open."""

    def __init__(self, websocket: WebSocket, subscriptions: Subscriptions, limits: SocketLimits) -> None:
        self._websocket = websocket
        self._subscriptions = subscriptions
        self._limits = limits
        self._session = Session(max_subscriptions=limits.max_subscriptions)
        self._outbox: asyncio.Queue[str] = asyncio.Queue(limits.outbox)
        self._tasks = asyncio.TaskGroup()
        self._pumps: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Return when the connection is over; nothing of it is left then. A fault of ours ends it with an error."""
        is_too_slow = False
        try:
            async with self._tasks:
                self._tasks.create_task(self._write())
                await self._read()
                raise _Gone
        except* _Gone:
            pass
        except* _TooSlow:
            is_too_slow = True
        if is_too_slow:
            await self._close_slow()

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text: str | None = message.get("text")
            await self._carry_out(self._session.receive(message["bytes"] if text is None else text))

    async def _write(self) -> None:
        while True:
            text = await self._outbox.get()
            try:
                async with asyncio.timeout(self._limits.send_timeout_seconds):
                    await self._websocket.send_text(text)
            except TimeoutError:
                raise _TooSlow from None
            except (WebSocketDisconnect, RuntimeError):
                # RuntimeError is what the server raises while a connection that it has closed is not yet gone.
                raise _Gone from None

    async def _close_slow(self) -> None:
        _log.info("socket closed: the client is too slow", waiting=self._outbox.qsize())
        # The close frame queues up behind what the client does not take, so this may not get through either.
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._websocket.close(TOO_SLOW, "too slow; resume after the last seq")

    async def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Reply(text):
                    await self._outbox.put(text)
                case Open(execution_id):
                    self._pumps[execution_id] = self._tasks.create_task(self._pump(effect))
                case Close(execution_id):
                    pump = self._pumps.pop(execution_id)
                    pump.cancel()
                    await asyncio.wait({pump})

    async def _pump(self, wanted: Open) -> None:
        """Bring one subscription's entries into the outbox."""
        execution_id = wanted.execution_id
        try:
            subscription = await self._subscriptions.open(
                execution_id, after=wanted.after, with_journal=wanted.with_journal
            )
        except ExecutionNotFound:
            await self._finish(execution_id, self._session.refused(execution_id))
            return
        except (LogUnavailable, CorruptLog) as error:
            await self._fail(execution_id, error)
            return
        try:
            await self._carry_out(self._session.opened(execution_id))
            async for entry in subscription:
                await self._outbox.put(entry.data.decode())
        except CorruptLog as error:
            subscription.close()
            await self._fail(execution_id, error)
        else:
            await self._finish(execution_id, self._session.ended(execution_id))
        finally:
            subscription.close()

    async def _fail(self, execution_id: str, error: StagecastError) -> None:
        _log.warning("subscription failed", execution_id=execution_id, reason=error.message)
        await self._finish(execution_id, self._session.failed(execution_id))

    async def _finish(self, execution_id: str, effects: list[Effect]) -> None:
        self._pumps.pop(execution_id, None)
        await self._carry_out(effects)
