"""Submitting: what a run or rerun must pass, in order, before it is appended to the log as event 0, and repetitions.

Without HTTP. The forms of the bodies are in `request_body`, what a key stands for in `idempotency`, what a pipeline
takes in `definitions`, what a rerun takes over in `rerun`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog

from contracts.errors import ExecutionRunning, Fenced, InvalidInput, LogUnavailable, PipelineNotFound, StagecastError
from contracts.events import ExecutionQueued, Rerun
from contracts.ids import is_pipeline_id, new_execution_id
from contracts.requests import RerunRequest, RunRequest
from gateway.definitions import Definitions
from gateway.errors import BodyTooLarge, StartFailed
from gateway.idempotency import KnownKeys, read_key
from gateway.inspection import read_state
from gateway.queue_limit import QueueLimit
from gateway.request_body import parse_rerun, parse_run
from gateway.rerun import Wanted, plan_rerun
from stagecast.log import ExecutionLog

T = TypeVar("T")

_log = structlog.get_logger()


class ReadBody(Protocol):
    """Reads the request's body."""

    async def __call__(self) -> bytes:
        """Return the whole body, or raise what its limit raises."""
        ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came.

    Attributes:
        keys: the values of its `Idempotency-Key` headers.
    """

    read_body: ReadBody
    keys: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request asks for. A fault of its form is told only after what is missing, but before it is looked into.

    Attributes:
        fault: why it cannot be understood; then there is no key.
        identity: what tells it from another request with the same key.
    """

    identity: dict[str, Any]
    key: str | None = None
    fault: StagecastError | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """An execution that is in the log.

    Attributes:
        queued: its event 0.
        is_replayed: it was there before, from an earlier request with the same key.
    """

    queued: ExecutionQueued
    is_replayed: bool = False


MakeQueued = Callable[[str], Awaitable[ExecutionQueued]]
"""Checks everything, and makes event 0 of the execution with the id that is given."""


class Submissions:
    """Checks submissions and stores them, each once."""

    def __init__(self, log: ExecutionLog, definitions: Definitions, limit: QueueLimit) -> None:
        self._log = log
        self._definitions = definitions
        self._limit = limit
        self._known_keys = KnownKeys(log)

    async def run(self, pipeline_id: str, arrival: Arrival) -> Submitted:
        """Store a new execution, unless the request's key stands for one already.

        Raises:
            PipelineNotFound: decided before the body is looked at.
            InvalidPipeline: the file is broken.
            InvalidInput: body, input or options do not fit.
            IdempotencyConflict: the key came with another request.
            MissingSetting: runners are there, and none has the key that a model needs.
            QueueFull: too many wait already.
            StartFailed: the broker is not known to have stored it.
        """
        if not is_pipeline_id(pipeline_id):
            raise PipelineNotFound
        request, fault, key = await _understand(arrival, parse_run)
        
        async def make(execution_id: str) -> ExecutionQueued:
            ...
