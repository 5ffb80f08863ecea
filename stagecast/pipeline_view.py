"""What is shown of a pipeline that can be run: its row in the list, and its stages. Finding it: `stagecast.catalog`."""

from typing import Any

from contracts.pipeline import Pipeline
from contracts.requests import PipelineListing
from stagecast.catalog import CatalogEntry


def default_provider(pipeline: Pipeline) -> str | None:
    """Return the provider of `defaults.model`, else of the first stage that has a model; None where none has."""
    aliases = [pipeline.defaults.model, *(pipeline.model_of(stage) for stage in pipeline.stages)]
    specs = [pipeline.models[alias] for alias in aliases if alias is not None and alias in pipeline.models]
    return specs[0].provider if specs else None


def listing(entry: CatalogEntry) -> PipelineListing:
    """Make the row of `GET /api/pipelines`."""
    pipeline = entry.pipeline
    return PipelineListing(
        filename=entry.filename,
        id=pipeline.id,
        name=pipeline.name,
        version=pipeline.version,
        description=pipeline.description,
        stage_count=len(pipeline.stages),
        default_provider=default_provider(pipeline),
    )


# Any in what follows: JSON, in which input schemas are of every kind.
def detail(entry: CatalogEntry) -> dict[str, Any]:
    """Make the answer of `GET /api/pipelines/{id}`: `{pipeline, stages}`.

    Prompts, server addresses and names of keys are not in it.
    """
    pipeline = entry.pipeline
    return {
        "pipeline": {
            **listing(entry).model_dump(by_alias=True),
            "primary": pipeline.primary,
            "inputs": pipeline.input_schemas,
            "$defs": pipeline.defs,
            "models": {alias: spec.use for alias, spec in pipeline.models.items()},
            "budget": None if pipeline.budget is None else pipeline.budget.model_dump(by_alias=True),
        },
        "stages": [_stage_detail(pipeline, index) for index in range(len(pipeline.stages))],
    }


def _stage_detail(pipeline: Pipeline, index: int) -> dict[str, Any]:
    stage = pipeline.stages[index]
    return {
        "id": stage.id,
        "name": stage.title,
        "description": stage.description,
        "index": index,
        "needs": list(pipeline.needs_of(index)),
        "kind": "prompt" if stage.prompt is not None else "call",
        "call": stage.call,
        "foreach": stage.foreach is not None,
        "model": pipeline.model_of(stage),
        "always": stage.always,
        "conditions": [condition.else_ for condition in stage.when],
    }
