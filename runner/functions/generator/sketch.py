"""A pipeline's design as a very small model can give it: it chooses forms, the words are the user's own.

Each clause of the task becomes a step. What such a model would write itself is noise; what it picks out of a few words
is sensible more often than not, and any of it makes a file that loads.
"""

import json
import re

from contracts.pipeline import JsonSchema
from runner.functions.asking import object_schema
from runner.functions.generator.blueprint import ALWAYS, Blueprint, OutputField, Step
from runner.functions.generator.clauses import cut_clauses, id_of, name_of
from runner.functions.generator.literals import clean_line, enclose
from runner.values import Json

_LIST_FIRST, _DRAFT_FIRST = "list the points, then write", "write a draft, then improve it"
_MAX_CLAUSE = 400  # characters of an instruction
_SHOWN_CHARS = 1_500  # of a task
_NOT_IN_KEY = re.compile(r"[^\w ]+")
_POINTS = OutputField(name="points", kind="texts", about="", choices=[])

_EXAMPLES = (
    ("Read the minutes of a meeting, list the decisions, write a short mail about them.", ("text", "list", "text")),
    ("Find the errors in an essay, correct it.", ("list", "text")),
    ("Translate a poem, name three similar ones.", ("text", "list")),
    ("Note what a guest wants, answer the guest.", ("list", "text")),
)


def sketch_request(task: str) -> str:
    """Return what the model is asked: tasks with the forms of their clauses, then this one."""
    examples = (
        f"{enclose('task', known)}\n{json.dumps(dict(zip(_keys(cut_clauses(known)), forms, strict=True)))}"
        for known, forms in _EXAMPLES
    )
    return "\n".join([*examples, enclose("task", clean_line(task, _SHOWN_CHARS))])


def sketch_schema(task: str) -> JsonSchema:
    """Return the JSON Schema of a sketch: for each clause text or list, for a task of one clause a way to do it."""
    clauses = cut_clauses(task)
    properties: dict[str, JsonSchema] = {key: {"enum": ["list", "text"]} for key in _keys(clauses)}
    if len(clauses) == 1:
        properties = {"steps": {"enum": [_LIST_FIRST, _DRAFT_FIRST]}}
    return object_schema(**properties)


def blueprint_of(sketch: dict[str, Json], task: str, given: str) -> Blueprint:
    """Return the blueprint that a sketch stands for.

    Args:
        sketch: as `sketch_schema` has it.
        task: the user's words.
        given: the name of the pipeline's input.
    """
    clauses = [clean_line(clause, _MAX_CLAUSE) for clause in cut_clauses(task)]
    if len(clauses) == 1:
        steps = _two_steps(clauses[0], is_draft_first=sketch["steps"] == _DRAFT_FIRST)
    else:
        forms = [sketch[key] for key in _keys(cut_clauses(task))]
        steps = [_step(clause, form == "list") for clause, form in zip(clauses, forms, strict=True)]
    return Blueprint(
        name=name_of(clauses[0]),
        description=clean_line(task, 300),
        input=given,
        input_about="",
        options=[],
        steps=_with_ids(steps),
        delivers=[],
    )


def _keys(clauses: list[str]) -> list[str]:
    """Return a key for each clause. It says what the clause says: the model writes it before it picks the form."""
    return [f"{number}. {_NOT_IN_KEY.sub('', name_of(clause))}".strip() for number, clause in enumerate(clauses, 1)]


def _two_steps(clause: str, *, is_draft_first: bool) -> list[Step]:
    if is_draft_first:
        better = "Improve the text of the step before: correct what is wrong in it, and leave out what does not belong."
        return [_step(clause), _step(better, name="Improve the Draft")]
    points = "Note what matters for the task"
    return [_step(points, is_list=True, name="Note the Points"), _step(clause)]


def _step(clause: str, is_list: bool = False, name: str = "") -> Step:
    form = " Write one to four points, each a short sentence." if is_list else ""
    return Step(
        id="step",
        name=name or name_of(clause) or "Step",
        instruction=f"{clause[:1].upper()}{clause[1:].rstrip('.')}.{form}",
        needs=[],
        for_each="",
        fields=[_POINTS] if is_list else [],
        only_if=ALWAYS,
        retries=2,
        check="none",
    )


def _with_ids(steps: list[Step]) -> list[Step]:
    named: list[Step] = []
    taken: set[str] = set()
    for number, step in enumerate(steps, 1):
        wanted = id_of(step.name, f"step_{number}")
        step_id = wanted if wanted not in taken else f"{wanted}_{number}"
        taken.add(step_id)
        needs = [named[-1].id] if named else []
        named.append(step.model_copy(update={"id": step_id, "needs": needs}))
    return named
