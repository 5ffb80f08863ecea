"""Finds the newest submissions below a place in the log's stream, at a cost that does not grow with the stream.

Submissions stand in the stream in the order in which they were accepted, with other events between them, and the
broker only finds the next one, never the one before. So a window below the place is cut into parts, each part is
followed forward, all at once, and the next window is as wide as the density found so far suggests.
"""

import asyncio
from dataclasses import dataclass

from contracts.subjects import QUEUE_SUBJECTS
from stagecast.stored import Stored, StreamReader

_PARTS = 16  # followed at the same time
_WIDEN_AT_MOST = 16  # from one window to the next: density changes, and a burst must not be read whole
_SPARE_STEPS = 8


@dataclass(frozen=True, slots=True)
class _Part:
    """What one part of a window holds: its first submissions, and where the rest begins if there may be more."""

    found: list[Stored]
    rest: int | None
    end: int


async def newest_submissions(reader: StreamReader, first: int, end: int, count: int) -> list[Stored]:
    """Return the last `count` submissions with stream sequences from `first` up to but not including `end`, in order.

    Raises:
        LogUnavailable: the broker does not answer.
    """
    found: list[Stored] = []
    place, width = end, count
    while len(found) < count and place > first:
        low = max(first, place - width)
        found = await _newest_in(reader, low, place, count - len(found)) + found
        place = low
        wanted = (count - len(found)) * (end - place) * 5 // (4 * max(len(found), 1))
        width = max(count, min(wanted, width * _WIDEN_AT_MOST))
    return found[-count:]


async def _newest_in(reader: StreamReader, low: int, end: int, count: int) -> list[Stored]:
    size = max(-(-(end - low) // _PARTS), 1)
    most = 2 * count // _PARTS + _SPARE_STEPS
    bounds = [(start, min(start + size, end)) for start in range(low, end, size)]
    parts = await asyncio.gather(*(_follow(reader, start, stop, most) for start, stop in bounds))
    found: list[Stored] = []
    for part in reversed(parts):
        if len(found) >= count:
            break
        newer = [] if part.rest is None else await _newest_in(reader, part.rest, part.end, count - len(found))
        found = part.found + newer + found
    # What a crowded part left out lies before what was found in it, so the order has no holes from the end on.
    return found[-count:]


async def _follow(reader: StreamReader, start: int, end: int, most: int) -> _Part:
    found: list[Stored] = []
    while start < end and len(found) < most:
        message = await reader.next_of(QUEUE_SUBJECTS, start)
        if message is None or message.sequence >= end:
            return _Part(found, None, end)
        found.append(message)
        start = message.sequence + 1
    return _Part(found, start if start < end else None, end)
