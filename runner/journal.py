"""The journal of one stage: what was finished and paid for, found again by what determines it. Nothing is stored here.

A call's key names all that a model is told, not which time it is asked: of several equal calls each finished one is
given once, in the order in which they ended. So an attempt that is repeated asks anew, and a stage that a runner left
unfinished goes the same way again up to the point where it was left.
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.errors import BudgetExceeded
from contracts.journal import FinishedCall, FinishedStep
from runner.models.client import ModelRequest

CUT_OFF = BudgetExceeded.code
"""The fault's code of a call that was cut off while it was in flight."""


class Journal:
    """What one stage has behind it.

    Args:
        calls: its finished model calls, in the order in which they ended.
        steps: the steps that its function has done.
        told: how often its function has told how far it is, by foreach item.
    """

    def __init__(
        self,
        calls: Iterable[FinishedCall] = (),
        steps: Iterable[FinishedStep] = (),
        told: Mapping[int | None, int] | None = None,
    ) -> None:
        self._calls: dict[str, deque[FinishedCall]] = {}
        for call in calls:
            if call.fault is None or call.fault.code != CUT_OFF:  # that one only cost something
                self._calls.setdefault(call.key, deque()).append(call)
        self._steps = {step.key: step for step in steps}
        self._told = dict(told or {})

    @property
    def has_calls(self) -> bool:
        """Whether there are finished calls that were not given yet."""
        return any(self._calls.values())

    def find_call(self, key: str) -> FinishedCall | None:
        """Take the next finished call of this key; None when it must be made."""
        waiting = self._calls.get(key)
        return waiting.popleft() if waiting else None

    def find_step(self, key: str) -> FinishedStep | None:
        """Return the step of this key, as often as it is asked for; None when it must be done."""
        return self._steps.get(key)

    def keep_step(self, step: FinishedStep) -> None:
        """Remember a step that was done just now: another attempt of its function finds it."""
        self._steps[step.key] = step

    def is_told(self, item: int | None, number: int) -> bool:
        """Tell whether this use of `progress` (from 0, in one attempt) was told already."""
        return number < self._told.get(item, 0)

    def keep_told(self, item: int | None, number: int) -> None:
        """Remember that this use of `progress` was told just now."""
        self._told[item] = max(number + 1, self._told.get(item, 0))


def call_key(stage_id: str, item: int | None, request: ModelRequest) -> str:
    """Return what names a model call: SHA-256, hexadecimal, of everything that determines its answer."""
    spec = request.spec.model_dump(mode="json")
    return _digest(["call", stage_id, item, spec, request.system, request.user, request.schema])


def step_key(stage_id: str, item: int | None, name: str, use: int) -> str:
    """Return what names a step: `use` counts, from 0, how often the attempt has used the name."""
    return _digest(["step", stage_id, item, name, use])


def _digest(parts: list[Any]) -> str:
    # The order of keys is kept: in a schema it decides in which order a model writes.
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode("utf-8", "surrogatepass")).hexdigest()
