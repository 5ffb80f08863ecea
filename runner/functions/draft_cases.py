"""`draft_cases`: test inputs for a prompt, written by a model. Running a prompt on them is `trial`."""

from contracts.errors import StageError
from contracts.pipeline import JsonSchema
from runner.functions.placeholders import placeholder_names
from runner.functions.rewrite import wrap
from runner.functions.wording import share_of_new, shorten
from runner.values import Json
from stagecast.functions import FunctionContext

_MAX_NAMES = 8
_MAX_VALUE_CHARS = 60
_MIN_NEW = 0.7  # a value that repeats itself more than this is noise
_SHOWN_CHARS = 600
_EXAMPLES = """\
Names: question, days
{"cases": [{"question": "Where is my order?", "days": "14"}, {"question": "Can I pay by card?", "days": "30"}]}
Names: text, city
{"cases": [{"text": "The library opens at nine and closes at six.", "city": "Lyon"}, \
{"text": "Our team won the match by two goals.", "city": "Oslo"}]}
"""


async def draft_cases(context: FunctionContext, *, prompt: str, count: int = 2, system: str = "") -> dict[str, Json]:
    """Return `{"cases": [{"vars": {name: value}}, …], "note": how they came about}`; never none.

    A prompt without placeholders takes no input, so its one case is the prompt as it is, and no model is asked.
    A placeholder for which the model delivers nothing usable gets a value that says what it stands for.

    Args:
        context: the stage's.
        prompt: what the cases are for; the model gets it as data.
        count: how many cases to write.
        system: the model's system message.
    """
    names = placeholder_names(prompt)
    if not names:
        return {"cases": [{"vars": {}}], "note": "The prompt has no placeholders: it is tried as it is."}
    asked = names[:_MAX_NAMES]
    user = (
        f"{_EXAMPLES}The names below are filled into this prompt:\n{wrap('subject', shorten(prompt, _SHOWN_CHARS))}\n"
        f"Write {count} cases.\nNames: {', '.join(asked)}"
    )
    try:
        answer = await context.complete(user, system=system or None, output=_schema(asked, count))
    except StageError as error:
        # Worth going on: a made-up value still shows how the candidates differ.
        return {"cases": [{"vars": _case(names, {})}], "note": f"No cases could be drafted: {error.message}"}
    cases: list[dict[str, Json]] = []
    for drafted in answer.value["cases"]:
        case = {"vars": _case(names, drafted)}
        if case not in cases:
            cases.append(case)
    return {"cases": cases, "note": f"Drafted by {answer.model}."}


def _case(names: tuple[str, ...], drafted: dict[str, str]) -> dict[str, str]:
    return {name: _usable(drafted.get(name, "")) or f"an example of {name.replace('_', ' ')}" for name in names}


def _usable(value: str) -> str:
    # Without placeholders of its own, so that a test cannot ask for what nobody fills in.
    return value.strip() if share_of_new(value) >= _MIN_NEW and not placeholder_names(value) else ""


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
