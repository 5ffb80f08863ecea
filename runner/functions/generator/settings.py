"""What can be set for the functions of this package. They read it themselves, as a plugin's functions do."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GeneratorSettings(BaseSettings):
    """Read from the runner's environment: `STAGECAST_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="STAGECAST_", env_ignore_empty=True, frozen=True, extra="ignore")

    generated_dir: Path | None = Field(
        default=None,
        description="Directory in which pipeline-generator-v1 may save files, with option save; unset: nowhere.",
    )
