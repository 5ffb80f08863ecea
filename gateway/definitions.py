"""What is to run: a pipeline's file of today with the models that hold here, and whether it takes a submission."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import LogUnavailable, MissingSetting
from contracts.pipeline import ModelSpec, Pipeline
from gateway.errors import StartFailed
from stagecast.catalog import Catalog
from stagecast.inputs import has_overrides, override, resolve_inputs
from stagecast.presence import RunnerDirectory


@dataclass(frozen=True, slots=True)
class Definition:
    """A pipeline with the models and the budget in place that it will use, made once for each version of a file.

    Attributes:
        source: the pipeline as its file has it.
        snapshot: the definition as JSON values, as event 0 carries it.
    """

    source: Pipeline
    pipeline: Pipeline
    snapshot: dict[str, Any]


class Definitions:
    """Finds pipelines and checks what is to be run.

    Args:
        catalog: the pipelines.
        runners: who could say which keys are there; None to take every submission.
        models: what model aliases stand for here; wins over the files.
    """

    def __init__(self, catalog: Catalog, runners: RunnerDirectory | None, models: Mapping[str, ModelSpec]) -> None:
        self._catalog = catalog
        self._runners = runners
        self._models = models
        self._known: dict[str, Definition] = {}

    def find(self, pipeline_id: str) -> Pipeline:
        """Return a pipeline as its file has it.

        Raises:
            PipelineNotFound: no file has this id.
            InvalidPipeline: the file is broken.
        """
        return self._catalog.get(pipeline_id).pipeline

    async def check(self, source: Pipeline, input_text: str, options: dict[str, Any]) -> Definition:
        """Return the definition that runs with this input and these options.

        Raises:
            InvalidInput: input or options do not fit.
            MissingSetting: runners are there, and none has the key that a model needs.
            StartFailed: the broker does not say who is there.
        """
        definition = self._prepare(source, options)
        resolve_inputs(definition.pipeline, input_text, options)
        await self._check_keys(definition.pipeline)
        return definition

    def _prepare(self, source: Pipeline, options: dict[str, Any]) -> Definition:
        if has_overrides(source, options):
            pipeline = override(source, options, self._models)
            return Definition(source, pipeline, pipeline.snapshot())
        known = self._known.get(source.id)
        if known is None or known.source is not source:
            pipeline = override(source, {}, self._models)
            known = self._known[source.id] = Definition(source, pipeline, pipeline.snapshot())
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


def required_keys(pipeline: Pipeline) -> dict[str, str]:
    """Return the key settings that a pipeline's stages need, each with a model that needs it.

    The model of a `call` stage counts, too: its function may ask it.
    """
    aliases = {alias for stage in pipeline.stages if (alias := pipeline.model_of(stage)) is not None}
    specs = [pipeline.models[alias] for alias in sorted(aliases) if alias in pipeline.models]
    return {key: spec.use for spec in specs if (key := spec.required_key) is not None}
