"""The pipeline format, version 1, as frozen models. The promise is `docs/pipeline-format.md`.

Here is the shape only. What needs looking around (templates, references between stages, cycles, registered names) is
checked by `stagecast.loading`; expressions stay text here.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from contracts.durations import Seconds
from contracts.ids import PipelineId, StageId

PROVIDERS = ("local", "openai", "anthropic", "scripted")
_MODEL_USE_PATTERN = rf"^({'|'.join(PROVIDERS)}):\S+$"
PROVIDER_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
"""The environment variable that usually holds a provider's key, for those that need one."""
_NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_.-]*$"

JsonSchema = dict[str, Any]
"""A JSON Schema (draft 2020-12) as a mapping."""


class FormatModel(BaseModel):
    """Base of the format's parts: frozen, and a key that the format does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class Price(FormatModel):
    """What a model costs, in US dollars for a million tokens."""

    input: float = Field(ge=0, description="US dollars for a million input tokens.")
    output: float = Field(ge=0, description="US dollars for a million output tokens.")


class ModelSpec(FormatModel):
    """What an alias stands for: a model, its settings, and where it is served."""

    use: str = Field(
        pattern=_MODEL_USE_PATTERN,
        description="provider:model, for example local:smollm2, local:/models/any.gguf, openai:gpt-5-mini, "
        "anthropic:claude-haiku-4-5, scripted:NAME.",
    )
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, description="The longest answer, in tokens.")
    seed: int | None = None
    stop: tuple[str, ...] = ()
    base_url: str | None = Field(
        default=None, pattern=r"^https?://", description="An OpenAI-compatible server, with provider openai."
    )
    api_key_env: str | None = Field(
        default=None,
        pattern=r"^[A-Z][A-Z0-9_]*_API_KEY$",
        description="Environment variable of the runner that holds the key; the provider's usual one when left out.",
    )
    price: Price | None = Field(default=None, description="Set this where the price is not known otherwise.")

    @property
    def provider(self) -> str:
        """The part of `use` before the colon."""
        return self.use.split(":", 1)[0]

    @property
    def name(self) -> str:
        """The part of `use` after the colon."""
        return self.use.split(":", 1)[1]

    @property
    def required_key(self) -> str | None:
        """The environment variable that a runner must have to use this model; None when it needs no key.

        A server named by `base_url` gets a key only where `api_key_env` says which: the usual one stays at home.
        """
        if self.api_key_env is not None or self.base_url is not None:
            return self.api_key_env
        return PROVIDER_KEYS.get(self.provider)


class Retries(FormatModel):
    """How often a stage's attempt is repeated, and how long to wait before it."""

    max: int = Field(default=2, ge=0, le=20, description="Attempts after the first one.")
    delay: Seconds = Field(default=1.0, description="Wait before the first repetition; doubles each time.")
    max_delay: Seconds = Field(default=30.0, description="The longest wait.")


def _retries_from_number(value: object) -> object:
    return {"max": value} if isinstance(value, int) and not isinstance(value, bool) else value


RetriesField = Annotated[Retries, BeforeValidator(_retries_from_number, json_schema_input_type=int | Retries)]


class Budget(FormatModel):
    """What a pipeline or a stage may spend."""

    usd: float | None = Field(default=None, gt=0, description="US dollars.")
    calls: int | None = Field(default=None, ge=1, description="Model calls, repeated attempts included.")
    seconds: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Wall time since the start, whoever ran it; a model call in flight is then cut off.",
    )
    on_exceeded: Literal["finish", "fail"] = Field(
        default="fail", description="finish: skip the rest, still run `always` stages. fail: end as failed."
    )
    hard: bool = Field(
        default=False, description="Under finish: `always` stages still run, but call no model beyond it either."
    )


class Defaults(FormatModel):
    """Settings for every stage that does not say otherwise."""

    model: str | None = Field(default=None, description="An alias from `models`.")
    retries: RetriesField = Retries()
    timeout: Seconds = 120.0


class Condition(FormatModel):
    """One line of `when`: an expression, and why the stage is skipped where it is false."""

    if_: str = Field(alias="if", min_length=1, description="An expression, without braces.")
    else_: str = Field(
        default="a condition was not met", alias="else", description="The reason in stage:skipped; a template."
    )


class Prompt(FormatModel):
    """A model call: what the model is told. Both are templates."""

    system: str | None = None
    user: str = Field(min_length=1)


class Foreach(FormatModel):
    """Run the stage once for each item."""

    items: list[Any] | str = Field(description="A list, or a template that gives one.")
    as_: str = Field(default="item", alias="as", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    max_parallel: int = Field(default=4, ge=1, le=64)
    min_ok: int = Field(default=1, ge=0, description="The stage fails when fewer items succeed.")


class EarlyExit(FormatModel):
    """End the pipeline after this stage, with status `early_exit`."""

    if_: str = Field(alias="if", min_length=1, description="An expression, without braces.")
    output: Any = Field(default=None, description="The pipeline's output; a template or a structure of templates.")


CheckUse = Annotated[str, Field(pattern=_NAME_PATTERN)] | dict[str, dict[str, Any]]
"""A guard's name, or one name with its arguments: `{max_growth: {ratio: 2}}`."""


class Stage(FormatModel):
    """One step: exactly one of `prompt` (a model call) or `call` (a registered function)."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["prompt"]}, {"required": ["call"]}]})

    id: StageId
    name: str = Field(default="", description="For people; the id when left out.")
    description: str = ""
    needs: tuple[StageId, ...] | None = Field(default=None, description="Left out: the stage before this one.")
    when: tuple[Condition, ...] = ()
    always: bool = Field(default=False, description="Run even when a need failed or the budget is spent.")
    model: str | None = Field(default=None, description="An alias from `models`.")
    prompt: Prompt | None = None
    call: str | None = Field(default=None, pattern=_NAME_PATTERN, description="The name of a registered function.")
    with_: dict[str, Any] = Field(default_factory=dict, alias="with", description="The function's arguments.")
    foreach: Foreach | None = None
    output: JsonSchema | None = Field(default=None, description="JSON Schema of what the stage delivers.")
    output_when_skipped: Any = None
    check: tuple[CheckUse, ...] = ()
    on_error: Literal["fail", "continue", "use_skipped"] = "fail"
    retries: RetriesField | None = None
    timeout: Seconds | None = Field(default=None, description="For one attempt; in a foreach for one item's attempt.")
    budget: Budget | None = None
    early_exit: EarlyExit | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.prompt is None) == (self.call is None):
            raise ValueError("a stage has exactly one of 'prompt' and 'call'")
        if self.with_ and self.call is None:
            raise ValueError("'with' goes with 'call'; a prompt takes its values from templates")
        for use in self.check:
            if isinstance(use, dict) and len(use) != 1:
                raise ValueError("a check with arguments is a mapping with one key, the check's name")
        return self

    @property
    def title(self) -> str:
        """The name for people."""
        return self.name or self.id

    @property
    def checks(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """The guards as pairs of name and arguments."""
        return tuple((use, {}) if isinstance(use, str) else next(iter(use.items())) for use in self.check)


class Pipeline(FormatModel):
    """A pipeline file. It travels whole inside `execution:queued`, so a runner executes what the gateway checked."""

    format: Literal[1] = 1
    id: PipelineId
    name: str = Field(min_length=1)
    version: str = Field(default="1.0.0", coerce_numbers_to_str=True, json_schema_extra={"type": ["string", "number"]})
    description: str = ""
    inputs: dict[str, Any] = Field(
        default_factory=lambda: {"primary": "input", "input": {"type": "string", "minLength": 1}},
        description="A JSON Schema a field, and `primary`: the field that the request's `input` fills.",
    )
    models: dict[str, ModelSpec] = Field(default_factory=dict)
    defaults: Defaults = Defaults()
    budget: Budget | None = None
    stages: tuple[Stage, ...] = Field(min_length=1, max_length=100)
    output: Any = Field(default=None, description="The result's output; a template or a structure of templates.")
    defs: dict[str, JsonSchema] = Field(default_factory=dict, alias="$defs")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        primary = self.inputs.get("primary")
        if not isinstance(primary, str) or primary not in self.inputs or primary == "primary":
            raise ValueError("'inputs.primary' must name one of the fields under 'inputs'")
        for name, schema in self.inputs.items():
            if name != "primary" and not isinstance(schema, dict):
                raise ValueError(f"'inputs.{name}' must be a JSON Schema, for example {{type: string}}")
        if "models" in self.inputs:
            raise ValueError("'models' is no name for an input: options.models overrides model aliases")
        ids = [stage.id for stage in self.stages]
        doubled = sorted({stage_id for stage_id in ids if ids.count(stage_id) > 1})
        if doubled:
            raise ValueError(f"stage ids must differ; used twice: {', '.join(doubled)}")
        return self

    @property
    def primary(self) -> str:
        """The field that the request's `input` fills."""
        return str(self.inputs["primary"])

    @property
    def input_schemas(self) -> dict[str, JsonSchema]:
        """The JSON Schema of each input field."""
        return {name: schema for name, schema in self.inputs.items() if name != "primary"}

    def stage(self, stage_id: str) -> Stage:
        """Return the stage with this id, or raise `KeyError`."""
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        raise KeyError(stage_id)

    def needs_of(self, index: int) -> tuple[str, ...]:
        """Return the ids that the stage at `index` (file order) waits for."""
        needs = self.stages[index].needs
        if needs is not None:
            return needs
        return (self.stages[index - 1].id,) if index > 0 else ()

    def model_of(self, stage: Stage) -> str | None:
        """Return the model alias that a stage uses, or None when neither it nor `defaults` names one."""
        return stage.model or self.defaults.model

    def snapshot(self) -> dict[str, Any]:
        """Return the definition as JSON values, so that `Pipeline.model_validate(snapshot)` gives it back."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"id": self.id, "name": self.name}
