"""What the course of an execution is given: whom it asks, what it runs, whom it tells."""

from collections.abc import Callable
from dataclasses import dataclass

from runner.models.client import ModelClient
from runner.progress import Progress
from runner.timing import Timing
from stagecast.functions import FunctionRegistry


@dataclass(frozen=True, slots=True)
class Parts:
    """What every execution is run with."""

    models: ModelClient
    registry: FunctionRegistry
    timing: Timing


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told of each step, and who is given the exception when that cannot be."""

    progress: Progress
    on_broken: Callable[[Exception], None]
