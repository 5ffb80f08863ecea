"""Where the marks of a chart are, in percent of its width: so it fits any width, and its words keep their size."""

from dataclasses import dataclass

from contracts.evidence import CaseOutcome, SignTest
from stagecast.report.comparison import OUTCOME_SYMBOLS
from stagecast.report.figures import fraction

_MOST_TILES = 30  # beyond, a tile on a phone is narrower than its symbol


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the bar of wins, ties and losses: one case, or all that came out alike.

    Attributes:
        x: where it begins, from 0 to 100.
        label: what stands in it; empty where there is no room.
    """

    outcome: CaseOutcome
    x: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class Span:
    """A range with a point in it, from 0 to 100."""

    low: float
    point: float
    high: float


def tiles(test: SignTest) -> list[Tile]:
    """Return the bar of wins, ties and losses."""
    counts: list[tuple[CaseOutcome, int]] = [("win", test.wins), ("tie", test.ties), ("loss", test.losses)]
    total = sum(count for _, count in counts)
    made: list[Tile] = []
    begin = 0
    for outcome, count in counts:
        if 0 < total <= _MOST_TILES:
            symbol = OUTCOME_SYMBOLS[outcome]
            made += [Tile(outcome, (begin + at) / total * 100, 100 / total, symbol) for at in range(count)]
        elif count:
            width = count / total * 100
            made.append(Tile(outcome, begin / total * 100, width, OUTCOME_SYMBOLS[outcome] if width >= 5 else ""))
        begin += count
    return made


def interval(test: SignTest) -> Span | None:
    """Return the interval of the share of wins; None when no case was decided."""
    decided = test.wins + test.losses
    if decided <= 0:
        return None
    low, point, high = (100 * fraction(part) for part in (test.win_share_low, test.wins / decided, test.win_share_high))
    return Span(min(low, point), point, max(high, point))
