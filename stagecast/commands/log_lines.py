"""How the lines that child processes log are shown by `stagecast up`: pure functions from a line to a line."""

import json
import re
from typing import Any

import typer

_NATS_LINE = re.compile(r"^(?:\[\d+\] )?(?:\S+ \S+ )?\[(INF|WRN|ERR|FTL|DBG|TRC)\] ?(?P<text>.*)$")
_NATS_LEVELS = {"WRN": "warning", "ERR": "error", "FTL": "error"}
_COLORS = {"warning": typer.colors.YELLOW, "error": typer.colors.RED, "critical": typer.colors.RED}
_NAME_WIDTH = 9
_NOT_SHOWN = ("event", "level", "timestamp", "service", "exception")


def format_line(name: str, line: str, *, colors: bool) -> str | None:
    """Return a logged line with who logged it in front; None for what is not worth showing."""
    level, text = _read_nats(line) if name == "nats" else _read_json(line)
    if text is None:
        return None
    prefix = f"{name:<{_NAME_WIDTH}}| "
    if colors:
        prefix = typer.style(prefix, dim=True)
        text = typer.style(text, fg=_COLORS[level]) if level in _COLORS else text
    return prefix + text


def find_reason(lines: list[str]) -> str:
    """Return the last thing that looks like why a process ended, or its last line; empty when it said nothing."""
    for line in reversed(lines):
        fields = _fields(line)
        if fields.get("level") in ("error", "critical"):
            return str(fields.get("reason") or fields.get("event", ""))
        nats = _NATS_LINE.match(line)
        if nats is not None and nats[1] in ("ERR", "FTL"):
            return nats["text"]
    return lines[-1] if lines else ""


def _fields(line: str) -> dict[str, Any]:
    try:
        fields: object = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # JSON's own shape


def _read_nats(line: str) -> tuple[str, str | None]:
    found = _NATS_LINE.match(line)
    if found is None:
        return "info", line
    level = _NATS_LEVELS.get(found[1])
    return (level, f"{level:<7} {found['text']}") if level else ("info", None)  # it says a lot when it starts


def _read_json(line: str) -> tuple[str, str | None]:
    fields = _fields(line)
    if "event" not in fields:
        return "info", line
    level = str(fields.get("level", "info"))
    clock = str(fields.get("timestamp", ""))[11:19]
    rest = "".join(f" {name}={value}" for name, value in fields.items() if name not in _NOT_SHOWN)
    # The last line names the error; with STAGECAST_LOG_FORMAT=json the whole trace is passed on.
    fault = "".join(f" ({line})" for line in str(fields.get("exception", "")).splitlines()[-1:])
    return level, f"{clock} {level:<7} {str(fields['event']).strip()}{rest}{fault}"
