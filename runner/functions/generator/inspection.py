"""A design made into a file and examined: composed, loaded, rehearsed. Asking a model to repair it is `write`."""

from dataclasses import dataclass

from pydantic import ValidationError

from contracts.errors import InvalidPipeline, Problem
from runner.functions.generator.blueprint import Blueprint
from runner.functions.generator.composition import Frame, compose
from runner.functions.generator.rehearsal import rehearse
from runner.functions.generator.sketch import blueprint_of
from runner.functions.generator.task import Task
from runner.values import Json
from stagecast.functions import FunctionRegistry
from stagecast.loading import load_pipeline

_RESERVED = "primary"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file, and what is wrong with it; without problems it loads and came through its rehearsal."""

    text: str
    problems: tuple[Problem, ...] = ()


async def draft_of(design: Json, task: Task, registry: FunctionRegistry) -> Draft:
    """Return the file of a design with its problems; whatever the design says, it raises nothing."""
    is_small = task.detail == "simple"
    try:
        blueprint = (
            blueprint_of(design, task.words, task.given) if is_small else Blueprint.model_validate(design, strict=False)
        )
    except ValidationError as error:
        return Draft("", tuple(_complaints(error)))
    text = compose(blueprint, Frame(task.id, task.words, task.model, is_small))
    problems = _misnamed(blueprint)
    try:
        pipeline = load_pipeline(text, file=f"{task.id}.yaml", registry=registry)
    except InvalidPipeline as error:
        return Draft(text, (*problems, *error.problems))
    return Draft(text, tuple(problems or await rehearse(pipeline, registry)))


def _complaints(error: ValidationError) -> list[Problem]:
    faults = error.errors(include_url=False, include_input=False)
    return [Problem(fault["msg"], path=".".join(str(part) for part in fault["loc"])) for fault in faults]


def _misnamed(blueprint: Blueprint) -> list[Problem]:
    """Return what the file cannot show, because one key would hide another."""
    names = [blueprint.input, *(option.name for option in blueprint.options)]
    problems = [Problem(f"an input cannot be called {_RESERVED}", path="input")] if _RESERVED in names else []
    doubled = sorted({name for name in names if names.count(name) > 1})
    return [*problems, *(Problem(f"two inputs are called {name}", path="options") for name in doubled)]
