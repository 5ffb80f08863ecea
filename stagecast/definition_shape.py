"""The shape of a pipeline file: what the format's models refuse, in the words of someone who writes such files."""

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from contracts.pipeline import PROVIDERS, Pipeline
from stagecast.definition import Draft, as_mapping
from stagecast.plain import is_sequence
from stagecast.spelling import suggest
from stagecast.yaml_lines import Path

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}

_EXAMPLES = {
    "budget": "{usd: 0.50, calls: 100, on_exceeded: finish}",
    "defaults": "{model: fast, retries: 2, timeout: 60s}",
    "early_exit": '{if: "stages.judge.output.done", output: "{{ stages.judge.output }}"}',
    "foreach": "{items: [a, b], as: item}",
    "inputs": "{primary: prompt, prompt: {type: string}}",
    "models": '{fast: {use: "local:smollm2"}}',
    "needs": "[analyze]",
    "output": "{type: object, required: [title], properties: {title: {type: string}}}",
    "prompt": '{user: "Summarize: {{ inputs.prompt }}"}',
    "when": '[{if: "inputs.count > 0", else: "nothing to do"}]',
    "with": '{text: "{{ inputs.prompt }}"}',
}

_FORMS = {
    "id": "an id has letters, digits, - and _ (at most 100; a stage's 64), and begins with a letter or digit",
    "needs": "an id has letters, digits, - and _, and begins with a letter or digit",
    "call": "a function's name has letters, digits, -, _ and dots, and begins with a letter",
    "as": "a name has letters, digits and _, and does not begin with a digit",
    "base_url": "an address begins with http:// or https://",
    "api_key_env": "the environment variable's name is in capitals and ends in _API_KEY, for example ACME_API_KEY",
}

_ALTERNATIVES = {
    "check": "a check is a registered name, or one name with its arguments, for example {max_growth: {ratio: 2}}",
    "items": "items is a list, or a text that is a template giving one",
    "retries": "retries is a number, or a mapping such as {max: 2, delay: 1s}",
}


def check_shape(draft: Draft) -> Pipeline | None:
    """Return the pipeline if its shape is right; else report every fault of shape to the draft."""
    document = dict(draft.top)
    version = draft.document.written(("version",))
    if isinstance(document.get("version"), int | float) and version is not None:
        document["version"] = version  # 1.10 is a version and no number
    try:
        return Pipeline.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        told = {fault.path for fault in draft.document.faults}
        for fault in error.errors(include_url=False):
            path, is_missing = _place(draft.document.value, fault)
            if path not in told or is_missing:
                told.add(path)
                _tell(draft, path, fault)
        return None


def _place(document: object, fault: ErrorDetails) -> tuple[Path, bool]:
    """Return the part of the file that a fault speaks of, without pydantic's own names for alternatives."""
    path: Path = ()
    current = document
    for part in fault["loc"]:
        inner: dict[Any, Any] = dict(enumerate(current)) if is_sequence(current) else dict(as_mapping(current))
        if part not in inner:
            break
        current = inner[part]
        path = (*path, part)
    return path, fault["type"] == "missing"


def _tell(draft: Draft, path: Path, fault: ErrorDetails) -> None:
    kind = fault["type"]
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if kind == "extra_forbidden":
        known = _keys_at(path[:-1])
        draft.report(path, f"'{path[-1]}' is no key here; {suggest(str(path[-1]), known)}")
    elif kind == "missing":
        draft.report(path, f"'{fault['loc'][-1]}' is missing here{_example(str(fault['loc'][-1]))}")
    elif kind == "value_error" and (not path or (len(path) == 2 and path[0] == "stages")):
        return  # rules of the whole are told by `definition_checks`, each where it is broken
    elif kind == "too_short" and fault["input"]:
        return  # a list whose items are faulty, which is told of each
    elif key in _ALTERNATIVES and (len(fault["loc"]) > len(path) or key == "retries"):
        draft.report(path, _ALTERNATIVES[key])
    else:
        draft.report(path, _sentence(key, fault))


def _sentence(key: str, fault: ErrorDetails) -> str:
    kind = fault["type"]
    if kind in _KINDS:
        return f"this must be {_KINDS[kind]}{_example(key)}"
    if kind == "string_pattern_mismatch":
        return _model_name(str(fault["input"])) if key == "use" else _FORMS.get(key, fault["msg"])
    if kind == "literal_error":
        expected = str(fault.get("ctx", {}).get("expected", ""))
        return f"this must be {expected}, not {str(fault['input'])[:40]}"
    if kind == "value_error":
        return fault["msg"].removeprefix("Value error, ")
    if kind in ("string_too_short", "too_short"):
        return "this must not be empty"
    if kind == "too_long":
        return "a pipeline has at most 100 stages"
    return fault["msg"].replace("Input should", "this must").replace("must be a valid", "must be a")


def _model_name(use: str) -> str:
    provider, colon, _ = use.partition(":")
    if not colon:
        return f"a model is written provider:model, for example local:smollm2; the providers are {', '.join(PROVIDERS)}"
    if provider in PROVIDERS:
        return f"after '{provider}:' comes the model's name, without spaces"
    return f"there is no provider '{provider}'; {suggest(provider, PROVIDERS)}"


def _example(key: str) -> str:
    return f", for example {key}: {_EXAMPLES[key]}" if key in _EXAMPLES else ""


def _keys_at(path: Path) -> Sequence[str]:
    """Return the keys that the format knows at a path."""
    models: list[type[BaseModel]] = [Pipeline]
    for part in path:
        if isinstance(part, int):
            continue
        annotations = [
            found.annotation
            for model in models
            for name, found in model.model_fields.items()
            if (found.alias or name) == part
        ]
        # A mapping's own key, such as an alias under `models`: stay with the model of its values.
        if annotations:
            models = [inner for annotation in annotations for inner in _models_in(annotation)]
    return [found.alias or name for model in models for name, found in model.model_fields.items()]


# Any: annotations are objects of many kinds.
def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, tuple, list, dict, Mapping):
        for argument in get_args(annotation):
            yield from _models_in(argument)
