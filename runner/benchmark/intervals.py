"""How sure one may be of a share or of a difference. Pure arithmetic, tested against published values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_Z = 1.959964  # two-sided 95 % of the normal distribution
# Two-sided 95 % of Student's t for 1, 2, … degrees of freedom; beyond them the normal distribution is near enough.
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


def wilson_interval(right: int, total: int) -> Interval:
    """Return Wilson's interval of a share; all there is, where nothing was counted."""
    if total == 0:
        return Interval(0.0, 1.0)
    share = right / total
    scale = 1 + _Z**2 / total
    middle = (share + _Z**2 / (2 * total)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2))
    low, high = middle - half, middle + half
    return Interval(0.0 if right == 0 else low, 1.0 if right == total else high)


def mean_interval(values: Sequence[float]) -> Interval | None:
    """Return Student's interval of a mean of values from -1 to 1.

    None for fewer than two values, which tell nothing about their spread. It ends where the mean itself must end.
    """
    count = len(values)
    if count < 2:
        return None
    mean = sum(values) / count
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (count - 1))
    quantile = _T[count - 2] if count - 2 < len(_T) else _Z
    half = quantile * spread / math.sqrt(count)
    return Interval(max(-1.0, mean - half), min(1.0, mean + half))
