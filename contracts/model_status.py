"""Answer of `GET /api/models`: which models pipelines use here, whether a runner could ask them, and what is missing.

Keys are told by the names of their settings. What a key is never leaves the runner that has it.
"""

from pydantic import Field

from contracts.wire import WireModel


class KeyStatus(WireModel):
    """One setting that holds a key."""

    setting: str = Field(description="The runner's environment variable, like OPENAI_API_KEY.")
    provider: str
    is_set: bool | None = Field(description="Whether some runner has it; null while no runner is known.")


class ModelUser(WireModel):
    """A pipeline that names a model, and by which alias."""

    pipeline_id: str
    alias: str


class ModelStatus(WireModel):
    """One model, as pipelines use it here."""

    use: str = Field(description="As provider:model.")
    provider: str
    key: str | None = Field(description="The setting that a runner must have to use it; null when it needs no key.")
    usable: bool | None = Field(description="Whether some runner could ask it; null while no runner is known.")
    reason: str | None = Field(description="Why it is not usable, and what to do about it; else null.")
    used_by: tuple[ModelUser, ...] = Field(description="By pipeline and alias.")


class ModelOverview(WireModel):
    """Answer of `GET /api/models`."""

    runners: int | None = Field(description="How many runners are there; null when the broker does not say.")
    keys: tuple[KeyStatus, ...] = Field(description="By setting; those of all providers, in use or not.")
    models: tuple[ModelStatus, ...] = Field(description="By name; one with two keys comes twice.")
