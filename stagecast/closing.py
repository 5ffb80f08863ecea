"""What the end of a connection means for who wants to come back: how long to wait, or why not to. Pure.

| closed with | what a client does |
|---|---|
| 4400, 1009 (what it sent was not understood, or too long) | gives up: its own fault |
| 4401, 4403 (token) | gives up: another token is needed |
| 4408 (too slow), 1000 (it watched nothing for long) | comes back at once, where there is a reason to |
| 4429 (too many), 1013 (try again later) | comes back later and later, up to half a minute |
| 1012 (the gateway goes down) | comes back within a second, not at the same time as all others |
| anything else | comes back soon, then later and later, up to two seconds |
"""

from collections.abc import Callable
from random import random

from contracts.errors import RequestRefused
from contracts.messages import CloseCode
from stagecast.arrivals import Closed

_PAUSES = (0.1, 2.0)  # seconds: the first one, which doubles up to the longest
_LONG_PAUSES = (1.0, 30.0)
_LATER = frozenset({1013, CloseCode.TOO_MANY})
_MOST_DOUBLINGS = 10
_SPREAD_SECONDS = 1.0

_REFUSALS: dict[int, tuple[int, str, str]] = {
    CloseCode.UNAUTHENTICATED: (401, "unauthenticated", "The gateway wants a token that it knows."),
    CloseCode.FORBIDDEN: (403, "forbidden", "The token may not do this."),
    CloseCode.BAD_MESSAGES: (400, "bad_message", "The gateway does not understand this client; are they of one age?"),
    CloseCode.TOO_LONG: (413, "message_too_long", "The gateway does not take a message as long as ours."),
}


def refusal_of(closed: Closed) -> RequestRefused | None:
    """Return the error for who must not come back; None for who may."""
    if closed.code not in _REFUSALS:
        return None
    status, code, message = _REFUSALS[closed.code]
    said = f" It says: {closed.reason}." if closed.reason else ""
    return RequestRefused(message + said, status=status, code=code)


def pause_seconds(code: int | None, tries: int, chance: Callable[[], float] = random) -> float:
    """Return how long to wait before the next connection.

    Args:
        code: what the last one was closed with; None where it was not closed in order, or did not come about.
        tries: how many before it were of no use either, in a row.
        chance: gives numbers from 0 to 1, so that many clients do not come at the same time.
    """
    if code in (CloseCode.TOO_SLOW, CloseCode.IDLE) and tries == 0:
        return 0.0
    if code == CloseCode.GOING_AWAY and tries == 0:
        return _SPREAD_SECONDS * chance()
    first, longest = _LONG_PAUSES if code in _LATER else _PAUSES
    return min(first * 2 ** min(tries, _MOST_DOUBLINGS), longest) * (1 + chance()) / 2
