"""What holds between the parts of a pipeline file: stage graph, model aliases, registered names, JSON Schemas.

Templates and what they refer to are in `stagecast.definition_templates`.
"""

import keyword
from collections.abc import Mapping
from typing import Any

from stagecast.definition import Draft, DraftStage, as_mapping
from stagecast.functions import FunctionRegistry
from stagecast.json_schema import check_schema, check_value
from stagecast.plain import is_mapping, is_sequence
from stagecast.spelling import suggest
from stagecast.yaml_lines import Path

_RESERVED = frozenset({"inputs", "stages", "loop", "range", "dict", "namespace", "true", "false", "none", "self"})
_INPUT_RESERVED = {"primary", "models"}


def check_parts(draft: Draft, registry: FunctionRegistry) -> None:
    """Report every rule that the file's parts break between them."""
    _check_inputs(draft)
    _check_defs(draft)
    _check_ids(draft)
    default_model = as_mapping(draft.top.get("defaults")).get("model")
    if default_model is not None:
        _check_alias(draft, ("defaults", "model"), default_model)
    for stage in draft.stages:
        if stage.fields:
            _check_kind(draft, stage)
            _check_needs(draft, stage)
            _check_names(draft, stage, registry)
            _check_model(draft, stage, has_default=default_model is not None)
            _check_foreach(draft, stage)
            _check_output(draft, stage)


def _check_inputs(draft: Draft) -> None:
    inputs = draft.top.get("inputs")
    if not is_mapping(inputs):
        return
    primary = inputs.get("primary")
    if not isinstance(primary, str) or primary not in draft.inputs:
        fix = f"; {suggest(str(primary), draft.inputs)}" if primary else ", for example primary: prompt"
        draft.report(("inputs", "primary"), f"primary must name the field that the request's input fills{fix}")
    elif check_schema(draft.inputs[primary], draft.defs) == [] and not _takes_text(draft.inputs[primary]):
        draft.report(("inputs", primary), "the primary input is always text; its type must be string")
    if "models" in draft.inputs:
        draft.report(("inputs", "models"), "an input cannot be called models: options.models chooses other models")
    if "budget" in draft.inputs:
        draft.report(("inputs", "budget"), "an input cannot be called budget: options.budget limits what a run spends")
    for name, schema in draft.inputs.items():
        _check_input(draft, name, schema)


def _check_input(draft: Draft, name: str, schema: object) -> None:
    path: Path = ("inputs", name)
    if not _check_schema(draft, path, schema) or not is_mapping(schema) or "default" not in schema:
        return
    fault = check_value(schema["default"], {**schema}, draft.defs)
    if fault is not None:
        draft.report(
            (*path, "default", *fault.path), f"the default does not fit the field's own schema: {fault.message}"
        )


def _takes_text(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type", "string")
    return kind == "string" or (is_sequence(kind) and "string" in kind)


def _check_defs(draft: Draft) -> None:
    for name, schema in draft.defs.items():
        _check_schema(draft, ("$defs", name), schema)


def _check_schema(draft: Draft, path: Path, schema: object) -> bool:
    sound_defs = {name: dict(each) for name, each in draft.defs.items() if is_mapping(each)}
    faults = check_schema(schema, sound_defs)
    for fault in faults:
        draft.report((*path, *fault.path), f"the JSON Schema is not valid: {fault.message}")
    return not faults


def _check_ids(draft: Draft) -> None:
    for stage in draft.stages:
        first = draft.stage_by_id.get(stage.id)
        if first is not None and first is not stage:
            line = draft.document.line_of(first.path("id"))
            draft.report(stage.path("id"), f"the id '{stage.id}' is taken by the stage on line {line}; ids must differ")


def _check_kind(draft: Draft, stage: DraftStage) -> None:
    has_prompt, has_call = stage.fields.get("prompt") is not None, stage.fields.get("call") is not None
    if has_prompt == has_call:
        given = "this stage has both" if has_prompt else "this stage has neither"
        draft.report(stage.path(), f"a stage has either prompt or call; {given}")
    if stage.fields.get("with") and not has_call:
        draft.report(stage.path("with"), "with goes with call; a prompt takes its values from templates")
    if stage.fields.get("on_error") == "use_skipped" and "output_when_skipped" not in stage.fields:
        draft.report(stage.path("on_error"), "use_skipped falls back on output_when_skipped, which is missing here")


def _check_needs(draft: Draft, stage: DraftStage) -> None:
    written = stage.fields.get("needs")
    for place, need in enumerate(written if is_sequence(written) else ()):
        if need == stage.id:
            draft.report(stage.path("needs", place), "a stage cannot need itself")
        elif isinstance(need, str) and need not in draft.stage_by_id:
            known = draft.stage_by_id.keys() - {stage.id}
            draft.report(stage.path("needs", place), f"there is no stage '{need}'; {suggest(need, known)}")
        elif isinstance(need, str) and _closes_circle(draft, stage, need):
            draft.report(stage.path("needs", place), f"'{need}' waits for '{stage.id}' in turn, so neither could start")


def _closes_circle(draft: Draft, stage: DraftStage, need: str) -> bool:
    """Whether the need leads back to the stage; told once a circle, at its first stage, whose need is written."""
    if stage.id not in draft.ancestors[need]:
        return False
    circle = [other for other in draft.ancestors[stage.id] if stage.id in draft.ancestors[other]]
    return stage.index == min((draft.stage_by_id[other].index for other in circle), default=None)


def _check_names(draft: Draft, stage: DraftStage, registry: FunctionRegistry) -> None:
    call = stage.fields.get("call")
    if isinstance(call, str) and call not in registry.function_names():
        draft.report(
            stage.path("call"), f"no function '{call}' is registered; {suggest(call, registry.function_names())}"
        )
    checks = stage.fields.get("check")
    for place, use in enumerate(checks if is_sequence(checks) else ()):
        if is_mapping(use) and len(use) != 1:
            message = "a check with arguments is a mapping with one key, the check's name"
            draft.report(stage.path("check", place), message)
            continue
        name = next(iter(use)) if is_mapping(use) else use
        if isinstance(name, str) and name not in registry.check_names():
            message = f"no check '{name}' is registered; {suggest(name, registry.check_names())}"
            draft.report(stage.path("check", place), message)


def _check_model(draft: Draft, stage: DraftStage, *, has_default: bool) -> None:
    alias = stage.fields.get("model")
    if alias is not None:
        _check_alias(draft, stage.path("model"), alias)
    elif stage.fields.get("prompt") is not None and not has_default:
        message = "this stage has no model: set model here or under defaults, to an alias from models"
        draft.report(stage.path(), message)


def _check_alias(draft: Draft, path: Path, alias: object) -> None:
    models = draft.top.get("models")
    known = as_mapping(models)
    if isinstance(alias, str) and alias not in known and (models is None or is_mapping(models)):
        fix = " (a stage names an alias; the model itself is named under models)" if ":" in alias else ""
        draft.report(path, f"models has no alias '{alias}'{fix}; {suggest(alias, known)}")


def _check_foreach(draft: Draft, stage: DraftStage) -> None:
    foreach = stage.mapping("foreach")
    name, items, min_ok = foreach.get("as"), foreach.get("items"), foreach.get("min_ok", 1)
    if isinstance(name, str) and (name in _RESERVED or keyword.iskeyword(name)):
        draft.report(stage.path("foreach", "as"), f"'{name}' means something else in templates; choose another name")
    if is_sequence(items) and isinstance(min_ok, int) and min_ok > len(items):
        message = f"min_ok asks for {min_ok} of {len(items)} items, so this stage would always fail"
        draft.report(stage.path("foreach", "min_ok"), message)


def _check_output(draft: Draft, stage: DraftStage) -> None:
    schema = stage.fields.get("output")
    if is_mapping(schema):
        _check_schema(draft, stage.path("output"), schema)
