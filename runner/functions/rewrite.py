"""`rewrite`: one candidate for a better prompt, made by one strategy. Not whether it is better: that is `compare`.

A strategy is one of two kinds. Without `add` the model writes the whole prompt anew. With `add`, a list of sentences,
the prompt stays word for word and the model picks which of them to put below it: even a very small model can do that
without breaking anything.
"""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from contracts.errors import StageError
from contracts.pipeline import JsonSchema
from runner.functions.wording import shorten
from runner.values import Json
from stagecast.functions import Answer, FunctionContext

_MAX_CHOICES = 3
_ROOM_RATIO, _ROOM_CHARS = 2, 300  # how much longer than the original a rewrite may be
_CUT_CHARS = 5  # a text that ends so close to its limit was ended by it


class Strategy(BaseModel):
    """A way to change a prompt, as the pipeline file has it.

    Attributes:
        id: its name in results.
        ask: what the model is told to do.
        add: sentences to choose from; empty for a whole rewrite.
        heading: stands above the chosen sentences.
    """

    id: str
    ask: str
    add: list[str] = Field(default_factory=list[str])
    heading: str = ""

    @model_validator(mode="after")
    def _has_distinct_sentences(self) -> Self:
        self.add = list(dict.fromkeys(self.add))
        return self


class Limits(BaseModel):
    """How much text the model can take and give, in characters.

    Attributes:
        rewrite_chars: a longer prompt is not rewritten whole.
        shown_chars: how much of a prompt the model sees when it only chooses.
    """

    rewrite_chars: int = 1_200
    shown_chars: int = 2_000


async def rewrite(
    context: FunctionContext,
    *,
    prompt: str,
    strategy: dict[str, Json],
    system: str = "",
    hints: str = "",
    limits: dict[str, Json] | None = None,
) -> dict[str, Json]:
    """Return `{"strategy": id, "prompt": text, "model": who wrote it}`.

    Args:
        context: the stage's.
        prompt: what to improve; the model gets it as data.
        strategy: a `Strategy`.
        system: the model's system message.
        hints: what is known of the prompt's faults; may quote users and models, so it is data too.
        limits: `Limits` that differ from the usual.

    Raises:
        StageError: no acceptable answer, a prompt that is too long to rewrite (`prompt_too_long`), a rewrite that was
            cut off (`cut_off`), or `nothing_to_add`.
    """
    plan, bounds = Strategy.model_validate(strategy), Limits.model_validate(limits or {})
    if plan.add:
        left = [sentence for sentence in plan.add if sentence not in prompt]
        if not left:
            raise StageError("The prompt has every sentence that could be added.", code="nothing_to_add")
        request = _request(plan, shorten(prompt, bounds.shown_chars), hints)
        answer = await _choose(context, left, system, request)
        chosen = [sentence for sentence in left if sentence in answer.value["add"]]
        text = _append(prompt, plan.heading, chosen)
    else:
        answer = await _write(context, plan, system, prompt, hints, bounds)
        text = str(answer.value["prompt"]).strip()
        if len(text) > _room(prompt) - _CUT_CHARS:
            raise StageError("The rewrite was cut off at its longest length.", code="cut_off")
    return {"strategy": plan.id, "prompt": text, "model": answer.model}


def wrap(tag: str, text: str) -> str:
    """Put data between tags, so that a text which holds the closing tag cannot end it."""
    return f"<{tag}>\n{text.replace(f'</{tag}', f'< /{tag}')}\n</{tag}>"


async def _choose(context: FunctionContext, sentences: list[str], system: str, user: str) -> Answer:
    choices: JsonSchema = {
        "type": "array",
        "minItems": 1,
        "maxItems": min(_MAX_CHOICES, len(sentences)),
        "items": {"type": "string", "enum": sentences},
    }
    listed = "\n".join(_as_list(sentences))
    return await context.complete(f"{user}\nSentences:\n{listed}", system=system or None, output=_object(add=choices))


async def _write(
    context: FunctionContext, plan: Strategy, system: str, prompt: str, hints: str, bounds: Limits
) -> Answer:
    if len(prompt) > bounds.rewrite_chars:
        raise StageError(
            f"The prompt has {len(prompt)} characters; above {bounds.rewrite_chars} it is not rewritten whole.",
            code="prompt_too_long",
        )
    # The limit becomes part of a local model's grammar: its JSON always ends before max_tokens does.
    schema = _object(prompt={"type": "string", "minLength": 1, "maxLength": _room(prompt)})
    return await context.complete(_request(plan, prompt, hints), system=system or None, output=schema)


def _room(prompt: str) -> int:
    return len(prompt) * _ROOM_RATIO + _ROOM_CHARS


def _request(plan: Strategy, prompt: str, hints: str) -> str:
    known = f"{wrap('notes', hints)}\n" if hints else ""
    return f"{wrap('subject', prompt)}\n{known}{plan.ask}"


def _object(**properties: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": dict(properties),
    }


def _append(prompt: str, heading: str, sentences: list[str]) -> str:
    kept = prompt.rstrip()
    # A list at the end is gone on with.
    between = [] if kept.rsplit("\n", 1)[-1].startswith("- ") else ["", *([heading] if heading else [])]
    return "\n".join([kept, *between, *_as_list(sentences)])


def _as_list(sentences: list[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]
