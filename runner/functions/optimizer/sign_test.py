"""The exact sign test: whether more wins than losses could be chance. What a win is, is decided elsewhere."""

from collections.abc import Callable
from math import comb

from contracts.evidence import SignTest

ALPHA = 0.05
_BISECTIONS = 60  # of an interval of length 1: beyond a float's precision


def sign_test(wins: int, losses: int, ties: int = 0, *, cases: int | None = None) -> SignTest:
    """Test wins against losses, ties left out.

    Args:
        wins: cases on which the new one did better.
        losses: cases on which it did worse.
        ties: cases without a difference; they are only told.
        cases: how many cases there could have been, for the least p-value; all of these when left out.
    """
    low, high = win_share_interval(wins, losses)
    return SignTest(
        wins=wins,
        ties=ties,
        losses=losses,
        p_value=p_value(wins, losses),
        alpha=ALPHA,
        least_p_value=p_value(wins + losses + ties if cases is None else cases, 0),
        win_share_low=low,
        win_share_high=high,
    )


def p_value(wins: int, losses: int) -> float:
    """Return how likely a split at least so uneven is where both sides are equally good: two-sided, from 0 to 1."""
    decided = wins + losses
    tail = sum(comb(decided, more) for more in range(max(wins, losses), decided + 1))
    return min(1.0, 2 * tail / 2**decided)


def is_shown(wins: int, losses: int) -> bool:
    """Tell whether the difference, in whichever direction, is more than chance at the level `ALPHA`."""
    return p_value(wins, losses) < ALPHA


def may_change(wins: int, losses: int, left: int) -> bool:
    """Tell whether the cases that are left could still make another verdict of this split.

    No verdict that stands early is more likely than it would be in the end, so to stop then costs no honesty.
    """
    now = _verdict(wins, losses)
    return _verdict(wins + left, losses) != now or _verdict(wins, losses + left) != now


def win_share_interval(wins: int, losses: int) -> tuple[float, float]:
    """Return the Clopper-Pearson interval (95 %) of the share of wins among wins and losses."""
    decided = wins + losses
    if decided == 0:
        return 0.0, 1.0
    low = 0.0 if wins == 0 else _solve(lambda share: _at_least(wins, decided, share) - ALPHA / 2)
    high = 1.0 if losses == 0 else _solve(lambda share: ALPHA / 2 - _at_least(losses, decided, 1 - share))
    return round(low, 4), round(high, 4)


def _verdict(wins: int, losses: int) -> int:
    return ((wins > losses) - (wins < losses)) if is_shown(wins, losses) else 0


def _at_least(successes: int, of: int, share: float) -> float:
    return sum(comb(of, count) * share**count * (1 - share) ** (of - count) for count in range(successes, of + 1))


def _solve(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
