"""All that lies outside the processes: log, outputs, models, the network between, and what was seen there."""

import asyncio
import contextvars
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from contracts.errors import LogUnavailable
from contracts.events import ExecutionFinishRequested, ExecutionResumed, ExecutionStarted, LogEvent
from contracts.ids import output_filename
from contracts.journal import CallCompleted, StepCompleted
from contracts.results import PipelineResult
from stagecast.memory_log import MemoryLog
from tests.interleaving.pipelines import ASKED_ALWAYS, answer_to, may_be_answered, question_of
from tests.interleaving.schedule import CALM_AT_SECONDS, LEASE_SECONDS, SMOOTH, Fate, Plan
from tests.interleaving.virtual_time import Process

T = TypeVar("T")

CALLED_ONCE = "a finished call is not made again"
DONE_ONCE = "a finished step is not done again"
QUIET = "who knows that it is to finish asks no model, but for `always` stages"

REQUEST_SECONDS = 5.0  # how long a process waits for an answer
CALL_COST = 0.25
SPOILT_CALL_COST = 0.125
_PRESENCE_SECONDS = 0.6 * LEASE_SECONDS  # how long the broker remembers a runner; as in `stagecast.presence`


@dataclass(frozen=True)
class Violation:
    """A promise that was seen broken."""

    promise: str
    what: str


@dataclass
class Stored:
    """Who stored an event."""

    process: str
    event: LogEvent


class World:
    """Where one interleaving takes place."""

    def __init__(self, plan: Plan, loop: asyncio.AbstractEventLoop, make_log: Callable[..., MemoryLog]) -> None:
        self.plan = plan
        self.log = make_log(ack_wait_seconds=LEASE_SECONDS, clock=loop.time)
        self.files: dict[str, list[PipelineResult]] = {}
        self.violations: list[Violation] = []
        self.trace: list[str] = []
        self.stored: dict[str, list[Stored]] = {}
        self.cancelled: set[str] = set()
        self.paid: defaultdict[str, float] = defaultdict(float)
        self.is_over = False
        self._time = loop.time
        self._loop = loop
        self._asked: Counter[str] = Counter()
        self._open: Counter[tuple[str, int, str]] = Counter()
        self._processes: dict[str, Process] = {}
        self._requests: Counter[str] = Counter()
        self._travelling: list[asyncio.Task[None]] = []  # kept, or they might be collected on their way
        self._doubts = plan.doubts

    def note(self, who: str, what: str) -> None:
        """Write a line of the trace."""
        self.trace.append(f"{self._time():9.3f} {who:>10} {what}")

    def accuse(self, promise: str, what: str) -> None:
        """Say that a promise was broken."""
        self.note("!", f"{promise}: {what}")
        self.violations.append(Violation(promise, what))

    def add(self, process: Process) -> None:
        """Make a process known, so that others can be told whether it lives."""
        self._processes[process.name] = process

    def fate_of_next(self, process: Process, place: int) -> Fate:
        """Return what becomes of the next request of a process."""
        number = self._requests[process.name]
        self._requests[process.name] += 1
        return SMOOTH if self._time() >= CALM_AT_SECONDS else self.plan.fate(place, number)

    def go(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something happen outside of all processes."""
        self._travelling.append(self._loop.create_task(work, context=contextvars.Context()))

    async def request(self, fate: Fate, effect: Callable[[], Awaitable[T]], limit: float | None = REQUEST_SECONDS) -> T:
        """Ask for something outside: it happens although the asker dies, and perhaps after they gave up.

        Raises:
            LogUnavailable: no answer came in time.
        """
        if self.is_over or fate.is_refused:
            raise LogUnavailable("There is no connection.")
        answer: asyncio.Future[T] = self._loop.create_future()
        self.go(self._carry(fate, effect, answer))
        try:
            async with asyncio.timeout(limit):
                return await answer
        except TimeoutError:
            raise LogUnavailable("No answer came in time.") from None

    async def _carry(self, fate: Fate, effect: Callable[[], Awaitable[T]], answer: "asyncio.Future[T]") -> None:
        if fate.there is None:
            return
        if fate.there:
            await asyncio.sleep(fate.there)
        error: Exception | None = None
        result: Any = None
        try:
            result = await effect()
        except Exception as caught:
            error = caught
        if fate.back is None:
            return
        if fate.back:
            await asyncio.sleep(fate.back)
        if answer.done():
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    # What is seen from outside.

    def note_stored(self, process: Process, event: LogEvent) -> None:
        """See that an event is in the log: who wrote it is known here only."""
        known = self.stored.setdefault(event.execution_id, [])
        if event.seq < len(known):
            return  # an append that was repeated
        known.append(Stored(process.name, event))
        self.note(process.name, f"stored {event.seq} {event.type}")
        if isinstance(event, CallCompleted) and event.fault is None:
            self._open[process.name, self._attempt_of(process, event.execution_id), question_of(event.text)] -= 1

    def note_saved(self, process: Process, result: PipelineResult) -> str:
        """See that a result is saved."""
        filename = output_filename(result.pipeline_id, result.execution_id)
        self.files.setdefault(filename, []).append(result)
        self.note(process.name, f"saved {result.status}")
        return filename

    def note_asked(self, process: Process, question: str) -> tuple[str, int, str]:
        """See that a model is asked: not for what the log has already, nor for what is coming."""
        execution_id = self.execution_of(question)
        attempt = self._attempt_of(process, execution_id)
        key = (process.name, attempt, question)
        answered = sum(
            isinstance(stored.event, CallCompleted) and stored.event.text == answer_to(question)
            for stored in self.stored.get(execution_id, ())
        )
        self.note(process.name, f"asks '{question}' ({answered} answered)")
        if answered + self._open[key] >= may_be_answered(question):
            self.accuse(CALLED_ONCE, f"{process.name} asked '{question}'")
        if not question.startswith(ASKED_ALWAYS) and self._knows_of_finish(process, execution_id):
            self.accuse(QUIET, f"{process.name} asked '{question}'")
        self._open[key] += 1
        return key

    def _knows_of_finish(self, process: Process, execution_id: str) -> bool:
        """Whether a process has stored something behind the wish, which it can only with the wish before its eyes."""
        knows = False
        for stored in reversed(self.stored[execution_id]):
            if isinstance(stored.event, ExecutionFinishRequested):
                return knows
            knows = knows or stored.process == process.name
        return False

    def note_unanswered(self, key: tuple[str, int, str]) -> None:
        """See that nothing came of a question."""
        self._open[key] -= 1

    def note_step(self, process: Process, execution_id: str, name: str) -> None:
        """See that a step is done: not when the log has it already."""
        self.note(process.name, f"does step '{name}'")
        if any(isinstance(s.event, StepCompleted) and s.event.name == name for s in self.stored[execution_id]):
            self.accuse(DONE_ONCE, f"{process.name} did '{name}'")

    def times_asked(self, question: str) -> int:
        """Count how often a question arrived at the model, this time included."""
        self._asked[question] += 1
        return self._asked[question]

    def execution_of(self, question: str) -> str:
        """Return the execution that a question belongs to: its input is in every question."""
        for execution_id in self.stored:
            if execution_id[-4:] in question:
                return execution_id
        raise AssertionError(f"nobody submitted '{question}'")

    def may_be_alive(self, name: str) -> bool:
        """Tell what the broker knows of a runner; sometimes it cannot say."""
        process = self._processes[name]
        if process.silent_since is None or self._time() - process.silent_since < _PRESENCE_SECONDS:
            return True
        if self._doubts > 0:
            self._doubts -= 1
            return True
        return False

    def has_ended(self, execution_id: str) -> bool:
        """Whether an execution's terminal event is stored."""
        stored = self.stored.get(execution_id)
        return stored is not None and stored[-1].event.is_terminal

    def _attempt_of(self, process: Process, execution_id: str) -> int:
        for stored in reversed(self.stored.get(execution_id, ())):
            if isinstance(stored.event, ExecutionStarted | ExecutionResumed) and stored.process == process.name:
                return stored.event.attempt
        return 0
