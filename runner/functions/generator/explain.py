"""`explain_pipeline`: a pipeline file in plain sentences, read from the file itself and not from what was meant."""

from collections.abc import Iterator

from contracts.pipeline import Pipeline, Stage
from runner.functions.generator.task import Task
from runner.values import Json
from stagecast.functions import FunctionContext, FunctionRegistry
from stagecast.loading import load_pipeline


async def explain_pipeline(
    context: FunctionContext, *, task: dict[str, Json], written: dict[str, Json], saved_as: str | None = None
) -> str:
    """Return the explanation: text of several lines, without markup.

    Args:
        context: the stage's.
        task: a `Task`.
        written: as `write_pipeline` returns it.
        saved_as: the name under which the file was saved, if it was.
    """
    known = Task.model_validate(task)
    pipeline = load_pipeline(str(written["file"]), file=f"{known.id}.yaml", registry=FunctionRegistry())
    return "\n".join(_lines(known, pipeline, written, saved_as))


def _lines(task: Task, pipeline: Pipeline, written: dict[str, Json], saved_as: str | None) -> Iterator[str]:
    yield f"{pipeline.name}: the input is {pipeline.primary}; {_count(len(pipeline.stages), 'stage')}:"
    for index, stage in enumerate(pipeline.stages):
        yield f"{index + 1}. {stage.title}: {_stage(pipeline, index, stage)}."
    options = [name for name in pipeline.input_schemas if name != pipeline.primary]
    if options:
        yield f"Options: {', '.join(options)}."
    calls = pipeline.budget.calls if pipeline.budget is not None else None
    models = ", ".join(spec.use for spec in pipeline.models.values())
    yield f"Each stage asks {models}; a run makes at most {calls} calls."
    if task.assumptions:
        yield f"Assumed: {'; '.join(task.assumptions)}"
    if written["repaired"]:
        yield f"The first draft did not load and was repaired: {'; '.join(written['mended'])}"
    yield "It loads, and came through three rehearsals with made-up answers; how good its answers are nobody has tried."
    name = f"{pipeline.id}.yaml"
    yield f"It was saved as {saved_as}." if saved_as else f"It was not saved. Put it into pipelines/{name} to run it."
    yield f'Then: stagecast run {pipeline.id} --input "…"'


def _stage(pipeline: Pipeline, index: int, stage: Stage) -> str:
    needs = [pipeline.stage(need).title for need in pipeline.needs_of(index)]
    parts = [f"after {' and '.join(needs)}" if needs else "at once"]
    if stage.foreach is not None:
        parts.append("once for each item")
    if stage.when:
        parts.append(f"only if {stage.when[0].if_}")
    fields = list(stage.output["properties"]) if stage.output is not None else []
    parts.append(f"delivers {', '.join(fields)}" if fields else "delivers text")
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
