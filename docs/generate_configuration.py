"""Writes docs/configuration.md, and the short table in README.md, from the settings classes: `make docs`."""

from pathlib import Path

from pydantic_settings import BaseSettings

from gateway.access_settings import AccessSettings
from gateway.settings import GatewaySettings
from runner.functions.generator.settings import GeneratorSettings
from runner.models.settings import ModelSettings
from runner.settings import RunnerSettings
from stagecast.broker_settings import BrokerSettings
from stagecast.telemetry import LogSettings as TelemetrySettings
from stagecast.topology import LogSettings

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"

SECTIONS: list[tuple[str, list[type[BaseSettings]]]] = [
    ("Broker and log (gateway and runner)", [BrokerSettings, LogSettings]),
    ("Gateway", [GatewaySettings]),
    ("Gateway: where it listens, and who may use it", [AccessSettings]),
    ("Runner", [RunnerSettings, ModelSettings, GeneratorSettings]),
    ("Logging (gateway and runner)", [TelemetrySettings]),
]
MOST_USED = [
    "STAGECAST_NATS_URL",
    "STAGECAST_HOST",
    "STAGECAST_PORT",
    "STAGECAST_PIPELINES_DIR",
    "STAGECAST_OUTPUTS",
    "STAGECAST_MODELS",
    "STAGECAST_CONCURRENCY",
    "STAGECAST_LOCAL_THREADS",
    "STAGECAST_LOG_LEVEL",
]


def rows_of(kind: type[BaseSettings]) -> list[tuple[str, str, str]]:
    """Return name, default and meaning of each setting of a class, inherited ones left out."""
    prefix = str(kind.model_config.get("env_prefix", ""))
    rows: list[tuple[str, str, str]] = []
    for name in kind.__annotations__:
        field = kind.model_fields.get(name)
        if field is None:
            continue
        is_unset = field.default in (None, ()) or field.default_factory is not None
        default = "" if is_unset else str(field.default)
        if not field.description:
            raise ValueError(f"{kind.__name__}.{name} has no description")
        rows.append((f"{prefix}{name}".upper(), default, field.description))
    return rows


def table(rows: list[tuple[str, str, str]]) -> str:
    """Write rows as a Markdown table."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |" for name, default, meaning in rows]
    return "\n".join(lines)


def configuration() -> str:
    """Return the text of docs/configuration.md."""
    parts = [
        "# Configuration",
        "Everything is set by environment variables. A value that does not hold stops the service with a sentence that "
        "names the variable. This page is written from the settings' own descriptions (`make docs`).",
    ]
    for title, kinds in SECTIONS:
        parts += [f"## {title}", table([row for kind in kinds for row in rows_of(kind)])]
    parts += [
        "## Keys of model providers",
        "`OPENAI_API_KEY` and `ANTHROPIC_API_KEY`, and any `…_API_KEY` that a pipeline names with `api_key_env`: set "
        "them for the runners. Runners tell the gateways the names of the keys they have, never the keys.",
        "## Command line",
        "`STAGECAST_YES=1` makes `stagecast run` not ask what it may cost. "
        "`STAGECAST_URL` is the gateway that the commands talk to; `http://127.0.0.1:8000` when unset. "
        "`STAGECAST_TLS_CA` is the certificate authority of an `https://` one, where this machine does not know it.",
    ]
    return "\n\n".join(parts) + "\n"


def readme() -> str:
    """Return README.md with its short table brought up to date."""
    text = (ROOT / "README.md").read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    known = {row[0]: row for _, kinds in SECTIONS for kind in kinds for row in rows_of(kind)}
    return f"{before}{BEGIN}\n{table([known[name] for name in MOST_USED])}\n{END}{after}"


if __name__ == "__main__":
    (ROOT / "docs" / "configuration.md").write_text(configuration())
    (ROOT / "README.md").write_text(readme())
