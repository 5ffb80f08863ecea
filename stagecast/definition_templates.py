"""The templates of a pipeline file: whether each compiles, and whether what it reads is there when it is rendered."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contracts.errors import ExpressionError
from stagecast.definition import Draft, DraftStage
from stagecast.expressions import compile_expression, compile_template
from stagecast.plain import is_mapping, is_sequence
from stagecast.spelling import suggest
from stagecast.yaml_lines import Path

_OPEN_SCHEMA = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties")
_METHODS = frozenset({"get", "items", "keys", "values"})


@dataclass(frozen=True)
class _Text:
    """One template or expression, and what it may read.

    Attributes:
        stage: the stage that it belongs to; None for the pipeline's `output`, which may read every stage.
        reads_itself: whether the stage's own output is there already.
        item: the name of the foreach item, where there is one.
    """

    path: Path
    text: str
    kind: Literal["template", "expression"]
    stage: DraftStage | None
    reads_itself: bool = False
    item: str | None = None


def check_templates(draft: Draft) -> None:
    """Report every template that does not compile, and every name in one that will not be there."""
    for text in _texts(draft):
        compiled: Callable[[str], Any] = compile_template if text.kind == "template" else compile_expression
        try:
            paths = compiled(text.text).paths
        except ExpressionError as error:
            draft.report(text.path, error.message.removeprefix(f"line {error.line}: "), error.line)
            continue
        for path in sorted(paths):
            message = _fault(draft, text, path)
            if message is not None:
                draft.report(text.path, message, _line_of(text.text, path))


def _line_of(text: str, path: tuple[str, ...]) -> int | None:
    """Return the line within the text on which a path is read."""
    root, *rest = (re.escape(part) for part in path[:2])
    wanted = rf"\b{root}\s*(\.\s*{rest[0]}\b|\[\s*['\"]{rest[0]}['\"])" if rest else rf"\b{root}\b(?!\s*[.\w])"
    found = re.search(wanted, text)
    return None if found is None else text.count("\n", 0, found.start()) + 1


def _texts(draft: Draft) -> Iterator[_Text]:
    for stage in draft.stages:
        yield from _stage_texts(stage)
    for path, text in _strings(draft.top.get("output"), ("output",)):
        yield _Text(path, text, "template", None)


def _stage_texts(stage: DraftStage) -> Iterator[_Text]:
    foreach, early_exit = stage.mapping("foreach"), stage.mapping("early_exit")
    item = str(foreach.get("as", "item")) if foreach else None
    when = stage.fields.get("when")
    for place, condition in enumerate(when if is_sequence(when) else ()):
        if is_mapping(condition):
            yield from _one(condition, "if", stage.path("when", place), stage, "expression")
            yield from _one(condition, "else", stage.path("when", place), stage, "template")
    yield from _one(foreach, "items", stage.path("foreach"), stage, "template")
    yield from _one(early_exit, "if", stage.path("early_exit"), stage, "expression", reads_itself=True)
    for path, text in _strings(early_exit.get("output"), stage.path("early_exit", "output")):
        yield _Text(path, text, "template", stage, reads_itself=True)
    for key in ("prompt", "with"):
        for path, text in _strings(stage.fields.get(key), stage.path(key)):
            yield _Text(path, text, "template", stage, item=item)
    for path, text in _strings(stage.fields.get("output_when_skipped"), stage.path("output_when_skipped")):
        yield _Text(path, text, "template", stage)


def _one(
    owner: Mapping[str, Any],
    key: str,
    path: Path,
    stage: DraftStage,
    kind: Literal["template", "expression"],
    *,
    reads_itself: bool = False,
) -> Iterator[_Text]:
    if kind == "expression":
        found = [((*path, key), owner[key])] if isinstance(owner.get(key), str) else []
    else:
        found = list(_strings(owner.get(key), (*path, key)))
    for place, text in found:
        yield _Text(place, text, kind, stage, reads_itself=reads_itself)


def _strings(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif is_mapping(value):
        for key, inner in value.items():
            yield from _strings(inner, (*path, key))
    elif is_sequence(value):
        for place, inner in enumerate(value):
            yield from _strings(inner, (*path, place))


def _fault(draft: Draft, text: _Text, path: tuple[str, ...]) -> str | None:
    root = path[0]
    if root == "inputs":
        return _input_fault(draft, path)
    if root == "stages":
        return _stage_fault(draft, text, path)
    if root == text.item:
        return None
    known = {"inputs", "stages", *([text.item] if text.item else [])}
    return f"there is no '{root}' here; {suggest(root, known)}"


def _input_fault(draft: Draft, path: tuple[str, ...]) -> str | None:
    if len(path) == 1 or path[1] in draft.inputs or path[1] in _METHODS:
        return None
    return f"the pipeline has no input '{path[1]}'; {suggest(path[1], draft.inputs)}"


def _stage_fault(draft: Draft, text: _Text, path: tuple[str, ...]) -> str | None:
    own = text.stage.id if text.stage is not None else None
    reachable = _reachable(draft, text)
    if len(path) == 1:
        return None if text.stage is None else "name the stage that is meant, as in stages.analyze.output"
    name = path[1]
    if name not in draft.stage_by_id:
        dashed = [stage_id for stage_id in draft.stage_by_id if stage_id.startswith(f"{name}-")]
        if dashed:
            return f"there is no stage '{name}'; an id with a dash is written stages['{dashed[0]}']"
        return f"there is no stage '{name}'; {suggest(name, reachable)}"
    if name not in reachable:
        if name == own:
            return f"the output of '{name}' is not there yet while the stage itself is prepared"
        if own in draft.ancestors[name]:
            return f"'{name}' runs only after this stage, so its output is not there yet"
        return f"this stage does not wait for '{name}'; add it to needs"
    return _offer_fault(draft.stage_by_id[name], path)


def _reachable(draft: Draft, text: _Text) -> frozenset[str]:
    if text.stage is None:
        return frozenset(draft.stage_by_id)
    own = {text.stage.id} if text.reads_itself else set[str]()
    return (draft.ancestors[text.stage.id] - {text.stage.id}) | own


def _offer_fault(stage: DraftStage, path: tuple[str, ...]) -> str | None:
    offered = {"output", "status"} | ({"results", "dropped"} if stage.fields.get("foreach") is not None else set[str]())
    if len(path) > 2 and path[2] not in offered | _METHODS:
        return f"stages.{stage.id} has no '{path[2]}'; {suggest(path[2], offered)}"
    if len(path) < 4 or path[2] != "output":
        return None
    fields = _promised_fields(stage)
    if fields is None or path[3] in fields or path[3] in _METHODS:
        return None
    return f"the output schema of '{stage.id}' has no '{path[3]}'; {suggest(path[3], fields)}"


def _promised_fields(stage: DraftStage) -> Mapping[str, Any] | None:
    """Return the fields that a model was told to deliver, where its schema lists them all; else None."""
    schema = stage.mapping("output")
    is_prompt = stage.fields.get("prompt") is not None and stage.fields.get("foreach") is None
    fields = schema.get("properties")
    is_open = any(key in schema for key in _OPEN_SCHEMA) or schema.get("additionalProperties", False) is not False
    return fields if is_prompt and is_mapping(fields) and not is_open else None
