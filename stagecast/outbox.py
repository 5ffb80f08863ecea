"""Messages that are held back for a moment, so that those which come close together go out together.

Each send costs a system call here, one at the broker, and as many again for the answers; with fifty runs in flight
that was a fifth of all the time that the service used. Not here: what is sent, and the answers.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.client import Client

from contracts.errors import LogUnavailable

FEW = 8
"""Requests in flight; with fewer nothing is held back."""

_HELD_SECONDS_EACH = 0.0001  # for each request in flight, so that ten thousand a second can always go out
_HELD_SECONDS = 0.005  # the longest


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request to be sent; `done` gets the exception when it cannot be, and is done where nobody waits any more."""

    subject: str
    data: bytes
    reply: str
    headers: dict[str, str] | None
    done: asyncio.Future[Any]  # of what is the requester's affair


class Outbox:
    """Holds requests of one connection. In which order they go out is not promised: whoever needs one waits first."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._held: list[Outgoing] = []
        self._sending: set[asyncio.Task[None]] = set()

    def is_wanted(self, in_flight: int) -> bool:
        """Tell whether a request is to be held: so many are in flight, or others are held already."""
        return in_flight >= FEW or bool(self._held)

    def hold(self, outgoing: Outgoing, in_flight: int) -> None:
        """Send it soon, with all that is held by then."""
        self._held.append(outgoing)
        if len(self._held) == 1:
            asyncio.get_running_loop().call_later(min(in_flight * _HELD_SECONDS_EACH, _HELD_SECONDS), self._begin)

    def _begin(self) -> None:
        task = asyncio.create_task(self._send())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self) -> None:
        held, self._held = self._held, []
        for outgoing in held:
            if outgoing.done.done():
                continue
            try:
                await self._client.publish(
                    outgoing.subject, outgoing.data, reply=outgoing.reply, headers=outgoing.headers
                )
            except (nats.errors.Error, OSError) as error:
                if not outgoing.done.done():
                    outgoing.done.set_exception(LogUnavailable(f"The broker cannot be reached: {error}"))
