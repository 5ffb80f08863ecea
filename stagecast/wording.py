"""How durations, costs, tokens and foreign text are worded for people. Plain text: no colours and no layout.

Events are worded in `stagecast.commands.wording`, what evidence says in `stagecast.report`.
"""

import math

from contracts.results import StageOutcome, StageResult

_MINUTE_MS = 60_000
_TENTHS_UNTIL_MS = 10_000
_LEAST_USD = 0.0001
_CENTS_FROM_USD = 1.0  # from here on, parts of a cent are nobody's concern


def printable(text: str) -> str:
    """Leave out control characters: what a model wrote must not steer the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def one_line(text: str) -> str:
    """Put a text on one printable line."""
    return " ".join(printable(text).split())


def word_duration(duration_ms: int) -> str:
    """Word milliseconds: `850 ms`, `1.5 s`, `42 s`, `3 min 05 s`."""
    if duration_ms < 1000:
        return f"{duration_ms} ms"
    if duration_ms < _TENTHS_UNTIL_MS:
        return f"{duration_ms / 1000:.1f} s"
    seconds = duration_ms // 1000
    return f"{seconds} s" if duration_ms < _MINUTE_MS else f"{seconds // 60} min {seconds % 60:02d} s"


def word_cost(cost_usd: float | None, *, is_complete: bool = True) -> str:
    """Word US dollars: `$0`, `$0.0012`, `$0.05`, `$12.30`, `unknown`; `≥ $0.0012` when a part of the sum is unknown."""
    if cost_usd is None or not math.isfinite(cost_usd) or (not is_complete and cost_usd == 0):
        return "unknown"
    amount = "$0" if cost_usd == 0 else _word_dollars(cost_usd)
    return amount if is_complete else f"≥ {amount}"


def _word_dollars(cost_usd: float) -> str:
    if cost_usd >= _CENTS_FROM_USD:
        return f"${cost_usd:,.2f}"
    if cost_usd < _LEAST_USD:
        return f"< ${_LEAST_USD}"
    dollars, _, parts = f"{cost_usd:.4f}".partition(".")
    return f"${dollars}.{parts.rstrip('0').ljust(2, '0')}"


def word_tokens(read: int, written: int) -> str:
    """Word tokens read and written: `1,025 → 45`; empty when there were none."""
    return f"{read:,} → {written:,}" if read or written else ""


def has_cost(outcome: StageOutcome | StageResult) -> bool:
    """Tell whether a cost is worth a word: a model answered, or it is not the plain 0 of a stage without one."""
    return outcome.model is not None or outcome.cost != 0
