"""`design_stages`: asks a model for a pipeline's design, as rich as it can give. Writing the file is `write`."""

from contracts.pipeline import JsonSchema
from runner.functions.generator.blueprint import GUIDE, blueprint_schema
from runner.functions.generator.literals import enclose
from runner.functions.generator.sketch import sketch_request, sketch_schema
from runner.functions.generator.task import SYSTEM, Task
from runner.values import Json
from stagecast.functions import FunctionContext


async def design_stages(context: FunctionContext, *, task: dict[str, Json]) -> Json:
    """Return the design: a `Blueprint`, or for `simple` detail a sketch.

    Args:
        context: the stage's.
        task: a `Task`.

    Raises:
        StageError: no acceptable answer.
    """
    known = Task.model_validate(task)
    answer = await context.complete(request_for(known), system=SYSTEM, output=schema_for(known))
    return answer.value


def request_for(task: Task) -> str:
    """Return what the model is asked for a design."""
    if task.detail == "simple":
        return sketch_request(task.words)
    notes = [f"Title: {task.title}", f"A run is given: {task.given}", f"It delivers: {task.result}", *task.assumptions]
    return f"{GUIDE}\n{enclose('task', task.words)}\n{enclose('notes', chr(10).join(notes))}\nDesign the pipeline."


def schema_for(task: Task) -> JsonSchema:
    """Return the JSON Schema of the design."""
    return sketch_schema(task.words) if task.detail == "simple" else blueprint_schema()
