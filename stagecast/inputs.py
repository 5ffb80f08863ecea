"""What a submission gives a pipeline: its inputs, filled in and checked, other models for its aliases, and a budget.

Both services use it: the gateway to refuse a submission, the runner to get the values. It renders nothing.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.errors import InvalidInput
from contracts.pipeline import Budget, ModelSpec, Pipeline
from stagecast.json_schema import check_value
from stagecast.plain import is_mapping
from stagecast.spelling import suggest

MODELS_OPTION = "models"
BUDGET_OPTION = "budget"
_RESERVED = frozenset({MODELS_OPTION, BUDGET_OPTION})
_MAX_QUOTED = 100  # characters of a name that a message repeats


def resolve_inputs(pipeline: Pipeline, input_text: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return every input by name: the primary one from `input_text`, the others from `options` or their defaults.

    A field without a default that is not given is an error. `options["models"]` and `options["budget"]` are no inputs,
    and neither is an option that is named like a model alias and like no input.

    Raises:
        InvalidInput: an option that the pipeline does not take, a missing one, or a value against its schema.
    """
    schemas = pipeline.input_schemas
    no_inputs = (pipeline.models.keys() | _RESERVED) - schemas.keys()
    given = {name: value for name, value in options.items() if name not in no_inputs}
    if pipeline.primary in given:
        raise InvalidInput(f"'{pipeline.primary}' is given by input; leave it out of options.")
    for name in given.keys() - schemas.keys():
        known = (schemas.keys() - {pipeline.primary}) | no_inputs
        raise InvalidInput(f"The pipeline does not take the option '{_quoted(name)}'; {suggest(name, known)}")
    given[pipeline.primary] = input_text
    values: dict[str, Any] = {}
    for name, schema in schemas.items():
        if name not in given and "default" not in schema:
            raise InvalidInput(f"The option '{name}' is required.")
        # Copies: what a function does to its inputs must not reach the definition or the request.
        values[name] = copy.deepcopy(given[name] if name in given else schema["default"])
        fault = check_value(values[name], schema, pipeline.defs)
        if fault is not None:
            where = ".".join(str(part) for part in (name, *fault.path))
            raise InvalidInput(f"{_quoted(where)}: {fault.message}.")
    return values


def override(pipeline: Pipeline, options: Mapping[str, Any], configured: Mapping[str, ModelSpec]) -> Pipeline:
    """Return the pipeline with the models and the budget that hold for a submission; the same one if nothing changes.

    Raises:
        InvalidInput: as for `override_models` and `override_budget`.
    """
    return override_budget(override_models(pipeline, options, configured), options)


def has_overrides(pipeline: Pipeline, options: Mapping[str, Any]) -> bool:
    """Tell whether a submission asks for other models or another budget."""
    return not _RESERVED.isdisjoint(options) or bool(_named_aliases(pipeline, options))


def override_models(pipeline: Pipeline, options: Mapping[str, Any], configured: Mapping[str, ModelSpec]) -> Pipeline:
    """Return the pipeline with other models behind its aliases: settings win over the file, the request over both.

    A request names models as `{alias: "provider:model"}` under `models`, or each by an option of its alias's name where
    no input is called so. It may not name a file of the runner's machine, and where it changes the provider, server and
    key of the alias's former model do not go along; a price never does.

    Raises:
        InvalidInput: the request's `models` has another form, names an alias that the pipeline does not have, or says
            another model than the option of the alias's name.
    """
    models = {alias: configured.get(alias, spec) for alias, spec in pipeline.models.items()}
    named = _named_aliases(pipeline, options)
    for alias, use in _requested(named, options).items():
        if alias not in models:
            raise InvalidInput(f"The pipeline has no model alias '{_quoted(alias)}'; {suggest(alias, models)}")
        where = f"options.{alias}" if alias in named else f"options.models.{alias}"
        models[alias] = _replaced(models[alias], where, use)
    return pipeline if models == pipeline.models else pipeline.model_copy(update={"models": models})


def override_budget(pipeline: Pipeline, options: Mapping[str, Any]) -> Pipeline:
    """Return the pipeline with the limits of the request's `budget` in place of its own.

    A limit that the request does not name stays; `usd: null` drops the one in dollars, which models without a known
    price cannot keep. A pipeline without a budget gets one that finishes when it is exceeded and is hard; one that has
    a budget keeps what it says about that.

    Raises:
        InvalidInput: `budget` has another form, or a limit is no number above 0; the message names it.
    """
    if BUDGET_OPTION not in options:
        return pipeline
    limits = _limits(options[BUDGET_OPTION])
    if not limits:
        return pipeline
    before = pipeline.budget or Budget(on_exceeded="finish", hard=True)
    budget = before.model_copy(update=limits)
    return pipeline if budget == pipeline.budget else pipeline.model_copy(update={"budget": budget})


class _Limits(BaseModel):
    """What a request may limit; the defaults are never used. Strict: to Python, true is 1."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    usd: float | None = Field(default=1, gt=0)
    calls: int = Field(default=1, ge=1)
    seconds: float = Field(default=1, gt=0)


def _limits(value: object) -> dict[str, Any]:
    if not is_mapping(value):
        raise InvalidInput("options.budget must map limits to numbers, for example {'usd': 0.5, 'calls': 100}.")
    for name in value.keys() - _Limits.model_fields.keys():
        raise InvalidInput(
            f"options.budget has no limit '{_quoted(str(name))}'; {suggest(str(name), _Limits.model_fields)}"
        )
    try:
        return _Limits.model_validate(value).model_dump(exclude_unset=True)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        kinds = {"calls": "a whole number of at least 1", "usd": "a number above 0, or null for no limit in dollars"}
        kind = kinds.get(name, "a number above 0")
        raise InvalidInput(f"options.budget.{name} must be {kind}.") from None


def _requested(named: Iterable[str], options: Mapping[str, Any]) -> Mapping[str, str]:
    requested = dict(_requested_together(options))
    for alias in named:
        use = options[alias]
        if not isinstance(use, str):
            raise InvalidInput(f"options.{alias} must be provider:model, for example openai:gpt-5-mini.")
        if requested.setdefault(alias, use) != use:
            raise InvalidInput(f"options.{alias} and options.models.{alias} name different models.")
    return requested


def _named_aliases(pipeline: Pipeline, options: Mapping[str, Any]) -> set[str]:
    """Return the aliases that options name by themselves; an input of the same name comes first."""
    return (options.keys() & pipeline.models.keys()) - pipeline.input_schemas.keys() - _RESERVED


def _requested_together(options: Mapping[str, Any]) -> Mapping[str, str]:
    requested = options.get(MODELS_OPTION, {})
    if not is_mapping(requested) or not all(isinstance(use, str) for use in requested.values()):
        raise InvalidInput("options.models must map aliases to models, for example {'fast': 'openai:gpt-5-mini'}.")
    return requested


def _replaced(spec: ModelSpec, where: str, use: str) -> ModelSpec:
    if use == spec.use:
        return spec
    dropped = {"use", "price"}
    if use.split(":", 1)[0] != spec.provider:
        dropped |= {"base_url", "api_key_env"}
    try:
        replaced = ModelSpec.model_validate({**spec.model_dump(exclude=dropped), "use": use})
    except ValidationError:
        raise InvalidInput(f"{where} must be provider:model, for example openai:gpt-5-mini.") from None
    # A name is a bare word; whatever else could lead to a file.
    if replaced.provider == "local" and not replaced.name.replace("-", "").replace("_", "").isalnum():
        raise InvalidInput(f"{where} may not name a file; a pipeline or the settings may.")
    return replaced


def _quoted(name: str) -> str:
    return name if len(name) <= _MAX_QUOTED else f"{name[:_MAX_QUOTED]}…"
