"""The race of candidates over the tuning cases: who leads, who cannot win any more. Pure; `compare` runs it.

A candidate's lead is its wins less its losses against the original. It drops out once it cannot overtake the leader, or
the original, any more; when only the leader is left and its lead cannot be lost, the race is over.
"""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from contracts.evidence import CaseOutcome
from runner.functions.optimizer.duel import Duel


class Standing(BaseModel):
    """How a candidate stands against the original.

    Attributes:
        duels: one for each case that it was tried on, in the order of the cases.
        scores: shares of checks passed, where there were checks.
    """

    strategy: str
    prompt: str
    duels: list[Duel] = Field(default_factory=list[Duel])
    scores: list[float] = Field(default_factory=list[float])

    def count(self, outcome: CaseOutcome) -> int:
        """Return on how many cases it did so."""
        return sum(duel.outcome == outcome for duel in self.duels)

    @property
    def lead(self) -> int:
        """Wins less losses."""
        return self.count("win") - self.count("loss")

    @property
    def score(self) -> float | None:
        """The mean of its scores, None where there are none."""
        return sum(self.scores) / len(self.scores) if self.scores else None

    def told(self) -> str:
        """Return its wins, ties and losses, for people."""
        return f"{self.count('win')} won, {self.count('tie')} tied, {self.count('loss')} lost"


def leader_of(standings: Sequence[Standing]) -> Standing | None:
    """Return who leads; None where nobody is ahead of the original. Of equals the shorter prompt leads."""
    return best_of([standing for standing in standings if standing.lead > 0])


def best_of(standings: Sequence[Standing]) -> Standing | None:
    """Return who did best of those that were tried, ahead of the original or not."""
    return max((standing for standing in standings if standing.duels), key=_rank, default=None)


def still_running(standings: Sequence[Standing], left: int) -> list[Standing]:
    """Return who could still win with so many cases left, in their order."""
    leader = leader_of(standings)
    goal = 0 if leader is None else leader.lead
    return [standing for standing in standings if standing is leader or standing.lead + left > goal]


def is_decided(standings: Sequence[Standing], left: int) -> bool:
    """Tell whether the cases left can change nothing: nobody can win, or nobody but the leader, whose lead is safe."""
    running = still_running(standings, left)
    leader = leader_of(standings)
    if not running:
        return True
    return running == [leader] and leader is not None and leader.lead > left


def why_out(standing: Standing, leader: Standing | None, left: int) -> str:
    """Return why a candidate is out, as a sentence."""
    told = standing.told()
    if leader is None or standing.lead + left < 1:
        return f"It did not do better than the original: {told}."
    return f"'{leader.strategy}' could not be caught any more: {told}, against {leader.told()}."


def totals(duels: Sequence[Duel]) -> Mapping[CaseOutcome, int]:
    """Count outcomes."""
    outcomes: tuple[CaseOutcome, ...] = ("win", "tie", "loss")
    return {outcome: sum(duel.outcome == outcome for duel in duels) for outcome in outcomes}


def _rank(standing: Standing) -> tuple[float, float, int]:
    return standing.lead, standing.score or 0.0, -len(standing.prompt)
