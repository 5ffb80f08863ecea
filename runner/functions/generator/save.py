"""`save_pipeline`: puts a pipeline file into the directory that the runner's operator has set, and nowhere else."""

import asyncio

from contracts.errors import InvalidPipeline, StageError
from runner.functions.generator.identity import file_name
from runner.functions.generator.settings import GeneratorSettings
from runner.functions.generator.shelf import Shelf
from runner.values import Json
from stagecast.functions import FunctionContext, FunctionRegistry
from stagecast.loading import load_pipeline
from stagecast.settings import read_settings


async def save_pipeline(context: FunctionContext, *, pipeline_id: str, file: str) -> Json:
    """Return `{"savedAs": name}`. A resumed run does not write again; the same content once more is success.

    Args:
        context: the stage's.
        pipeline_id: names the file; must be the id in it.
        file: the text.

    Raises:
        MissingSetting: no directory is set, or it cannot be used.
        StageError: the text is no pipeline of this id (`not_valid`), or it cannot be saved (see `Shelf.put`).
    """
    name = file_name(pipeline_id)
    try:
        pipeline = load_pipeline(file, file=name, registry=FunctionRegistry())
    except InvalidPipeline as error:
        raise StageError(f"Only what loads is saved: {error.message}", code="not_valid") from None
    if pipeline.id != pipeline_id:
        raise StageError(f"The file has another id than {pipeline_id!r}.", code="not_valid")
    shelf = Shelf(read_settings(GeneratorSettings).generated_dir)

    async def put() -> dict[str, str]:
        return {"savedAs": await asyncio.to_thread(shelf.put, pipeline_id, file)}

    return await context.step("save", put)
