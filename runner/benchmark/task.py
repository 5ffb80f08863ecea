"""A task with exact answers: its starting prompt and its items, split into those to learn from and those kept unseen.

Where items come from is `gym` and `toy`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from contracts.errors import InvalidInput
from runner.benchmark.reading import ReadAs, read_answer

PLACEHOLDER = "{question}"
_RIGHT_FROM = 0.99  # a scorer's 1.0 after floating point


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its answer. `score` takes what was read of an answer and gives 0 to 1."""

    question: str
    answer: str
    score: Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a method may see of a task: everything but the items that it is scored on.

    Attributes:
        instructions: the starting prompt without the question.
    """

    name: str
    instructions: str
    read_as: ReadAs
    items: tuple[Item, ...]

    @property
    def prompt(self) -> str:
        """The starting prompt."""
        return f"{self.instructions}\n\n{PLACEHOLDER}"

    def is_right(self, item: Item, answer: str) -> bool:
        """Tell whether an answer is right, as it came from the model."""
        return item.score(read_answer(answer, self.read_as)) >= _RIGHT_FROM


@dataclass(frozen=True, slots=True)
class Task:
    """A lesson, and the unseen items by which prompts are compared."""

    lesson: Lesson
    unseen: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """How many items there are of each kind."""

    train: int
    test: int


def split(name: str, instructions: str, read_as: ReadAs, source: Iterable[Item], sizes: Split) -> Task:
    """Return a task of the source's first items, each question once, so that none is on both sides.

    Raises:
        InvalidInput: the source has too few different questions.
    """
    wanted = sizes.train + sizes.test
    items: dict[str, Item] = {}
    for item in source:
        items.setdefault(item.question.strip(), item)
        if len(items) == wanted:
            break
    else:
        raise InvalidInput(f"{name} has only {len(items)} different questions; ask for fewer than {wanted}.")
    chosen = tuple(items.values())
    return Task(Lesson(name, instructions, read_as, chosen[: sizes.train]), chosen[sizes.train :])


def fill(prompt: str, question: str) -> str:
    """Return what a model is sent: the question in its place, or below a prompt that lost the place.

    The question is never searched for placeholders.
    """
    return prompt.replace(PLACEHOLDER, question) if PLACEHOLDER in prompt else f"{prompt.rstrip()}\n\n{question}"
