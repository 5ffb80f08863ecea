"""Tasks from reasoning-gym, an optional extra: seeded generators with a scorer each. Loaded when one is asked for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

from contracts.errors import MissingSetting
from runner.benchmark.reading import ReadAs
from runner.benchmark.task import Item, Split, Task, split

_SEED_STEP = 1_000_003  # reasoning-gym makes item n of seed s from s + n: seeds close to each other share their items
_SOURCE_SIZE = 20_000


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator of reasoning-gym, and how it is used here.

    Attributes:
        easy: settings under which a model of 135 million parameters is right sometimes.
    """

    read_as: ReadAs
    easy: Mapping[str, int] = field(default_factory=dict[str, int])


GENERATORS: Mapping[str, Generator] = {
    "chain_sum": Generator("number", {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}),
    "products": Generator("number", {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}),
    "letter_counting": Generator("number", {"min_words": 1, "max_words": 2}),
    "gcd": Generator("number", {"min_numbers": 2, "max_numbers": 2, "min_value": 1, "max_value": 12}),
    "leg_counting": Generator("number", {"min_animals": 1, "max_animals": 2, "max_instances": 3}),
    "needle_haystack": Generator("text", {"min_num_statements": 2, "max_num_statements": 3}),
    "word_sorting": Generator("text", {"min_words": 2, "max_words": 3, "max_word_length": 6}),
    "spell_backward": Generator("text", {"min_word_len": 3, "max_word_len": 4}),
}


def gym_task(name: str, instructions: str, seed: int, sizes: Split, *, is_easy: bool) -> Task:
    """Return a task of `GENERATORS`.

    Args:
        name: of the generator.
        instructions: the starting prompt.
        seed: the same seed gives the same items.
        sizes: how many items.
        is_easy: with the settings above, else with reasoning-gym's own.

    Raises:
        MissingSetting: reasoning-gym is not installed.
        InvalidInput: there are not so many different items.
    """
    try:
        gym: Any = import_module("reasoning_gym")  # it has no types
    except ImportError:
        raise MissingSetting(f"{name} needs reasoning-gym: pip install 'stagecast[benchmark]'.") from None
    generator = GENERATORS[name]
    settings = dict(generator.easy) if is_easy else dict[str, int]()
    dataset = gym.create_dataset(name, seed=seed * _SEED_STEP, size=_SOURCE_SIZE, **settings)
    return split(name, instructions, generator.read_as, _items(dataset), sizes)


def _items(dataset: Any) -> Iterator[Item]:
    for entry in dataset:
        yield Item(str(entry["question"]), str(entry["answer"]), partial(_score, dataset.score_answer, entry))


def _score(scorer: Callable[..., float], entry: dict[str, Any], answer: str) -> float:
    try:
        return float(scorer(answer=answer, entry=entry))
    except (ValueError, TypeError, ArithmeticError):  # some scorers read the answer without care
        return 0.0
