"""What a submission gives a pipeline: its inputs, filled in and checked, and other models for its aliases.

Both services use it: the gateway to refuse a submission, the runner to get the values. It renders nothing.
"""

import copy
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from contracts.errors import InvalidInput
from contracts.pipeline import ModelSpec, Pipeline
from stagecast.json_schema import check_value
from stagecast.plain import is_mapping
from stagecast.spelling import suggest

MODELS_OPTION = "models"
_MAX_QUOTED = 100  # characters of a name that a message repeats


def resolve_inputs(pipeline: Pipeline, input_text: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return every input by name: the primary one from `input_text`, the others from `options` or their defaults.

    A field without a default that is not given is an error; `options["models"]` is not an input.

    Raises:
        InvalidInput: an option that the pipeline does not take, a missing one, or a value against its schema.
    """
    schemas = pipeline.input_schemas
    given = {name: value for name, value in options.items() if name != MODELS_OPTION}
    if pipeline.primary in given:
        raise InvalidInput(f"'{pipeline.primary}' is given by input; leave it out of options.")
    for name in given.keys() - schemas.keys():
        known = (schemas.keys() - {pipeline.primary}) | {MODELS_OPTION}
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


def override_models(pipeline: Pipeline, options: Mapping[str, Any], configured: Mapping[str, ModelSpec]) -> Pipeline:
    """Return the pipeline with other models behind its aliases: settings win over the file, the request over both.

    A request names models as `{alias: "provider:model"}`. It may not name a file of the runner's machine, and where it
    changes the provider, server and key of the alias's former model do not go along; a price never does.

    Raises:
        InvalidInput: the request's `models` has another form, or names an alias that the pipeline does not have.
    """
    models = {alias: configured.get(alias, spec) for alias, spec in pipeline.models.items()}
    for alias, use in _requested(options).items():
        if alias not in models:
            raise InvalidInput(f"The pipeline has no model alias '{_quoted(alias)}'; {suggest(alias, models)}")
        models[alias] = _replaced(models[alias], alias, use)
    return pipeline if models == pipeline.models else pipeline.model_copy(update={"models": models})


def _requested(options: Mapping[str, Any]) -> Mapping[str, str]:
    requested = options.get(MODELS_OPTION, {})
    if not is_mapping(requested) or not all(isinstance(use, str) for use in requested.values()):
        raise InvalidInput("options.models must map aliases to models, for example {'fast': 'openai:gpt-5-mini'}.")
    return requested


def _replaced(spec: ModelSpec, alias: str, use: str) -> ModelSpec:
    if use == spec.use:
        return spec
    dropped = {"use", "price"}
    if use.split(":", 1)[0] != spec.provider:
        dropped |= {"base_url", "api_key_env"}
    try:
        replaced = ModelSpec.model_validate({**spec.model_dump(exclude=dropped), "use": use})
    except ValidationError:
        raise InvalidInput(f"options.models.{alias} must be provider:model, for example openai:gpt-5-mini.") from None
    # A name is a bare word; whatever else could lead to a file.
    if replaced.provider == "local" and not replaced.name.replace("-", "").replace("_", "").isalnum():
        raise InvalidInput(f"options.models.{alias} may not name a file; a pipeline or the settings may.")
    return replaced


def _quoted(name: str) -> str:
    return name if len(name) <= _MAX_QUOTED else f"{name[:_MAX_QUOTED]}…"
