"""What one stage of the optimizer hands on to the next: the comparison on tuning cases, and the refinement."""

from pydantic import BaseModel, Field

from runner.functions.optimizer.cases import CaseSplit, NumberedCase
from runner.functions.optimizer.duel import Duel
from runner.functions.optimizer.race import Standing
from runner.functions.optimizer.rewrite import Rewrite
from runner.functions.optimizer.target import Tried
from runner.values import Json

ORIGINAL = "original"
"""What the submitted prompt is called where a strategy is named."""


class Failure(BaseModel):
    """A tuning case on which the best prompt so far did not do well, for who refines it."""

    case: int
    request: str
    answer: str
    expected: str | None = None
    why: str


class Comparison(BaseModel):
    """How candidates did against the original on the tuning cases.

    Attributes:
        winner: the strategy of the candidate that did better than the original, or `ORIGINAL`.
        challenger: the best candidate that was tried, whether or not it did better.
        standings: of all candidates that were tried, in their order.
        out: why a candidate did not win, by strategy.
        dropped: what was refused before it came to a trial: `{"item": strategy, "reason": sentence}` each.
        written: the candidates as they were written.
        baseline: the original's answers on tuning cases, by the case's number.
        answers: the challenger's, likewise.
        stopped: why tuning ended before all cases were tried, as a clause.
        why_none: why nothing was compared; empty where something was.
    """

    original: str
    winner: str = ORIGINAL
    challenger: str | None = None
    standings: list[Standing] = Field(default_factory=list[Standing])
    out: dict[str, str] = Field(default_factory=dict[str, str])
    dropped: list[dict[str, Json]] = Field(default_factory=list[dict[str, Json]])
    written: list[Rewrite] = Field(default_factory=list[Rewrite])
    split: CaseSplit = Field(default_factory=CaseSplit)
    baseline: dict[int, Tried] = Field(default_factory=dict[int, Tried])
    answers: dict[int, Tried] = Field(default_factory=dict[int, Tried])
    failures: list[Failure] = Field(default_factory=list[Failure])
    stopped: str | None = None
    why_none: str = ""

    @property
    def best_prompt(self) -> str:
        """The winner's prompt, letter for letter as it was tried."""
        return self.prompt_of(self.winner)

    @property
    def best_answers(self) -> dict[int, Tried]:
        """The winner's answers on tuning cases, by the case's number."""
        return self.baseline if self.winner == ORIGINAL else self.answers

    def prompt_of(self, strategy: str | None) -> str:
        """Return a candidate's prompt; the original for whatever is no candidate."""
        return next((one.prompt for one in self.standings if one.strategy == strategy), self.original)

    def tried_cases(self) -> list[NumberedCase]:
        """Return the tuning cases that the winner was tried on."""
        return [case for case in self.split.tuning if case.number in self.best_answers]

    def all_duels(self) -> list[Duel]:
        """Return every duel of every candidate with the original."""
        return [duel for standing in self.standings for duel in standing.duels]


class Refinement(BaseModel):
    """One attempt at mending what the winner missed.

    Attributes:
        written: the new version; None where there is none.
        is_kept: whether it takes the winner's place.
        standing: how it did against the winner (against the original where that is the winner).
        reason: one sentence.
    """

    written: Rewrite | None = None
    is_kept: bool = False
    standing: Standing | None = None
    reason: str
    stopped: str | None = None
