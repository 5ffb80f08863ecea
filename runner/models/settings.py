"""What an operator may set about models. Not which ones a pipeline uses; and keys have variables of their own."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _all_cores_but_one() -> int:
    # llama.cpp's threads wait for each other by spinning: with as many as there are cores, whatever else runs makes
    # writing 3 to 5 times slower (two cores, one other busy process: 21 tokens a second instead of 53); one core less
    # costs 15 % of an idle machine's speed. The affinity is what a container leaves of the machine's cores.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


class ModelSettings(BaseSettings):
    """Settings of the runner's models, from `STAGECAST_*` environment variables."""

    model_config = SettingsConfigDict(env_prefix="STAGECAST_", env_ignore_empty=True, extra="ignore")

    local_threads: int = Field(
        default_factory=_all_cores_but_one, ge=1, description="Threads that compute; all cores but one when left out."
    )
    local_slots: int = Field(default=2, ge=1, le=64, description="Local model calls that run at once; others wait.")
    local_context_tokens: int = Field(
        default=8192, ge=256, description="Tokens of prompt and answer together that one local call may have."
    )
    scripted_models: Path | None = Field(
        default=None, description="YAML or JSON file with the answers of `scripted:` models, for tests and demos."
    )
    model_connect_timeout_seconds: float = Field(default=10.0, gt=0, description="Wait for a connection to a provider.")
    model_timeout_seconds: float = Field(
        default=600.0, gt=0, description="Longest silence of a provider within one call; a stage's timeout is apart."
    )
    model_connections: int = Field(default=100, ge=1, description="Open connections to one provider at most.")
