"""Stand-ins that the engine's tests share: a model told what to answer, a progress that remembers, time that obeys."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from contracts.envelope import StageRef
from contracts.events import ExecutionQueued, ExecutionResumed, ExecutionStarted
from contracts.ids import new_execution_id
from contracts.journal import FinishedCall, FinishedStep
from contracts.pipeline import ModelSpec, Pipeline
from contracts.results import PipelineResult, StageOutcome
from contracts.state import ExecutionState
from runner.executor import PipelineExecutor
from runner.models.client import ModelReply, ModelRequest, Spent
from runner.progress import Note, Progress, StagePlace
from runner.timing import Timing
from stagecast.functions import CheckContext, Function, FunctionRegistry

PATIENCE_SECONDS = 30.0  # how long a test waits for what must happen at once

Guard = Callable[[CheckContext, Any], Any]  # any result, as plugins may return what they should not

MODELS = {"m": {"use": "scripted:m"}, "n": {"use": "scripted:n"}}
DEFAULTS = {"model": "m", "retries": 0}


def prompt(stage_id: str, **keys: object) -> dict[str, Any]:
    """A prompt stage whose message is its id, unless told otherwise."""
    return {"id": stage_id, "prompt": {"user": stage_id}, **keys}


def call(
    stage_id: str, function: str = "give", *, arguments: Mapping[str, Any] | None = None, **keys: object
) -> dict[str, Any]:
    """A call stage; `arguments` is its `with`."""
    return {"id": stage_id, "call": function, "with": dict(arguments or {}), **keys}


def definition(*stages: Mapping[str, Any], **keys: object) -> Pipeline:
    """A pipeline of these stages with the models `m` (the default) and `n`, and no retries."""
    base: dict[str, object] = {"id": "p", "name": "P", "models": MODELS, "defaults": DEFAULTS}
    return Pipeline.model_validate({**base, **keys, "stages": list(stages)})


def begin(pipeline: Pipeline, text: str = "hello", options: dict[str, Any] | None = None) -> ExecutionState:
    """The state of an execution that a runner has just claimed."""
    queued = ExecutionQueued(
        execution_id=new_execution_id(),
        seq=0,
        pipeline_id=pipeline.id,
        pipeline=pipeline.snapshot(),
        input=text,
        options=options or {},
    )
    state = ExecutionState.begin(queued)
    stages = tuple(StageRef(id=stage.id, name=stage.title) for stage in pipeline.stages)
    started = ExecutionStarted(
        execution_id=state.execution_id,
        seq=1,
        pipeline_id=pipeline.id,
        pipeline_name=pipeline.name,
        stages=stages,
        total=len(stages),
        runner="one",
    )
    state.apply(started)
    return state


def resume(state: ExecutionState) -> ExecutionState:
    """Claim it once more."""
    attempt = state.attempt + 1
    state.apply(
        ExecutionResumed(execution_id=state.execution_id, seq=state.next_seq, attempt=attempt, runner=f"r{attempt}")
    )
    return state


@dataclass
class Models:
    """Answers each message by `answers`: a value, an exception to raise, or a list of them for the calls to come.

    A message that is not in it is answered with itself. A message in `gates` is answered once its event is set, one in
    `seconds` after so long. A call that is cancelled tells that it has spent `spent_on_abort`.
    """

    answers: dict[str, Any] = field(default_factory=dict[str, Any])
    gates: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    spent_on_abort: Spent | None = None
    cost: float | None = 0.5
    priced: bool = True
    requests: list[ModelRequest] = field(default_factory=list[ModelRequest])
    prepared: list[str] = field(default_factory=list[str])
    aborted: list[str] = field(default_factory=list[str])
    in_flight: int = 0
    most_in_flight: int = 0
    asked: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def messages(self) -> list[str]:
        """What was asked, in order."""
        return [request.user for request in self.requests]

    async def prepare(self, spec: ModelSpec) -> None:
        """Note it."""
        self.prepared.append(spec.use)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Answer by script."""
        async with self.asked:
            self.requests.append(request)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self.asked.notify_all()
        try:
            return await self._answer(request, on_text)
        except asyncio.CancelledError:
            self.aborted.append(request.user)
            if self.spent_on_abort is not None and request.on_abort is not None:
                request.on_abort(self.spent_on_abort)
            raise
        finally:
            self.in_flight -= 1

    async def _answer(self, request: ModelRequest, on_text: Callable[[str], None] | None) -> ModelReply:
        message = request.user.split("\n\n<problem>", 1)[0]
        if message in self.gates:
            await self.gates[message].wait()
        await asyncio.sleep(self.seconds.get(message, 0))
        answer: Any = self.answers.get(message, message)
        if isinstance(answer, list):
            coming = cast("list[Any]", answer)
            answer = coming.pop(0) if len(coming) > 1 else coming[0]
        if isinstance(answer, Exception):
            raise answer
        if on_text is not None:
            on_text(str(answer))
        return ModelReply(str(answer), answer, request.spec.use, 10, 5, self.cost)

    def is_priced(self, spec: ModelSpec) -> bool:
        """Tell what it was told to tell."""
        return self.priced

    async def close(self) -> None:
        """Nothing to free."""

    async def until_asked(self, count: int) -> None:
        """Wait until so many calls were begun."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.asked:
            await self.asked.wait_for(lambda: len(self.requests) >= count)


class Told(list[str]):
    """A progress that remembers each step as a line, and can raise at one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[tuple[str, str, int | None]] = []
        self.outcomes: dict[str, StageOutcome] = {}
        self.calls: list[tuple[str, FinishedCall]] = []
        self.steps: list[tuple[str, FinishedStep]] = []
        self.notes: list[tuple[str, Note]] = []
        self.raise_at: dict[str, Exception] = {}
        self.stop_at: dict[str, Callable[[], None]] = {}

    def _note(self, line: str) -> None:
        self._pass(line)
        self.append(line)

    def _pass(self, line: str) -> None:
        for end, action in self.stop_at.items():
            if line.startswith(end):
                action()
        for start, error in self.raise_at.items():
            if line.startswith(start):
                raise error

    async def stage_started(self, place: StagePlace) -> None:
        self._note(f"started {place.id}")

    async def stage_completed(self, place: StagePlace, outcome: StageOutcome) -> None:
        self.outcomes[place.id] = outcome
        self._note(f"completed {place.id}")

    async def stage_skipped(self, place: StagePlace, reason: str, output: Any) -> None:
        self._note(f"skipped {place.id}: {reason}")

    async def stage_failed(self, place: StagePlace, error: str, code: str, outcome: StageOutcome) -> None:
        self.outcomes[place.id] = outcome
        self._note(f"failed {place.id}: {code}: {error}")

    async def stage_retrying(
        self, place: StagePlace, *, attempt: int, delay_ms: int, error: str, code: str, item: int | None = None
    ) -> None:
        at = "" if item is None else f"[{item}]"
        self._note(f"retrying {place.id}{at}: attempt {attempt} in {delay_ms} ms: {code}")

    async def stage_progressed(self, place: StagePlace, note: Note) -> None:
        self._pass(f"progress {place.id}")
        self.notes.append((place.id, note))

    async def call_starting(self, place: StagePlace) -> None:
        self._pass(f"calling {place.id}")

    async def call_completed(self, place: StagePlace, call: FinishedCall) -> None:
        self._pass(f"called {place.id}")
        self.calls.append((place.id, call))

    async def step_completed(self, place: StagePlace, step: FinishedStep) -> None:
        self._pass(f"stepped {place.id}")
        self.steps.append((place.id, step))

    def text(self, place: StagePlace, text: str, item: int | None = None) -> None:
        self.texts.append((place.id, text, item))


@dataclass
class Waits:
    """A sleep that returns at once and remembers how long it was asked for; chance is always `chance`."""

    chance: float = 1.0
    seconds: list[float] = field(default_factory=list[float])

    async def sleep(self, seconds: float, /) -> None:
        """Remember the wait."""
        self.seconds.append(seconds)
        await asyncio.sleep(0)

    def timing(self) -> Timing:
        """Time as the engine takes it."""
        return Timing(sleep=self.sleep, random=lambda: self.chance)


@dataclass
class Bench:
    """All that a run needs; `run` runs a pipeline on it."""

    models: Models = field(default_factory=Models)
    told: Told = field(default_factory=Told)
    waits: Waits = field(default_factory=Waits)
    functions: dict[str, Function] = field(default_factory=dict[str, Function])
    checks: dict[str, Guard] = field(default_factory=dict[str, Guard])
    timing: Timing | None = None
    patience_seconds: float = PATIENCE_SECONDS

    async def run(
        self,
        work: Pipeline | ExecutionState,
        *,
        cancel: asyncio.Event | None = None,
        finish: asyncio.Event | None = None,
        options: dict[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> PipelineResult:
        """Run to the end, within `patience_seconds`."""
        state = work if isinstance(work, ExecutionState) else begin(work, options=options)
        registry = FunctionRegistry({"give": give, **self.functions}, self.checks)
        executor = PipelineExecutor(self.models, registry, timing=self.timing or self.waits.timing())
        async with asyncio.timeout(self.patience_seconds):
            return await executor.run(state, progress or self.told, cancel=cancel, finish=finish)


async def give(context: object, value: object = "given") -> object:
    """Return its argument."""
    return value


def others() -> set[asyncio.Task[Any]]:
    """Every task but the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}  # pyright: ignore[reportReturnType]  # there is a current one
