"""The ways to change a prompt. How a model is made to do it is `rewrite`'s affair."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.errors import StageError
from stagecast.spelling import suggest

REQUIREMENTS: dict[str, str] = {
    "leaves the length open": "Keep the answer short.",
    "leaves the form of the answer open": "Answer with only what was asked for, nothing else.",
    "leaves the tone open": "Use plain words and short sentences.",
    "leaves the reader open": "Write for a reader who does not know the subject.",
    "gives no example": "Be specific; name things and give concrete details.",
    "does not say what matters most": "Begin with the most important point.",
}
"""Sentences that even a very small model can choose from, each by the issue that it answers."""

ISSUES = tuple(REQUIREMENTS)


class Strategy(BaseModel):
    """A way to change a prompt.

    Attributes:
        id: its name in results.
        ask: what the model is told to do.
        choose: what the built-in model is told instead: to choose among `REQUIREMENTS`, while the prompt stays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    ask: str
    choose: str = ""


BUILT_IN: tuple[Strategy, ...] = (
    Strategy(
        id="minimal_edit",
        ask="Change as little as possible: mend only what the issues name, and leave every other word as it is.",
    ),
    Strategy(
        id="restructure",
        ask="Put it in order: the task first, then what is given, then the rules for the answer as a short list.",
    ),
    Strategy(
        id="requirements",
        ask="Keep the text word for word, and add one to three sentences below it that will improve the answer most.",
        choose="Choose the one or two sentences that would improve the answer to <subject> most.",
    ),
    Strategy(
        id="add_examples",
        ask="Keep the text and add two or three short examples of an input and a good answer, invented by you.",
    ),
    Strategy(
        id="step_by_step",
        ask="Keep the text and say in which steps to work the answer out, and that the answer itself comes last.",
    ),
)

_TAKEN = frozenset({"original", "refine"})
"""Names that results use for something else."""
_BY_ID = {strategy.id: strategy for strategy in BUILT_IN}


def find_strategies(wanted: Sequence[Any]) -> list[Strategy]:
    """Return strategies as they were asked for: by name, or as `{id, ask}`.

    Raises:
        StageError: there is none of that name, or two of one name (code `bad_strategies`).
    """
    found = [find_strategy(item) for item in wanted]
    names = [strategy.id for strategy in found]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise StageError(f"The strategy '{doubled}' is named twice.", code="bad_strategies")
    return found


def find_strategy(wanted: Any) -> Strategy:
    """Return one strategy; see `find_strategies`."""
    if isinstance(wanted, str):
        if wanted not in _BY_ID:
            raise StageError(f"There is no strategy '{wanted[:60]}'; {suggest(wanted, _BY_ID)}", code="bad_strategies")
        return _BY_ID[wanted]
    try:
        strategy = Strategy.model_validate(wanted)
    except ValidationError:
        raise StageError("A strategy of your own is written as {id, ask}, both texts.", code="bad_strategies") from None
    if strategy.id in _TAKEN:
        raise StageError(f"A strategy of your own cannot be called '{strategy.id}'.", code="bad_strategies")
    return strategy
