"""A task that needs nothing installed: small sums, for a first look and for tests. It says little about a prompt."""

from collections.abc import Iterator
from functools import partial
from random import Random

from runner.benchmark.task import Item, Split, Task, split

NAME = "small_sums"


def toy_task(instructions: str, seed: int, sizes: Split) -> Task:
    """Return the task; the same seed gives the same items.

    Raises:
        InvalidInput: there are not so many different items.
    """
    return split(NAME, instructions, "number", _sums(seed), sizes)


def _sums(seed: int) -> Iterator[Item]:
    pairs = [(first, second) for first in range(30) for second in range(30)]
    Random(seed).shuffle(pairs)  # noqa: S311  items, not secrets
    for first, second in pairs:
        yield Item(f"What is {first} plus {second}?", str(first + second), partial(_score, str(first + second)))


def _score(wanted: str, answer: str) -> float:
    return float(answer == wanted)
