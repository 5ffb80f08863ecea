"""The rules of one optimization: what holds in each of its comparisons, the same for all of its stages."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from runner.functions.optimizer.cases import read_checks
from runner.functions.optimizer.checks import AnswerCheck


class Rules(BaseModel):
    """How cases are dealt out, and what every answer must pass.

    Attributes:
        seed: the same seed deals the same cases out the same way.
        max_tuning: at most so many cases are used to choose a candidate.
        max_held_out: at most so many are used to prove it.
        max_parallel: model calls in flight.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    checks: list[AnswerCheck] = Field(default_factory=list[AnswerCheck])
    seed: int = 0
    max_tuning: int = Field(default=20, ge=1)
    max_held_out: int = Field(default=40, ge=0)
    max_parallel: int = Field(default=4, ge=1)

    @classmethod
    def read(cls, given: Mapping[str, Any] | None) -> "Rules":
        """Read rules as a pipeline file or a request has them.

        Raises:
            StageError: a check cannot be used (code `bad_checks`).
        """
        rules = dict(given or {})
        return cls(checks=read_checks(rules.pop("checks", [])), **rules)
