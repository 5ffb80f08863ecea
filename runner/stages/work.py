"""What a stage has at hand while it runs, whatever its kind: scope, calls, attempts, checks."""

import copy
from dataclasses import dataclass
from typing import cast

from contracts.errors import CheckFailed, StageError
from contracts.pipeline import Pipeline, Stage
from runner.account import Account
from runner.attempts import Attempts
from runner.calls import StageCalls
from runner.plugins import plugin_edge
from runner.progress import StagePlace
from runner.shape import Shape, shape_of
from runner.teller import Teller
from runner.timing import Timing
from runner.values import Json, sentence
from stagecast.functions import CheckContext, FunctionRegistry
from stagecast.scope import Scope, with_item


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a foreach."""

    index: int
    value: Json


@dataclass(frozen=True, slots=True)
class StageWork:
    """One stage at work."""

    execution_id: str
    pipeline: Pipeline
    stage: Stage
    place: StagePlace
    scope: Scope
    calls: StageCalls
    registry: FunctionRegistry
    teller: Teller
    timing: Timing

    @property
    def account(self) -> Account:
        """What the stage spends."""
        return self.calls.account

    @property
    def timeout_seconds(self) -> float:
        """How long one attempt may take."""
        return self.stage.timeout or self.pipeline.defaults.timeout

    def scope_of(self, item: Item | None) -> Scope:
        """Return what the stage's expressions see, for an item of its foreach or for the whole."""
        return self.scope if item is None else with_item(self.scope, self.stage, item.value)

    def shape(self) -> Shape | None:
        """Return the shape that the stage's value (in a foreach each item's) must have."""
        return shape_of(self.stage.output, self.pipeline.defs)

    def attempts(self, item: int | None) -> Attempts:
        """Return how the work on one item, or the whole, is repeated."""
        policy = self.stage.retries or self.pipeline.defaults.retries
        return Attempts(policy, self.timeout_seconds, self.place, item, self.teller, self.timing, self.account)

    def check(self, value: Json, item: Item | None) -> None:
        """Let the stage's guards look at a value.

        Raises:
            CheckFailed: one of them refuses it.
            MissingSetting: one of them is not installed.
            StageError: one of them broke (code `function_error`).
        """
        for name, arguments in self.stage.checks:
            with plugin_edge(f"The check '{name}'", self.teller):
                check = self.registry.check(name)
                context = CheckContext(self.scope["inputs"], self.scope["stages"], None if item is None else item.value)
                # A copy: what was judged must be what is delivered.
                verdict = cast("object", check(context, copy.deepcopy(value), **arguments))  # whatever a plugin returns
            if verdict is None:
                continue
            if not isinstance(verdict, str):
                kind = type(verdict).__name__
                message = f"The check '{name}' returned a {kind}; it must return None or a sentence."
                raise StageError(message, code="function_error")
            raise CheckFailed(f"The check '{name}' refused it: {sentence(verdict)}")
