"""The connection to the broker: how it is made and kept, and when it is given up. Not what is sent over it.

The first connection is made in the background and retried for ever, like every later one: a service starts without
its broker, and says so where it is asked. Only a connection that cannot come back by itself is given up
(`wait_lost`): the process then ends and is started again by whoever runs it.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.errors import LogUnavailable
from stagecast.broker_client import BrokerClient
from stagecast.broker_settings import BrokerSettings, Security, describe_failure, security_options
from stagecast.inbox import Batch, Inbox

_PING_INTERVAL_SECONDS = 10  # nats-py's default of 120 finds a dead peer after minutes
_MAX_OUTSTANDING_PINGS = 2
_RECONNECT_WAIT_SECONDS = 0.25
_CONNECT_TIMEOUT_SECONDS = 3
_WATCHDOG_SECONDS = 10.0
# Longer than nats-py needs to find a stale connection. A PONG for a ping that was given up kills its read loop
# (`InvalidStateError`), so a ping must not be given up before the connection is.
_FLUSH_GIVEN_UP_SECONDS = 90
_CLOSE_SECONDS = 1.0
_CLOSE_AGAIN_SECONDS = 0.05
_REASONS_TOLD = 8  # each once an outage: a broker that refuses us may also just close, before that is read
_HUNG_SECONDS = 60.0  # without a single attempt to reconnect: nats-py's reconnect is stuck

__all__ = ["Broker", "BrokerSettings"]

_log = structlog.get_logger()


class Broker:
    """One connection to the broker, kept alive until `close`.

    Args:
        settings: how to reach it.
        name: shown in the broker's monitoring, for example `gateway` or a runner's name.
    """

    def __init__(self, settings: BrokerSettings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._inbox: Inbox | None = None
        self._client: Client = BrokerClient()
        self._ready = asyncio.Event()
        self._lost = asyncio.Event()
        self._has_started = False
        self._is_closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_connected: list[Callable[[], None]] = []
        self._down_since: float | None = time.monotonic()
        self._last_sign = time.monotonic()
        self._told: set[str] = set()  # reasons of the present outage

    @property
    def client(self) -> Client:
        """The nats-py client, the same one for the broker's whole life."""
        return self._client

    @property
    def is_connected(self) -> bool:
        """Whether the broker can be spoken to at this moment."""
        return self._ready.is_set() and self._client.is_connected

    @property
    def timeout_seconds(self) -> float:
        """The longest wait for one answer."""
        return self._settings.nats_timeout_seconds

    async def start(self) -> None:
        """Begin to connect in the background and return at once.

        Raises:
            MissingSetting: the settings cannot work, whatever the broker does.
        """
        security = security_options(self._settings)
        self._has_started = True
        self._spawn(self._connect(security))
        self._spawn(self._watch_over())

    async def wait_ready(self, timeout_seconds: float | None = None) -> None:
        """Return when the broker is connected.

        Raises:
            LogUnavailable: it was not, within the time.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._ready.wait()
        except TimeoutError as error:
            raise LogUnavailable(f"The broker at {self._settings.address()} is not connected.") from error

    async def wait_lost(self) -> None:
        """Return when the connection cannot come back by itself; the process should end then."""
        await self._lost.wait()

    def on_connected(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each (re)connect; what was in flight before is gone by then."""
        self._on_connected.append(listener)

    async def request(
        self,
        subject: str,
        data: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
    ) -> Msg:
        """Send a request and return its one answer; fails at once while there is no connection.

        Raises:
            NoResponders: nobody serves the subject.
            LogUnavailable: no connection, or no answer in time.
        """
        return await self._opened().request(
            subject, data, headers=headers, timeout_seconds=timeout_seconds or self.timeout_seconds
        )

    async def request_batch(self, subject: str, data: bytes) -> Batch:
        """Send a request and return its answers, up to the status that ends them; raises like `request`."""
        return await self._opened().request_batch(subject, data, timeout_seconds=self.timeout_seconds)

    async def flush(self, timeout_seconds: float | None = None) -> None:
        """Return when the broker has taken in all that was sent before.

        Raises:
            LogUnavailable: no connection, or no answer in time.
        """
        if not self.is_connected:
            raise LogUnavailable("The broker is not connected.")
        flushed = self._spawn(self._client.flush(timeout=_FLUSH_GIVEN_UP_SECONDS))
        done, _ = await asyncio.wait({flushed}, timeout=timeout_seconds or self.timeout_seconds)
        if not done or flushed.cancelled() or flushed.exception() is not None:
            raise LogUnavailable("The broker did not answer a ping in time.")

    async def close(self) -> None:
        """Give up the connection. Calling it again does nothing."""
        if self._is_closing:
            return
        self._is_closing = True
        self._ready.clear()
        while self._tasks:
            # More than once: `asyncio.wait_for`, which nats-py uses, loses a cancellation now and then.
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=_CLOSE_AGAIN_SECONDS)
        if self._inbox is not None:
            self._inbox.fail_all()
        if self._has_started:
            try:
                await asyncio.wait_for(self._client.close(), _CLOSE_SECONDS)
            except (TimeoutError, nats.errors.Error, OSError) as error:
                _log.warning("broker connection not closed in order", error=str(error))

    def _opened(self) -> Inbox:
        if self._inbox is None or not self.is_connected:
            raise LogUnavailable("The broker is not connected.")
        return self._inbox

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain about it

    async def _connect(self, security: Security) -> None:
        while True:
            try:
                await self._client.connect(
                    servers=self._settings.servers(),
                    name=self._name,
                    error_cb=self._on_error,
                    disconnected_cb=self._on_disconnected,
                    reconnected_cb=self._on_reconnected,
                    closed_cb=self._on_closed,
                    connect_timeout=_CONNECT_TIMEOUT_SECONDS,
                    # nats-py sleeps and compares with it, so a fraction works.
                    reconnect_time_wait=_RECONNECT_WAIT_SECONDS,  # pyright: ignore[reportArgumentType]
                    max_reconnect_attempts=-1,
                    ping_interval=_PING_INTERVAL_SECONDS,
                    max_outstanding_pings=_MAX_OUTSTANDING_PINGS,
                    skip_subject_validation=True,  # `contracts.subjects` writes them all, of ids that were checked
                    **security,
                )
                inbox = Inbox(self._client)
                await inbox.open()
            except (nats.errors.Error, OSError, ValueError) as error:
                await self._on_error(error)
                await asyncio.sleep(1.0)
            else:
                self._inbox = inbox
                await self._on_reconnected()
                return

    async def _on_reconnected(self) -> None:
        if self._inbox is None:  # the connection broke while the first one was being set up
            return
        down_seconds = time.monotonic() - self._down_since if self._down_since is not None else 0.0
        _log.info("broker connected", broker=self._settings.address(), down_seconds=round(down_seconds, 1))
        self._down_since = None
        self._told.clear()
        self._ready.set()
        for listener in self._on_connected:
            listener()

    async def _on_disconnected(self) -> None:
        self._ready.clear()
        self._down_since = self._last_sign = time.monotonic()
        if self._inbox is not None:
            self._inbox.fail_all()
        if not self._is_closing:
            _log.warning("broker connection lost", broker=self._settings.address())

    async def _on_error(self, error: Exception) -> None:
        self._last_sign = time.monotonic()
        if self._is_closing or (self._inbox is not None and self._inbox.refuse(error)):
            return
        reason = describe_failure(error)
        if self._down_since is None:
            _log.warning("broker error", error=reason)
        elif reason not in self._told and len(self._told) < _REASONS_TOLD:  # every attempt to reconnect comes here
            self._told.add(reason)
            _log.warning("broker cannot be reached, trying on", broker=self._settings.address(), error=reason)

    async def _on_closed(self) -> None:
        if not self._is_closing:
            self._give_up(f"the broker refused us: {self._client.last_error}")

    async def _watch_over(self) -> None:
        while True:
            await asyncio.sleep(_WATCHDOG_SECONDS)
            if self.is_connected:
                try:
                    await self.flush(_WATCHDOG_SECONDS)
                except LogUnavailable:
                    _log.warning("broker does not answer a ping, reconnecting", broker=self._settings.address())
                    await self._client.force_reconnect()
            elif self._inbox is not None and time.monotonic() - self._last_sign > _HUNG_SECONDS:
                self._give_up("the reconnect is stuck")

    def _give_up(self, reason: str) -> None:
        _log.error("broker connection given up", broker=self._settings.address(), reason=reason)
        self._ready.clear()
        self._lost.set()
