"""Runs of one function of the generator as a stage, on a model that a test plays."""

from collections.abc import Callable
from typing import Any

from contracts.results import PipelineResult
from runner.functions.generator.design import design_stages
from runner.functions.generator.explain import explain_pipeline
from runner.functions.generator.save import save_pipeline
from runner.functions.generator.understand import understand_task
from runner.functions.generator.write import write_pipeline
from runner.models.client import ModelRequest
from stagecast.functions import Function
from tests.unit.runner.functions.replies import Replies
from tests.unit.runner.scripts import Bench, call, definition

FUNCTIONS: dict[str, Function] = {
    "understand_task": understand_task,
    "design_stages": design_stages,
    "write_pipeline": write_pipeline,
    "save_pipeline": save_pipeline,
    "explain_pipeline": explain_pipeline,
}


async def run(
    function: str, reply: Callable[[ModelRequest], Any] = lambda request: None, **arguments: Any
) -> tuple[PipelineResult, list[ModelRequest]]:
    """Return what came of it, and what the model was asked."""
    models = Replies(reply=reply)
    bench = Bench(models=models, functions=FUNCTIONS)
    return await bench.run(definition(call("s", function, arguments=_quoted(arguments)))), models.requests


def _quoted(value: Any) -> Any:
    """Return data in which no text is a template any more."""
    if isinstance(value, str):
        return value.replace("{", '{{ "{" }}')
    if isinstance(value, dict):
        return {key: _quoted(inner) for key, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]  # JSON
    return [_quoted(inner) for inner in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]  # JSON


def task(words: str = "Do it", **keys: Any) -> dict[str, Any]:
    """A task as the first stage understood it."""
    usual = {"id": "made", "title": "Made", "words": words, "given": "text", "model": "local:smollm2", "detail": "full"}
    return {**usual, **keys}
