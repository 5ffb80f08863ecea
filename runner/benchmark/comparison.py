"""Runs every method on every task and seed, scores what it found on unseen items, and keeps what came of it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contracts.errors import MissingSetting, ModelError, StagecastError
from runner.benchmark.meter import Meter, Used
from runner.benchmark.method import Answerer, Assignment, Found, Method, Models
from runner.benchmark.task import PLACEHOLDER, Task, fill
from runner.groups import first_leaf
from runner.models.client import ModelClient

ORIGINAL = "original"
"""The method that every other is compared with; it is always run, and first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of a method came to.

    Attributes:
        right: for each unseen item, in order, whether it was answered rightly; empty when the method failed.
        used: what optimizing took.
        answering: what answering the unseen items took.
        seconds: of optimizing.
        error: why there is no score.
    """

    task: str
    seed: int
    method: str
    right: tuple[bool, ...]
    used: Used
    answering: Used
    seconds: float
    prompt: str = ""
    note: str = ""
    error: str | None = None

    @property
    def accuracy(self) -> float:
        """Share of unseen items that were answered rightly."""
        return sum(self.right) / len(self.right) if self.right else 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for every method.

    Attributes:
        budget: model calls for one optimization.
        parallel: questions in flight while unseen items are answered.
    """

    models: Models
    budget: int
    parallel: int = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run of a method stands: in which task, with which seed, and what prompts scored there before."""

    task: Task
    seed: int
    method: str
    scores: dict[str, tuple[bool | None, ...]]


class Comparison:
    """Compares methods.

    Args:
        client: who answers model calls.
        terms: what every method gets.
        methods: by name; `original` is among them.
        tell: told a line about each step.

    Attributes:
        outcomes: what is known so far; complete once `run` returns, and of use when it is cancelled.
    """

    def __init__(
        self, client: ModelClient, terms: Terms, methods: Mapping[str, Method], tell: Callable[[str], None]
    ) -> None:
        self._client = client
        self._terms = terms
        self._methods = methods
        self._tell = tell
        self.outcomes: list[Outcome] = []

    async def run(self, tasks: Sequence[tuple[Task, int]]) -> None:
        """Run every method on each task with its seed. One that fails is told with its reason; the others go on."""
        total, number = len(tasks) * len(self._methods), 0
        for task, seed in tasks:
            scores: dict[str, tuple[bool | None, ...]] = {}
            for name, method in self._methods.items():
                number += 1
                at = f"[{number}/{total}] {task.lesson.name}, seed {seed}, {name}"
                self._tell(f"{at} …")
                outcome = await self._run_one(Place(task, seed, name, scores), method)
                self.outcomes.append(outcome)
                self._tell(f"{at}: {_in_words(outcome)}")

    async def _run_one(self, place: Place, method: Method) -> Outcome:
        task, seed = place.task, place.seed
        meter, scoring = Meter(self._client, self._terms.budget), Meter(self._client)
        found: Found | None = None
        right: tuple[bool | None, ...] = ()
        error: str | None = None
        began = ended = time.monotonic()
        try:
            found = await method(Assignment(task.lesson, self._terms.models, meter, seed))
            ended = time.monotonic()
            right = await self._score_once(place, found, scoring)
        except MissingSetting:
            raise  # a key or file is missing: every other method would fail as well
        except StagecastError as fault:
            error = fault.message
        except Exception as fault:  # a library's own: whatever it is, the others go on
            error = f"{type(fault).__name__}: {' '.join(str(fault).split())}"
        return Outcome(
            task=task.lesson.name,
            seed=seed,
            method=place.method,
            right=tuple(each is True for each in right),
            used=meter.used,
            answering=scoring.used,
            seconds=(time.monotonic() if found is None else ended) - began,
            prompt=found.prompt if found else "",
            note=_note(found, right),
            error=error,
        )

    async def _score_once(self, place: Place, found: Found, meter: Meter) -> tuple[bool | None, ...]:
        """Score what was found. Models do not always answer the same, so equal prompts share one score."""
        # Instructions alone are sent as the prompt that has the question below them.
        prompt = fill(found.prompt, PLACEHOLDER)
        if found.is_whole and prompt in place.scores:
            return place.scores[prompt]
        right = await self._score(place.task, found.answer, meter)
        if found.is_whole:
            place.scores[prompt] = right
        return right

    async def _score(self, task: Task, answer: Answerer, meter: Meter) -> tuple[bool | None, ...]:
        """Answer the unseen items; None for a call that failed for good."""
        permits = asyncio.Semaphore(self._terms.parallel)

        async def is_right(number: int) -> bool | None:
            item = task.unseen[number]
            async with permits:
                try:
                    return task.lesson.is_right(item, await answer(meter, item.question))
                except ModelError:
                    return None

        try:
            async with asyncio.TaskGroup() as group:
                tries = [group.create_task(is_right(number)) for number in range(len(task.unseen))]
        except BaseExceptionGroup as faults:
            raise first_leaf(faults) from None
        return tuple(each.result() for each in tries)


def _note(found: Found | None, right: Sequence[bool | None]) -> str:
    failed = sum(each is None for each in right)
    unanswered = [f"{failed} of {len(right)} calls failed and count as wrong"] if failed else []
    return "; ".join([*([found.note] if found and found.note else []), *unanswered])


def _in_words(outcome: Outcome) -> str:
    if outcome.error is not None:
        return f"failed: {outcome.error}"
    return f"{outcome.accuracy:.0%} right, {outcome.used.calls} calls, {outcome.seconds:.0f} s"
