"""`draft_cases`: test inputs for a prompt, written by a model. Running a prompt on them is `trial`."""

from contracts.errors import StageError
from contracts.pipeline import JsonSchema
from runner.functions.placeholders import placeholder_names
from runner.functions.rewrite import wrap
from runner.functions.wording import shorten
from runner.values import Json
from stagecast.functions import FunctionContext

_MAX_NAMES = 8
_MAX_VALUE_CHARS = 80
_SHOWN_CHARS = 1_200


async def draft_cases(
    context: FunctionContext, *, prompt: str, task: str = "", count: int = 2, system: str = ""
) -> dict[str, Json]:
    """Return `{"cases": [{"vars": {name: value}}, …], "note": how they came about}`.

    A prompt without placeholders takes no input, so its one case is the prompt as it is, and no model is asked.
    Where the model delivers nothing usable, each placeholder gets a value that says what it stands for.

    Args:
        context: the stage's.
        prompt: what the cases are for; the model gets it as data.
        task: what the prompt is about, in a few words.
        count: how many cases to write.
        system: the model's system message.
    """
    names = placeholder_names(prompt)
    if not names:
        return {"cases": [{"vars": {}}], "note": "The prompt has no placeholders: it is tried as it is."}
    asked = names[:_MAX_NAMES]
    user = (
        f"{wrap('subject', shorten(prompt, _SHOWN_CHARS))}\n{wrap('task', task)}\n"
        f"Write {count} different realistic values for each of: {', '.join(asked)}."
    )
    try:
        answer = await context.complete(user, system=system or None, output=_schema(asked, count))
    except StageError as error:
        # Worth going on: a made-up value still shows how the candidates differ.
        return {"cases": [{"vars": _stand_ins(names)}], "note": f"No cases could be drafted: {error.message}"}
    cases = [{"vars": _stand_ins(names) | case} for case in answer.value["cases"]]
    return {"cases": cases, "note": f"Drafted by {answer.model}."}


def _stand_ins(names: tuple[str, ...]) -> dict[str, Json]:
    return {name: f"an example of {name.replace('_', ' ')}" for name in names}


def _schema(names: tuple[str, ...], count: int) -> JsonSchema:
    value: JsonSchema = {"type": "string", "minLength": 1, "maxLength": _MAX_VALUE_CHARS}
    case: JsonSchema = {
        "type": "object",
        "required": list(names),
        "additionalProperties": False,
        "properties": dict.fromkeys(names, value),
    }
    cases: JsonSchema = {"type": "array", "minItems": count, "maxItems": count, "items": case}
    return {"type": "object", "required": ["cases"], "additionalProperties": False, "properties": {"cases": cases}}
