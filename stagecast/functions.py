"""Registered functions and checks: what users' plugins are made of, and how names are found.

A plugin is a package with entry points in the groups `stagecast.functions` and `stagecast.checks`; a pipeline
file names them, never an import path. The group `stagecast.estimates` tells, under a function's name, which model calls
it would make.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, TypeVar, cast

from contracts.errors import MissingSetting
from contracts.estimate import CountRange
from contracts.pipeline import JsonSchema
from stagecast.call_plan import UNKNOWN, CallPlan, EstimateContext, Estimator, PlannedCalls, Unknown, tokens_of

__all__ = [
    "UNKNOWN",
    "Answer",
    "CallPlan",
    "Check",
    "CheckContext",
    "CountRange",
    "EstimateContext",
    "Estimator",
    "Function",
    "FunctionContext",
    "FunctionRegistry",
    "PlannedCalls",
    "Remaining",
    "Spending",
    "Unknown",
    "tokens_of",
]

FUNCTION_GROUP = "stagecast.functions"
CHECK_GROUP = "stagecast.checks"
ESTIMATE_GROUP = "stagecast.estimates"

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered a function.

    Attributes:
        value: parsed and checked against the schema when one was given, else the text.
        cost_usd: US dollars, None when unknown.
        duration_ms: how long the call took, without what was waited for before it. A call that a lost runner had made
            tells how long it took then.
    """

    text: str
    value: Any
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Spending:
    """Model calls with what they cost; `cost_usd` is None as soon as one part of it is unknown."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0

    def plus(self, other: "Spending") -> "Spending":
        """Return the sum of both."""
        return Spending(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            add_costs(self.cost_usd, other.cost_usd),
        )


def add_costs(one: float | None, other: float | None) -> float | None:
    """Add two costs; what is unknown makes the sum unknown."""
    return None if one is None or other is None else one + other


@dataclass(frozen=True, slots=True)
class Remaining:
    """What budgets still allow, each None where none limits it, and never negative.

    Attributes:
        calls: model calls, repeated attempts included.
        usd: US dollars; 0 once the cost of a call is unknown, as no further one is made then.
        seconds: wall time.
    """

    calls: int | None = None
    usd: float | None = None
    seconds: float | None = None

    def tighter(self, other: "Remaining") -> "Remaining":
        """Return the smaller of each."""
        return Remaining(
            _smaller(self.calls, other.calls), _smaller(self.usd, other.usd), _smaller(self.seconds, other.seconds)
        )


def _smaller(one: Number | None, other: Number | None) -> Number | None:
    return other if one is None else one if other is None else min(one, other)


class FunctionContext(Protocol):
    """What a function may do besides computing: ask models within the stage's budget, and say what it is doing."""

    @property
    def execution_id(self) -> str:
        """The execution it runs in."""
        ...

    @property
    def stage_id(self) -> str:
        """The stage it runs in."""
        ...

    @property
    def stage_model(self) -> str:
        """The alias that the stage asks unless told otherwise; empty where none is named."""
        ...

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the execution started, on whichever runner."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The pipeline's inputs by name, defaults filled in."""
        ...

    @property
    def models(self) -> Mapping[str, str]:
        """What the pipeline's model aliases stand for in this execution, as `provider:model`."""
        ...

    @property
    def spending(self) -> Spending:
        """What the whole execution has spent so far; calls in flight count as calls.

        When the function runs again on another runner, this begins with all that was spent before.
        """
        ...

    @property
    def remaining(self) -> Remaining:
        """What the stage may still spend, by its own budget and the pipeline's; no calls once it is to finish."""
        ...

    @property
    def is_finishing(self) -> bool:
        """Whether somebody asked the execution to finish: to stop here, and keep the best that there is."""
        ...

    async def complete(
        self, user: str, *, system: str | None = None, model: str | None = None, output: JsonSchema | None = None
    ) -> Answer:
        """Ask a model. Retries, timeout, budget, tokens and cost are the stage's.

        Args:
            user: the message.
            system: the system message.
            model: an alias of the pipeline; the stage's when left out.
            output: JSON Schema that the answer must fit.

        Raises:
            BudgetExceeded: a budget is spent, or somebody asked to finish. Where that says `finish`, a function may
                catch it and return the best that it has; under `fail` the stage fails all the same.
            StageError: no acceptable answer after all retries.
        """
        ...

    async def step(self, name: str, do: Callable[[], Awaitable[object]]) -> Any:
        """Do something once, whatever becomes of this runner: a mail sent, a row written, a page fetched.

        What `do` returns is kept in the execution's log. When the function runs again (it is repeated, or another
        runner resumes the stage), the step is not done again and gives what it gave. A step that was in the midst when
        its runner was lost is done again, so make it harmless to repeat. Model calls are kept without it.

        Args:
            name: names the step within the function. Of steps with the same name the first, the second, … are told
                apart; give those that run side by side names of their own.
            do: does it; what it returns must be JSON.

        Returns:
            What `do` returned, as JSON.

        Raises:
            StageError: it returned something that is not JSON (code `bad_output`). What `do` raises is passed on.
        """
        ...

    async def progress(self, message: str, data: Any = None) -> None:
        """Tell how far the function is (`stage:progress`): kept, and told once, however often the function runs again.

        What counts is which use of it in the attempt this is: the first, the second, … of an attempt that follows is
        not told again. So tell in the same order each time.

        Args:
            message: one line for people; more than 500 characters are cut off.
            data: the same for programs: JSON, of at most 64 KiB.

        Raises:
            StageError: `data` is not JSON or too large (code `bad_output`), or the stage has ended (`stage_ended`).
        """
        ...

    def say(self, text: str) -> None:
        """Show live text (`stage:output`) to whoever watches."""
        ...


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a check may look at.

    Attributes:
        inputs: the pipeline's inputs by name.
        stages: what earlier stages offer, by id: `{"output": …}`.
        item: the foreach item, or None.
    """

    inputs: Mapping[str, Any]
    stages: Mapping[str, Any]
    item: Any = None


Function = Callable[..., Awaitable[Any]]
"""`async def f(context: FunctionContext, **arguments) -> Any`; what it returns must be JSON."""

Check = Callable[..., str | None]
"""`def f(context: CheckContext, value, **arguments) -> str | None`; None passes, a sentence refuses."""


class FunctionRegistry:
    """Finds functions, checks and estimators by name: given ones first, then entry points, loaded on first use."""

    def __init__(
        self,
        functions: Mapping[str, Function] | None = None,
        checks: Mapping[str, Check] | None = None,
        estimators: Mapping[str, Estimator] | None = None,
    ) -> None:
        self._functions = dict(functions or {})
        self._checks = dict(checks or {})
        self._estimators = dict(estimators or {})
        self._function_points = _by_name(FUNCTION_GROUP)
        self._check_points = _by_name(CHECK_GROUP)
        self._estimate_points = _by_name(ESTIMATE_GROUP)

    def function_names(self) -> frozenset[str]:
        """Return every known function's name, without importing any."""
        return frozenset(self._functions) | frozenset(self._function_points)

    def check_names(self) -> frozenset[str]:
        """Return every known check's name, without importing any."""
        return frozenset(self._checks) | frozenset(self._check_points)

    def function(self, name: str) -> Function:
        """Return the function.

        Raises:
            MissingSetting: nothing of that name is installed here.
        """
        if name not in self._functions:
            self._functions[name] = cast("Function", _load(self._function_points, name, "function"))
        return self._functions[name]

    def check(self, name: str) -> Check:
        """Return the check.

        Raises:
            MissingSetting: nothing of that name is installed here.
        """
        if name not in self._checks:
            self._checks[name] = cast("Check", _load(self._check_points, name, "check"))
        return self._checks[name]

    def estimator(self, name: str) -> Estimator | None:
        """Return what foresees the function's model calls; None where nobody does. Importing it may raise anything."""
        if name not in self._estimators and name in self._estimate_points:
            self._estimators[name] = cast("Estimator", self._estimate_points[name].load())
        return self._estimators.get(name)


def _by_name(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _load(points: Mapping[str, EntryPoint], name: str, kind: str) -> object:
    point = points.get(name)
    if point is None:
        raise MissingSetting(f"The {kind} '{name}' is not installed here; install the package that registers it.")
    return point.load()
