"""Reads `Prefer: wait=N` (RFC 7240). Not how the wait is done."""

import re
from collections.abc import Iterable

_WAIT = re.compile(r'^\s*wait\s*=\s*(?:"(?P<quoted>[0-9]{1,9})"|(?P<plain>[0-9]{1,9}))\s*(?:;.*)?$', re.IGNORECASE)


def wait_seconds(headers: Iterable[str]) -> int:
    """Return the seconds that the first `wait` preference asks for, 0 when there is none that can be understood.

    Args:
        headers: the values of the request's `Prefer` headers, in order.
    """
    for header in headers:
        for preference in header.split(","):
            if (match := _WAIT.match(preference)) is not None:
                return int(match["quoted"] or match["plain"])
    return 0
