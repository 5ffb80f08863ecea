"""`understand_task`: refuses what could not be made or saved before anything is spent, then asks what the task is."""

import asyncio
from dataclasses import dataclass, field

from runner.functions.asking import object_schema
from runner.functions.generator.clauses import cut_clauses, name_of, words_for_input
from runner.functions.generator.identity import check_id, derive_id, shipped_ids
from runner.functions.generator.literals import clean_line, enclose
from runner.functions.generator.settings import GeneratorSettings
from runner.functions.generator.shelf import Shelf
from runner.functions.generator.task import SYSTEM, Task, Wanted, check_model, check_words, detail_for
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
    wanted: dict[str, Json] | None = None,
    designer: str = "strong",
) -> dict[str, Json]:
    """Return a `Task`.

    Args:
        context: the stage's.
        description: what the pipeline shall do, in the user's words.
        wanted: a `Wanted`: what else the user asked for.
        designer: the alias that designs it later; a very small model behind it is asked for less.

    Raises:
        StageError: a description, id or model that cannot be used; no model was asked then. Or no acceptable answer.
        MissingSetting: it is to be saved, and there is no directory for it.
    """
    asked, words = Wanted.model_validate(wanted or {}), check_words(description)
    use, taken = check_model(asked.model), shipped_ids() | await _saved_ids(wanted=asked.save)
    if asked.id:
        check_id(asked.id, taken)
    detail = detail_for(asked.detail, context, designer)
    read = await (_read_simply(context, words) if detail == "simple" else _read_fully(context, words))
    task = Task(
        id=asked.id or derive_id(read.title, taken),
        title=read.title,
        words=words,
        given=read.given,
        result=read.result,
        assumptions=read.assumptions,
        model=use,
        detail=detail,
    )
    return task.model_dump()


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a model read out of a task."""

    title: str
    given: str
    result: str = ""
    assumptions: list[str] = field(default_factory=list[str])


async def _read_fully(context: FunctionContext, words: str) -> _Reading:
    answer = (await context.complete(f"{enclose('task', words)}\n{_ASK}", system=SYSTEM, output=_SCHEMA)).value
    title = clean_line(answer["title"], 60) or name_of(cut_clauses(words)[0])
    assumptions = [clean_line(each, 200) for each in answer["assumptions"]]
    return _Reading(title, answer["given"].strip(), clean_line(answer["result"], 300), list(filter(None, assumptions)))


async def _read_simply(context: FunctionContext, words: str) -> _Reading:
    """Let a small model pick the word for what is given out of the user's own; without any it is a text."""
    named = words_for_input(words, _MAX_CHOICES)
    title = name_of(cut_clauses(words)[0])
    if not named:
        return _Reading(title, "text")
    user = f"{_EXAMPLES}{enclose('task', clean_line(words, _SHOWN_CHARS))}"
    answer = await context.complete(user, system=SYSTEM, output=object_schema(given={"enum": named}))
    return _Reading(title, str(answer.value["given"]))


async def _saved_ids(*, wanted: bool) -> frozenset[str]:
    """Return the ids of what was saved before.

    Raises:
        MissingSetting: nothing can be saved.
    """
    if not wanted:
        return frozenset()
    shelf = Shelf(read_settings(GeneratorSettings).generated_dir)
    shelf.check()
    return await asyncio.to_thread(shelf.ids, FunctionRegistry())


_SCHEMA = object_schema(
    title={"type": "string", "minLength": 1, "maxLength": 60},
    given={"type": "string", "pattern": "^[a-z][a-z0-9_]{0,30}$"},
    result={"type": "string", "maxLength": 300},
    assumptions={"type": "array", "maxItems": 4, "items": {"type": "string", "minLength": 1, "maxLength": 200}},
)
