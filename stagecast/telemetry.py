"""Structured logs: readable on a terminal, JSON elsewhere, the execution id in each line. No metrics here."""

import logging
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, Literal, TextIO, cast

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from stagecast.redaction import redact

_SECRET_WORDS = ("api_key", "password", "secret", "token", "authorization", "credential")
_HARMLESS = ("input_tokens", "output_tokens", "max_tokens", "total_tokens")  # counts, not credentials
_QUIET_LIBRARIES = ("httpx", "httpx2", "httpcore", "httpcore2", "nats", "openai", "anthropic", "asyncio", "websockets")


class LogSettings(BaseSettings):
    """How logs look. Environment: `STAGECAST_LOG_LEVEL`, `STAGECAST_LOG_FORMAT`."""

    model_config = SettingsConfigDict(env_prefix="STAGECAST_LOG_", frozen=True)

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning, error."
    )
    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto is console on a terminal and json elsewhere."
    )


def mask_secrets(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of fields whose name speaks of a secret."""
    for name in line:
        if _speaks_of_secret(name):
            line[name] = "***"
    return line


@lru_cache(maxsize=1024)
def _speaks_of_secret(name: str) -> bool:
    return name not in _HARMLESS and any(word in name.lower() for word in _SECRET_WORDS)


def configure_logging(service: str, settings: LogSettings | None = None) -> None:
    """Send this process's logs, the standard library's included, to stderr in one form.

    Ours are written straight away: the way through the standard library's loggers costs three times as much.

    Args:
        service: `gateway`, `runner` or `stagecast`; a field of every line.
        settings: read from the environment when left out.
    """
    settings = settings or LogSettings()
    use_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]
    renderer: list[structlog.types.Processor] = (
        [_service_field(service), structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if use_json
        # A plain trace: the default one shows local variables, where tokens and keys are.
        else [structlog.dev.ConsoleRenderer(sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    )
    # A trace is made last, so the line is looked at for secrets as it is written.
    renderer[-1] = _redacted(renderer[-1])
    structlog.configure(
        processors=[*shared, *renderer],
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Forgiving(sys.stderr))),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _redacted(renderer: structlog.types.Processor) -> structlog.types.Processor:
    """Mask secrets in the line as it is written: so a trace, which is made last, is looked at, too."""

    def render(logger: object, method: str, line: MutableMapping[str, Any]) -> str:
        return redact(str(renderer(logger, method, line)))

    return render


class _Forgiving:
    """A stream that loses what it cannot write: a log that nobody reads any more must not end an execution."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return 0

    def flush(self) -> None:
        """Hand what was written to the system."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return


def _service_field(service: str) -> structlog.types.Processor:
    def add(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line["service"] = service
        return line

    return add
