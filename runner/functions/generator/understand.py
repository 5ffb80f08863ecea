"""`understand_task`: refuses what could not be made or saved before anything is spent, then asks what the task is."""

import asyncio

from contracts.pipeline import JsonSchema
from runner.functions.generator.clauses import cut_clauses, name_of, words_for_input
from runner.functions.generator.identity import check_id, derive_id, shipped_ids
from runner.functions.generator.literals import clean_line, enclose
from runner.functions.generator.settings import GeneratorSettings
from runner.functions.generator.shelf import Shelf
from runner.functions.generator.task import SYSTEM, Task, check_model, check_words, detail_for
from runner.values import Json
from stagecast.functions import FunctionContext, FunctionRegistry
from stagecast.settings import read_settings

_MAX_CHOICES = 12  # words that a small model chooses from
_SHOWN_CHARS = 1_500  # of a task, to a small model
_EXAMPLES = """\
<task>
Read the minutes of a meeting, list the decisions, write a short mail about them.
</task>
{"given": "minutes"}
<task>
Compare two offers and recommend one.
</task>
{"given": "offers"}
"""
_ASK = """\
Understand the task. title: a name for the pipeline that does it. given: one word for the text that a run is given.
result: what a run delivers. assumptions: what you take for granted where the task leaves something open; none if it
leaves nothing open."""


async def understand_task(
    context: FunctionContext,
    *,
    description: str,
    pipeline_id: str = "",
    model: str = "local:smollm2",
    designer: str = "strong",
    detail: str = "auto",
) -> dict[str, Json]:
    """Return a `Task`.

    The input `save` of the pipeline, if it has one and it is true, wants a directory to save into.

    Args:
        context: the stage's.
        description: what the pipeline shall do, in the user's words.
        pipeline_id: the id that it shall have; made from the title when empty.
        model: the model that the file shall name.
        designer: the alias that designs it later; a very small model behind it is asked for less.
        detail: `simple`, `full`, or `auto` to decide by the designer.

    Raises:
        StageError: a description, id or model that cannot be used; no model was asked then. Or no acceptable answer.
        MissingSetting: it is to be saved, and there is no directory for it.
    """
    words, use = check_words(description), check_model(model)
    taken = shipped_ids() | await _saved_ids(wanted=context.inputs.get("save") is True)
    if pipeline_id:
        # Of saved ones only what differs is refused, which is seen when the file is written.
        check_id(pipeline_id, shipped_ids())
    depth = detail_for(detail, context, designer)
    if depth == "simple":
        given, title, result, assumptions = (
            await _choose(context, words),
            name_of(cut_clauses(words)[0]),
            "",
            list[str](),
        )
    else:
        answer = (await context.complete(f"{enclose('task', words)}\n{_ASK}", system=SYSTEM, output=_SCHEMA)).value
        given, title, result = answer["given"].strip(), clean_line(answer["title"], 60), answer["result"]
        assumptions = [clean_line(each, 200) for each in answer["assumptions"]]
    task = Task(
        id=pipeline_id or derive_id(title, taken),
        title=title or name_of(cut_clauses(words)[0]),
        words=words,
        given=given,
        result=clean_line(result, 300),
        assumptions=[each for each in assumptions if each],
        model=use,
        detail=depth,
    )
    return task.model_dump()


async def _saved_ids(*, wanted: bool) -> frozenset[str]:
    if not wanted:
        return frozenset()
    shelf = Shelf(read_settings(GeneratorSettings).generated_dir)
    shelf.check()
    return await asyncio.to_thread(shelf.ids, FunctionRegistry())


async def _choose(context: FunctionContext, words: str) -> str:
    """Let a small model pick the word for what is given out of the user's own; without any it is a text."""
    named = words_for_input(words, _MAX_CHOICES)
    if not named:
        return "text"
    user = f"{_EXAMPLES}{enclose('task', clean_line(words, _SHOWN_CHARS))}"
    answer = await context.complete(user, system=SYSTEM, output=_object(given={"enum": named}))
    return str(answer.value["given"])


def _object(**properties: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": dict(properties),
    }


_SCHEMA = _object(
    title={"type": "string", "minLength": 1, "maxLength": 60},
    given={"type": "string", "pattern": "^[a-z][a-z0-9_]{0,30}$"},
    result={"type": "string", "maxLength": 300},
    assumptions={"type": "array", "maxItems": 4, "items": {"type": "string", "minLength": 1, "maxLength": 200}},
)
