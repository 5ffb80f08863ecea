"""Submitting: what a run or rerun must pass, in order, before it is appended to the log as event 0, and repetitions.

The forms of bodies and keys are in `arrival`, what a key stood for first in `idempotency`, what a pipeline takes in
`definitions`, what a rerun takes over in `rerun`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from contracts.errors import CorruptLog, ExecutionRunning, Fenced, LogUnavailable, PipelineNotFound, QueueFull
from contracts.events import ExecutionQueued
from contracts.ids import is_pipeline_id, new_execution_id
from contracts.requests import RerunRequest, RunRequest
from gateway.arrival import Arrival, Asked, understand
from gateway.definitions import Definitions
from gateway.errors import StartFailed
from gateway.idempotency import KnownKeys
from gateway.inspection import read_state
from gateway.ownership import check_execution
from gateway.queue_limit import QueueLimit
from gateway.request_body import parse_rerun
from gateway.rerun import Wanted, plan_rerun
from gateway.uploads import read_run
from stagecast.log import ExecutionLog

_log = structlog.get_logger()

AnyId = TypeVar("AnyId", str, str | None)

MakeQueued = Callable[[str], Awaitable[ExecutionQueued]]
"""Checks everything about a submission, and makes event 0 of the execution whose id is given."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """An execution that is in the log.

    Attributes:
        queued: its event 0.
        is_replayed: an earlier request with the same key, or one at the same time, stored it.
    """

    queued: ExecutionQueued
    is_replayed: bool = False


class Submissions:
    """Checks submissions and stores them; what comes with the same key again is stored once.

    Args:
        log: where executions begin.
        definitions: what can be run.
        limit: how many may wait.
    """

    def __init__(self, log: ExecutionLog, definitions: Definitions, limit: QueueLimit) -> None:
        self._log = log
        self._definitions = definitions
        self._limit = limit
        self._known_keys = KnownKeys(log)

    async def run(self, pipeline_id: str, arrival: Arrival) -> Submitted:
        """Store a new execution of a pipeline, or return the one that the request's key stands for.

        Raises:
            PipelineNotFound: told before anything about the body.
            InvalidPipeline: the file is broken.
            InvalidInput: key, body, input or options do not fit.
            IdempotencyConflict: the key came with another request.
            MissingSetting: runners are there, and none has the key that a model needs.
            QueueFull: as many wait as may.
            StartFailed: it is not known to be stored; with a key it may be repeated.
        """
        if not is_pipeline_id(pipeline_id):
            raise PipelineNotFound
        asked = await understand(arrival, lambda: read_run(arrival, lambda: self._definitions.find(pipeline_id)))

        async def make(execution_id: str) -> ExecutionQueued:
            source = self._definitions.find(pipeline_id)
            request = asked.request
            definition = await self._definitions.check(source, request.input, request.options)
            return ExecutionQueued(
                execution_id=execution_id,
                seq=0,
                pipeline_id=pipeline_id,
                pipeline=definition.snapshot,
                input=request.input,
                options=request.options,
                owner=asked.principal.name,
            )

        return await self._submit(asked, {"pipelineId": pipeline_id}, make)

    async def rerun(self, source_id: str, arrival: Arrival) -> Submitted:
        """Store a new execution that runs an earlier one again, or return the one that the request's key stands for.

        Raises:
            ExecutionNotFound: the log does not have the earlier one, or it is not theirs.
            ExecutionRunning: it has not ended.
            PipelineNotFound: its pipeline is gone.
            InvalidInput: as for `run`; also a stage to begin with that the pipeline does not have.
            LogUnavailable, CorruptLog: the earlier one cannot be read.
            IdempotencyConflict, InvalidPipeline, MissingSetting, QueueFull, StartFailed: as for `run`.
        """

        async def read() -> RerunRequest:
            return parse_rerun(await arrival.read_body())

        asked = await understand(arrival, read)

        async def make(execution_id: str) -> ExecutionQueued:
            source = await read_state(self._log, source_id)
            check_execution(asked.principal, source.queued.owner)
            if not source.is_ended:
                raise ExecutionRunning("The execution has not ended; cancel it or wait, then run it again.")
            before = source.queued
            file = self._definitions.find(before.pipeline_id)
            request = asked.request
            text = before.input if request.input is None else request.input
            options = before.options if request.options is None else request.options
            definition = await self._definitions.check(file, text, options)
            return ExecutionQueued(
                execution_id=execution_id,
                seq=0,
                pipeline_id=before.pipeline_id,
                pipeline=definition.snapshot,
                input=text,
                options=options,
                rerun=plan_rerun(source, Wanted(definition.pipeline, text, options, request.from_stage)),
                owner=asked.principal.name,
            )

        return await self._submit(asked, {"rerunOf": source_id}, make)

    async def _submit(
        self, asked: Asked[RunRequest] | Asked[RerunRequest], subject: dict[str, str], make: MakeQueued
    ) -> Submitted:
        if asked.key is None:
            return Submitted(await self._store(await make(new_execution_id())))
        identity = {**subject, **asked.request.model_dump(mode="json")}
        # A repetition is answered before anything else is looked at: the pipeline may be another one by now.
        first_id = await _kept(self._known_keys.find_id(asked.key, identity))
        if first_id is not None and (stored := await self._read_queued(first_id)) is not None:
            return Submitted(stored, is_replayed=True)
        # And a request that is refused keeps no key: it may come again, mended, under the same one.
        queued = await make(first_id or new_execution_id())
        if first_id is None:
            first_id = await _kept(self._known_keys.first_id(asked.key, identity, queued.execution_id))
            queued = queued.model_copy(update={"execution_id": first_id})
        # The key is ours, or whoever had it first came to nothing, or is not done yet: then the slot decides.
        try:
            return Submitted(await self._store(queued))
        except (Fenced, QueueFull) as refusal:
            stored = await self._read_queued(first_id)
            if stored is not None:
                return Submitted(stored, is_replayed=True)
            if isinstance(refusal, Fenced):
                raise StartFailed from refusal  # it cannot be read yet, or was removed at once
            raise

    async def _read_queued(self, execution_id: str) -> ExecutionQueued | None:
        try:
            entries = await self._log.read(execution_id)
        except LogUnavailable as error:
            raise StartFailed from error
        if not entries:
            return None
        queued = entries[0].stored_event()
        if not isinstance(queued, ExecutionQueued):
            raise CorruptLog(f"The log of {execution_id} does not begin with its submission.")
        _log.info("submission repeated", execution_id=execution_id)
        return queued

    async def _store(self, queued: ExecutionQueued) -> ExecutionQueued:
        async with self._limit.place():
            try:
                await self._log.append(queued)
            except LogUnavailable as error:
                _log.error("submission not stored", execution_id=queued.execution_id, reason=error.message)
                raise StartFailed from error
        _log.info("execution submitted", execution_id=queued.execution_id, pipeline_id=queued.pipeline_id)
        return queued


async def _kept(asking: Awaitable[AnyId]) -> AnyId:
    try:
        return await asking
    except LogUnavailable as error:
        _log.error("idempotency key not known", reason=error.message)
        raise StartFailed from error
