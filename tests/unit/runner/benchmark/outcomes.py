"""Outcomes to make tables of."""

from runner.benchmark.comparison import Outcome
from runner.benchmark.meter import Used


def outcome(method: str, right: str, *, task: str = "sums", seed: int = 0, **others: object) -> Outcome:
    """An outcome; `right` is a letter for each unseen item, `+` or `-`."""
    return Outcome(
        task=task,
        seed=seed,
        method=method,
        right=tuple(letter == "+" for letter in right),
        used=Used(10, 200, 100, 0.02),
        answering=Used(len(right)),
        seconds=3.0,
        **others,  # pyright: ignore[reportArgumentType]  # a test's own
    )
