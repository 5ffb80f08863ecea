"""A pipeline's design as an able model fills it in: bounded data, no YAML. Writing the file is `composition`.

Every key is required, and what does not apply is empty: hosted structured output takes such schemas as they are.
"""

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from contracts.pipeline import JsonSchema
from runner.functions.generator.literals import clean_line

_MAX_CHOICE = 60  # characters
_NAME = r"^[a-z][a-z0-9_]{0,30}$"
_NO_OR_PATH = r"^([a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,3})?$"

GUIDE = """\
A pipeline is a list of steps, each one model call. Design the fewest steps that do the task well, at most eight.
- input: a name for the text that a run is given. options: further inputs, each with a default.
- instruction: what the model is told in a step. It reads data by reference: {{ inputs.NAME }}, {{ stages.ID.output }}
  of a step without fields, {{ stages.ID.output.FIELD }} of one with fields, {{ item }} in a step with for_each. Nothing
  else stands in double braces; write a placeholder as [name].
- fields: what the step delivers as data; empty for text. kind: text, number, flag (true or false), choice (one of
  choices) or texts (a list).
- needs: ids of steps to wait for. Steps that do not need each other run side by side.
- for_each: the path of a texts field, such as stages.plan.output.topics; the step runs once for each entry. Else empty.
- only_if: when the step runs. test is always, or compares value (a path such as stages.sort.output.kind) with than;
  otherwise is the reason that is shown when it does not run.
- retries: how often a failed call is repeated, usually 2. check: a guard of a step without fields, usually none.
- delivers: what the run delivers, each a name and the path of a value.
Names and ids are lower case letters, digits and _, and begin with a letter."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Valued(_Part):
    name: str = Field(pattern=_NAME)
    about: str = Field(max_length=200)
    choices: list[str] = Field(max_length=8)

    @property
    def allowed(self) -> tuple[str, ...]:
        """The choices as they stand in the file: each once, none empty."""
        cleaned = (clean_line(choice, _MAX_CHOICE) for choice in self.choices)
        return tuple(dict.fromkeys(choice for choice in cleaned if choice))


class OutputField(_Valued):
    """One value that a step delivers."""

    kind: Literal["text", "number", "flag", "choice", "texts"]


class InputOption(_Valued):
    """One input besides the text; its default is written as text."""

    kind: Literal["text", "number", "flag", "choice"]
    default: str = Field(max_length=200)


class OnlyIf(_Part):
    """Whether a step runs."""

    test: Literal["always", "is", "is_not", "contains", "more_than", "less_than", "is_not_empty"]
    value: str = Field(pattern=_NO_OR_PATH, max_length=100)
    than: str = Field(max_length=100)
    otherwise: str = Field(max_length=200)


ALWAYS = OnlyIf(test="always", value="", than="", otherwise="")


class Step(_Part):
    """One stage."""

    id: str = Field(pattern=_NAME)
    name: str = Field(min_length=1, max_length=60)
    instruction: str = Field(min_length=1, max_length=4_000)
    needs: list[Annotated[str, Field(pattern=_NAME)]] = Field(max_length=8)
    for_each: str = Field(pattern=_NO_OR_PATH, max_length=100)
    fields: list[OutputField] = Field(max_length=8)
    only_if: OnlyIf
    retries: int = Field(ge=0, le=5)
    check: Literal["none", "no_repetition", "no_longer_than_input"]


class Delivery(_Part):
    """One part of the pipeline's output."""

    name: str = Field(pattern=_NAME)
    value: str = Field(pattern=_NO_OR_PATH, max_length=100)


class Blueprint(_Part):
    """A whole pipeline."""

    name: str = Field(min_length=1, max_length=60)
    description: str = Field(max_length=300)
    input: str = Field(pattern=_NAME)
    input_about: str = Field(max_length=200)
    options: list[InputOption] = Field(max_length=4)
    steps: list[Step] = Field(min_length=1, max_length=8)
    delivers: list[Delivery] = Field(max_length=8)


def blueprint_schema() -> JsonSchema:
    """Return the JSON Schema of a `Blueprint`, without what only people read."""
    return _bare(Blueprint.model_json_schema())


def _bare(node: Any) -> Any:  # a JSON Schema: of every kind
    if isinstance(node, dict):
        fields = cast("dict[str, Any]", node)
        # A property may be called title; a title of a schema is text.
        return {
            key: _bare(value)
            for key, value in fields.items()
            if not (key in ("title", "description") and isinstance(value, str))
        }
    if isinstance(node, list):
        items = cast("list[Any]", node)
        return [_bare(item) for item in items]
    return node
