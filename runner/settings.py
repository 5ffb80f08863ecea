"""What can be set on a runner. Models have settings of their own in `runner.models.settings`."""

import secrets
import socket
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_name() -> str:
    # Random, because ownership is judged by name: a restarted process must not look like the one before it.
    return f"{socket.gethostname().split('.')[0]}-{secrets.token_hex(3)}"


class RunnerSettings(BaseSettings):
    """Read from the environment: `STAGECAST_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="STAGECAST_", env_ignore_empty=True, frozen=True, extra="ignore")

    runner_name: str = Field(
        default_factory=_default_name,
        pattern=r"^[A-Za-z0-9_-]{1,100}$",
        description="Its name in events; the host's with a random part when unset. No two processes may share one.",
    )
    concurrency: int = Field(default=16, ge=1, le=10_000, description="Executions that one runner works on at once.")
    outputs: str = Field(
        default="./outputs", description="Where results are saved: a directory, or s3://bucket/prefix."
    )
    drain_seconds: float = Field(
        default=25.0, ge=0, description="After SIGTERM, running executions may finish within this time."
    )
    max_lost_claims: int = Field(
        default=5, ge=1, description="An execution that loses so many runners in one stage is given up: `runner_lost`."
    )
    max_events: int = Field(
        default=50_000, ge=10, description="Events that one execution may store; then it ends: `event_limit`."
    )
    max_log_bytes: int = Field(
        default=256 * 1024 * 1024,
        ge=64 * 1024,
        description="Bytes that one execution's events may have; then it ends: `byte_limit`.",
    )
    retention_sweep_seconds: float = Field(
        default=300.0, gt=0, description="How often it removes executions from the log that ended long ago."
    )
    heartbeat_file: Path | None = Field(
        default=None, description="Touched every few seconds while the broker answers; for health checks."
    )
