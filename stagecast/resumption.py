"""One subscription over as many connections as it takes, until patience ends. Not what its messages mean."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from contracts.errors import CorruptLog, GatewayUnreachable, OutputUnreadable, RequestRefused, StagecastError
from contracts.messages import Subscribe
from stagecast.arrivals import Arrivals, Closed, Message
from stagecast.closing import pause_seconds, refusal_of
from stagecast.connection import Connection
from stagecast.connections import TOO_MANY_REQUESTS, Connections

_STEADY_SECONDS = 5.0  # a subscription that lived so long was no failed try, also where nothing happened meanwhile
_STATUSES = {"unauthenticated": 401, "forbidden": 403, CorruptLog.code: 500, OutputUnreadable.code: 500}
"""Codes of errors that trying again does not mend, as HTTP statuses."""
_UNAVAILABLE = 503
_TOO_MANY_SUBSCRIPTIONS = "too_many"  # code of the error for one more than a connection may carry


class Resumption:
    """Subscribes, and subscribes again whenever that is needed.

    Args:
        connections: where.
        request: makes the message that asks for what follows what was seen so far.
        patience: seconds without any use for which it is tried again.
        was_reached: whether the gateway ever answered; if not, the first try is the last.
    """

    def __init__(
        self,
        connections: Connections,
        request: Callable[[], Subscribe],
        *,
        patience: float,
        was_reached: Callable[[], bool],
    ) -> None:
        self._connections = connections
        self._request = request
        self._patience = patience
        self._was_reached = was_reached
        self._current: tuple[Connection, Subscribe, Arrivals] | None = None
        self._subscribed_at = 0.0
        self._lost_at: float | None = None
        self._cause: StagecastError | None = None
        self._failures = 0

    async def next(self) -> Message:
        """Return the next message.

        Raises:
            GatewayUnreachable: the first connection failed, or a lost one did not come back in time.
            RequestRefused: the gateway does not let us in, or could not serve us for so long.
        """
        while True:
            if self._current is None:
                await self._subscribe()
                continue
            got = await self._current[2].next()
            if isinstance(got, Message):
                return got
            self._current = None
            if isinstance(got, Closed):
                if (refusal := refusal_of(got)) is not None:
                    raise refusal
                self._note_loss(None)

    def keep(self) -> None:
        """Take note that the subscription is of use: patience begins anew with the next loss."""
        self._lost_at, self._failures = None, 0

    def drop(self, *, is_over: bool = False) -> None:
        """Give up the subscription as it is; the next message is one of a new subscription.

        Args:
            is_over: the server has ended it, so that it needs not be told.
        """
        if self._current is not None:
            connection, request, arrivals = self._current
            self._current = None
            connection.leave(request, arrivals, is_over=is_over)

    async def fail(self, error: Mapping[str, Any]) -> None:
        """Take an `error` message: wait, so that the next message is one of a new subscription.

        Raises:
            RequestRefused: it is one that stays.
        """
        code, text = error.get("code"), error.get("message")
        refusal = RequestRefused(
            text if isinstance(text, str) else "The gateway could not serve the subscription.",
            status=_STATUSES.get(str(code), _UNAVAILABLE),
            code=code if isinstance(code, str) else None,
        )
        if code in _STATUSES:
            raise refusal
        connection = self._current[0] if self._current is not None else None
        self.drop(is_over="executionId" in error)
        if code == _TOO_MANY_SUBSCRIPTIONS and connection is not None:
            connection.take_no_more()
        self._note_loss(refusal)
        await asyncio.sleep(pause_seconds(None, self._failures))
        self._failures += 1

    async def _subscribe(self) -> None:
        request = self._request()
        try:
            async with asyncio.timeout(self._time_left()):
                connection, arrivals = await self._connections.subscribe(request)
        except TimeoutError:
            raise self._last_cause() from None
        except GatewayUnreachable as error:
            if not self._was_reached():
                raise
            self._note_loss(error)
        except RequestRefused as error:
            if error.status != TOO_MANY_REQUESTS:
                raise
            self._note_loss(error)
        else:
            self._current = connection, request, arrivals
            self._subscribed_at = time.monotonic()

    def _note_loss(self, cause: StagecastError | None) -> None:
        now = time.monotonic()
        held = self._lost_at is not None and self._lost_at < self._subscribed_at <= now - _STEADY_SECONDS
        if self._lost_at is None or held:
            self._lost_at = now
        self._cause = cause

    def _time_left(self) -> float | None:
        if self._lost_at is None:
            return None
        left = self._lost_at + self._patience - time.monotonic()
        if left <= 0:
            raise self._last_cause()
        return left

    def _last_cause(self) -> StagecastError:
        return self._cause or self._connections.unreachable()
