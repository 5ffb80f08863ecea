"""The gateway's settings, from `STAGECAST_*`. Not who may use it (`access_settings`), nor the broker's."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from contracts.pipeline import ModelSpec
from gateway.access_settings import AccessSettings


class GatewaySettings(AccessSettings):
    """What can be set; sizes in bytes, times in seconds. Nothing here is a secret."""

    model_config = SettingsConfigDict(env_prefix="STAGECAST_", env_ignore_empty=True, frozen=True, extra="ignore")

    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 for any free one.")
    tls_cert: Path | None = Field(default=None, description="Certificate chain; with it, HTTPS and WSS are served.")
    tls_key: Path | None = Field(default=None, description="Its key, not encrypted.")
    pipelines_dir: Path | None = Field(
        default=None, description="Directory of pipeline files; ./pipelines if there is one, else the ones shipped."
    )
    outputs: str = Field(default="./outputs", description="Where results are: a directory, or s3://bucket/prefix.")
    models: dict[str, ModelSpec] = Field(
        default_factory=dict[str, ModelSpec],
        description='What model aliases stand for, as JSON: {"strong": {"use": "openai:gpt-5-mini"}}.',
    )
    max_body_bytes: int = Field(default=1024 * 1024, ge=1, description="Longest request body.")
    request_timeout_seconds: float = Field(
        default=30.0,
        gt=0,
        description="A request must have come whole in this time, and its answer may not lie untaken for as long.",
    )
    max_wait_seconds: float = Field(default=60.0, ge=0, description="Longest wait that `Prefer: wait` can ask for.")
    max_queued: int = Field(
        default=10_000, ge=0, description="Executions that may wait for a runner; 0 for any number."
    )
    ws_max_message_bytes: int = Field(default=64 * 1024, ge=1, description="Longest message of a WebSocket client.")
    ws_max_subscriptions: int = Field(default=100, ge=1, description="Executions that one socket may watch at once.")
    max_connections_per_client: int = Field(
        default=1000,
        ge=1,
        description="WebSockets of one token, or of one address where nobody has to say who they are.",
    )
    ws_max_bad_messages: int = Field(
        default=10, ge=0, description="Invalid messages in a row that a WebSocket client may send; then it is closed."
    )
    ws_messages_per_second: float = Field(
        default=50.0, gt=0, description="Messages of a WebSocket client in the long run; ten times as many at once."
    )
    ws_idle_seconds: float = Field(
        default=600.0, gt=0, description="A WebSocket that watches nothing for so long is closed."
    )
    ws_identify_seconds: float = Field(
        default=10.0, gt=0, description="How long a WebSocket client may take to say who it is, where it has to."
    )
    sse_heartbeat_seconds: float = Field(
        default=15.0, gt=0, description="After this long without an event an event stream gets a comment."
    )
    ws_deflate: bool = Field(
        default=False, description="Compress WebSocket messages for clients that can; costs processor time and memory."
    )
    ws_ping_seconds: float = Field(default=20.0, gt=0, description="A socket is pinged, and closed without an answer.")
    ws_send_timeout_seconds: float = Field(
        default=15.0, gt=0, description="A client that takes nothing for so long of what it is sent is disconnected."
    )
    silence_seconds: float = Field(
        default=15.0,
        gt=0,
        description="After this long without an event of an execution that is watched the log is read.",
    )
    shutdown_seconds: int = Field(default=5, ge=0, description="How long open requests may go on after SIGTERM.")

    def pipelines(self) -> Path:
        """Return the directory of pipeline files."""
        if self.pipelines_dir is not None:
            return self.pipelines_dir
        root = Path(__file__).parent.parent
        # Here, else those shipped in the wheel, else those of the checkout that an editable install points to.
        known = [Path("pipelines"), root / "stagecast" / "pipelines", root / "pipelines"]
        return next((place for place in known if place.is_dir()), known[0])
