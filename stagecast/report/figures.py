"""Numbers as a report words them: shares, chances, counts, changes. Durations and costs are `stagecast.wording`'s.

Everything that is not a number, as a file from elsewhere may carry, is `unknown`.
"""

import math

UNKNOWN = "unknown"
_PERCENT = "\u00a0%"  # the number and its sign stay on one line
MINUS = "\u2212"
_LEAST_CHANGE = 0.005  # half a percent: less is said to be none


def word_share(share: float | None) -> str:
    """Word a share of 1: `0 %`, `99.7 %`; what is not quite all or nothing is never rounded to it."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    percent = share * 100
    if percent in (0, 100) or 1 <= percent <= 99:
        return f"{math.floor(percent + 0.5)}{_PERCENT}"
    if percent > 99.9 and percent < 100:
        return f"over 99.9{_PERCENT}"
    if 0 < percent < 0.1:
        return f"less than 0.1{_PERCENT}"
    return f"{percent:.1f}{_PERCENT}"


def word_chance(chance: float, limit: float) -> str:
    """Word how often something happens by chance, as exactly as it takes to tell it from the limit."""
    worded = word_share(chance)
    return f"{chance * 100:.1f}{_PERCENT}" if worded == word_share(limit) and chance != limit else worded


def word_count(count: int, noun: str, plural: str = "") -> str:
    """Word a count of things: `1 case`, `2,100 cases`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def word_mean(number: float | None) -> str:
    """Word a mean of counts: `58`, `3.1`."""
    if number is None or not math.isfinite(number):
        return UNKNOWN
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"


def word_change(before: float | None, after: float | None) -> str:
    """Word the way from one amount to another: `+8 %`, `the same`; empty where there is no telling."""
    if before is None or after is None or not math.isfinite(before) or not math.isfinite(after):
        return ""
    if before == after:
        return "the same"
    if before <= 0:
        return ""
    change = after / before - 1
    if abs(change) < _LEAST_CHANGE:
        return "about the same"
    return f"{'+' if change > 0 else MINUS}{abs(change) * 100:,.0f}{_PERCENT}"


def fraction(part: float | None, whole: float = 1.0) -> float:
    """Return a part of a whole as a number from 0 to 1, whatever is given: the length of a bar."""
    if part is None or not math.isfinite(part) or not math.isfinite(whole) or whole <= 0:
        return 0.0
    return min(1.0, max(0.0, part / whole))
