"""What a method of making prompts better is: it gets a lesson, models and a budget, and gives something that answers.

The methods themselves are in the modules beside this one, by name of what they use.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from contracts.errors import StagecastError
from contracts.pipeline import ModelSpec
from runner.benchmark.meter import Meter
from runner.benchmark.task import Lesson, fill
from runner.models.client import ModelRequest


class MethodFailed(StagecastError):
    """A method gave up, or cannot be run here; the message says why."""

    code = "method_failed"


@dataclass(frozen=True, slots=True)
class Models:
    """Which models do what, with their settings.

    Attributes:
        target: answers the questions, in optimizing as in scoring.
        optimizer: writes prompts.
        judge: compares answers, for methods that ask one.
    """

    target: ModelSpec
    optimizer: ModelSpec
    judge: ModelSpec


@dataclass(frozen=True, slots=True)
class Assignment:
    """One run of a method. Unseen items are not part of it.

    Attributes:
        meter: the only way to a model; refuses what goes beyond the budget.
        seed: for what is chosen by chance.
    """

    lesson: Lesson
    models: Models
    meter: Meter
    seed: int


Answerer = Callable[[Meter, str], Awaitable[str]]
"""Answers a question with the method's final prompt, by calls that the given meter counts."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a method came to.

    Attributes:
        prompt: the final prompt, as far as it is one text.
        answer: uses it on a question, as the method itself does.
        note: what there is to say about it, in a few words.
        is_whole: the model is sent this prompt and the question, nothing else; so equal ones need be scored only once.
    """

    prompt: str
    answer: Answerer
    note: str = ""
    is_whole: bool = False


Method = Callable[[Assignment], Awaitable[Found]]
"""Raises `MethodFailed`; any other error is a fault of the method, and told with its row."""


def found_prompt(prompt: str, target: ModelSpec, note: str = "") -> Found:
    """Return what a method that ends with a plain prompt came to."""

    async def answer(meter: Meter, question: str) -> str:
        return (await meter.ask(ModelRequest(spec=target, user=fill(prompt, question)))).text

    return Found(prompt, answer, note, is_whole=True)
