"""The `call` kind: a registered function, what it may do while it runs, and what its result must be."""

import copy
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from contracts.errors import ModelError, StageError
from contracts.journal import FinishedStep
from contracts.pipeline import JsonSchema
from runner.calls import Ask
from runner.journal import step_key
from runner.plugins import plugin_edge
from runner.progress import Note
from runner.shape import shape_of
from runner.stages.work import Item, StageWork
from runner.values import Json, NotJson, as_json, sentence
from stagecast.functions import Answer, FunctionContext, Remaining, Spending
from stagecast.stage_input import render_arguments

MAX_DATA_BYTES = 64 * 1024
"""More than one progress event should carry to everybody who watches."""


async def run_call(work: StageWork, item: Item | None) -> Json:
    """Return what the function returned, as JSON, accepted by the stage's schema and guards.

    A model call that the budget refused fails the stage under `on_exceeded: fail` even where the function caught it;
    under `finish` a function may catch it and return the best that it has.

    Raises:
        StagecastError: no acceptable result; ends the stage, or drops the item.
    """
    name = work.stage.call or ""
    who = f"The function '{name}'"
    with plugin_edge(who, work.teller):
        function = work.registry.function(name)
    arguments = render_arguments(work.stage, work.scope_of(item))
    shape = work.shape()

    async def attempt(_last: StageError | None) -> Json:
        context: FunctionContext = CallContext(work, item)
        with plugin_edge(who, work.teller):
            # A copy: a function that changes its arguments must not change what its next attempt gets.
            returned: object = await function(context, **copy.deepcopy(arguments))
        refusal = work.account.refusal
        if refusal is not None and refusal.on_exceeded == "fail":
            raise refusal
        value = _accept(f"{who} returned", returned)
        complaint = None if shape is None else shape.complaint(value)
        if complaint is not None:
            raise ModelError(f"{who} returned what {complaint}", code="schema_mismatch", is_retryable=True)
        work.check(value, item)
        return value

    return await work.attempts(None if item is None else item.index).run(attempt)


class CallContext:
    """The `FunctionContext` of one attempt at a call stage, or at one item in its foreach."""

    def __init__(self, work: StageWork, item: Item | None) -> None:
        self._work = work
        self._item = None if item is None else item.index
        self._uses: Counter[str] = Counter()
        self._told = 0

    @property
    def execution_id(self) -> str:
        """The execution it runs in."""
        return self._work.execution_id

    @property
    def stage_id(self) -> str:
        """The stage it runs in."""
        return self._work.stage.id

    @property
    def stage_model(self) -> str:
        """The alias that the stage asks."""
        return self._work.pipeline.model_of(self._work.stage) or ""

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the execution started."""
        return round(self._work.account.whole_seconds * 1000)

    @property
    def inputs(self) -> Mapping[str, Json]:
        """The pipeline's inputs by name."""
        return MappingProxyType(self._work.scope["inputs"])

    @property
    def models(self) -> Mapping[str, str]:
        """What model aliases stand for."""
        return {alias: spec.use for alias, spec in self._work.pipeline.models.items()}

    @property
    def spending(self) -> Spending:
        """What the whole execution has spent."""
        return self._work.account.whole

    @property
    def remaining(self) -> Remaining:
        """What the stage may still spend."""
        return self._work.account.remaining

    @property
    def is_finishing(self) -> bool:
        """Whether somebody asked to finish."""
        return self._work.account.is_finishing

    async def complete(
        self, user: str, *, system: str | None = None, model: str | None = None, output: JsonSchema | None = None
    ) -> Answer:
        """Ask a model; repeated as the stage's `retries` say, each attempt within the stage's `timeout`."""
        work = self._work
        ask = Ask(
            user=user,
            system=system,
            alias=model or work.pipeline.model_of(work.stage),
            shape=shape_of(output, work.pipeline.defs),
            timeout_seconds=work.timeout_seconds,
            item=self._item,
        )
        return await work.attempts(self._item).run(lambda last: work.calls.ask(ask, last))

    async def step(self, name: str, do: Callable[[], Awaitable[object]]) -> Json:
        """Do something once; see `FunctionContext.step`."""
        work, use = self._work, self._uses[name]
        self._uses[name] += 1
        key = step_key(work.stage.id, self._item, name, use)
        step = work.calls.journal.find_step(key)
        if step is None:
            await work.teller.call_starting(work.place)
            output = _accept(f"The step '{name}' returned", await do())
            step = FinishedStep(key=key, name=name, item=self._item, output=output)
            await work.teller.step_completed(work.place, step)
            work.calls.journal.keep_step(step)
        return copy.deepcopy(step.output)

    async def progress(self, message: str, data: Json = None) -> None:
        """Tell how far the function is; see `FunctionContext.progress`."""
        work, number = self._work, self._told
        self._told += 1
        note = Note(sentence(message), _bounded(_accept("progress() was given", data)), number, self._item)
        if work.account.is_closed:
            raise StageError("The stage has ended; it has no progress any more.", code="stage_ended")
        if not work.calls.journal.is_told(self._item, number):
            await work.teller.progressed(work.place, note)
            work.calls.journal.keep_told(self._item, number)

    def say(self, text: str) -> None:
        """Show live text."""
        self._work.teller.text(self._work.place, text, self._item)


def _bounded(data: Json) -> Json:
    if data is not None and len(json.dumps(data, ensure_ascii=False).encode()) > MAX_DATA_BYTES:
        raise StageError(f"progress() takes at most {MAX_DATA_BYTES // 1024} KiB of data.", code="bad_output")
    return data


def _accept(who: str, returned: object) -> Json:
    try:
        return as_json(returned)
    except NotJson as error:
        raise StageError(f"{who} something that is not JSON: {error}.", code="bad_output") from None
