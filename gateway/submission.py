"""What a submission must pass, in order, before it is appended to the log as event 0. Of HTTP only the body's form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import structlog
from pydantic_core import from_json

from contracts.errors import InvalidInput, LogUnavailable, MissingSetting, PipelineNotFound
from contracts.events import ExecutionQueued
from contracts.ids import is_pipeline_id, new_execution_id
from contracts.pipeline import ModelSpec, Pipeline
from gateway.errors import StartFailed
from stagecast.catalog import Catalog
from stagecast.inputs import override_models, resolve_inputs
from stagecast.log import ExecutionLog
from stagecast.presence import RunnerDirectory

INPUT_REQUIRED = "Input is required and must be a non-empty string"

_log = structlog.get_logger()


class ReadBody(Protocol):
    """Reads the request's body."""

    async def __call__(self) -> bytes:
        """Return the whole body, or raise what its limit raises."""
        ...


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A definition with the configured models in place, made once for each version of a file."""

    source: Pipeline
    pipeline: Pipeline
    snapshot: dict[str, Any]


class Submissions:
    """Checks submissions and stores them.

    Args:
        catalog: the pipelines.
        log: where executions begin.
        runners: who could say which keys are there; None to take every submission.
        models: what model aliases stand for here; wins over the files.
    """

    def __init__(
        self, catalog: Catalog, log: ExecutionLog, runners: RunnerDirectory | None, models: Mapping[str, ModelSpec]
    ) -> None:
        self._catalog = catalog
        self._log = log
        self._runners = runners
        self._models = models
        self._prepared: dict[str, _Prepared] = {}

    async def submit(self, pipeline_id: str, read_body: ReadBody) -> ExecutionQueued:
        """Store a new execution and return its event 0.

        Raises:
            PipelineNotFound: decided before the body is looked at.
            InvalidPipeline: the file is broken.
            InvalidInput: body, input or options do not fit.
            MissingSetting: runners are there, and none has the key that a model needs.
            StartFailed: the broker did not store it.
        """
        if not is_pipeline_id(pipeline_id):
            raise PipelineNotFound
        source = self._catalog.get(pipeline_id).pipeline
        input_text, options = parse_body(await read_body())
        prepared = self._prepare(source, options)
        resolve_inputs(prepared.pipeline, input_text, options)
        await self._check_keys(prepared.pipeline)
        queued = ExecutionQueued(
            execution_id=new_execution_id(),
            seq=0,
            pipeline_id=pipeline_id,
            pipeline=prepared.snapshot,
            input=input_text,
            options=options,
        )
        try:
            await self._log.append(queued)
        except LogUnavailable as error:
            _log.error("submission not stored", execution_id=queued.execution_id, reason=error.message)
            raise StartFailed from error
        _log.info("execution submitted", execution_id=queued.execution_id, pipeline_id=pipeline_id)
        return queued

    def _prepare(self, source: Pipeline, options: dict[str, Any]) -> _Prepared:
        if "models" in options:
            pipeline = override_models(source, options, self._models)
            return _Prepared(source, pipeline, pipeline.snapshot())
        known = self._prepared.get(source.id)
        if known is None or known.source is not source:
            pipeline = override_models(source, {}, self._models)
            known = self._prepared[source.id] = _Prepared(source, pipeline, pipeline.snapshot())
        return known

    async def _check_keys(self, pipeline: Pipeline) -> None:
        needed = required_keys(pipeline)
        if not needed or self._runners is None:
            return
        try:
            runners = await self._runners.present()
        except LogUnavailable:
            raise StartFailed from None
        present = {key for runner in runners for key in runner.keys}
        for key, use in needed.items():
            if runners and key not in present:
                raise MissingSetting(f"{key} is not set on any runner; the model {use} needs it.")


def parse_body(body: bytes) -> tuple[str, dict[str, Any]]:
    """Read `{"input": …, "options": …}`.

    Raises:
        InvalidInput: it is no JSON object, `input` is missing, blank or no string, or `options` is no object.
    """
    if not body:
        raise InvalidInput(INPUT_REQUIRED)
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise InvalidInput("The request body is not valid JSON.") from None
    if not isinstance(document, dict):
        raise InvalidInput("The request body must be a JSON object.")
    fields = cast("dict[str, Any]", document)
    input_text = fields.get("input")
    if not isinstance(input_text, str) or not input_text.strip():
        raise InvalidInput(INPUT_REQUIRED)
    options = fields.get("options")
    if options is None:
        return input_text, {}
    if not isinstance(options, dict):
        raise InvalidInput("options must be an object.")
    try:
        json.dumps(options, allow_nan=False)  # 1e999 is read as infinity, which JSON cannot write
    except ValueError:
        raise InvalidInput("options has a number that is too large.") from None
    return input_text, cast("dict[str, Any]", options)


def required_keys(pipeline: Pipeline) -> dict[str, str]:
    """Return the key settings that a pipeline's stages need, each with a model that needs it.

    The model of a `call` stage counts, too: its function may ask it.
    """
    aliases = {alias for stage in pipeline.stages if (alias := pipeline.model_of(stage)) is not None}
    specs = [pipeline.models[alias] for alias in sorted(aliases) if alias in pipeline.models]
    return {key: spec.use for spec in specs if (key := spec.required_key) is not None}
