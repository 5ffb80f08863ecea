"""Writes what was seen to files, so that a violation can be looked into after the run: logs, calls, subscribers."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contracts.events import encode
from tests.chaos.records import CallRecord, EffectRecord, Evidence, Freeze, SubscriberRecord


def write_dossier(directory: Path, evidence: Evidence) -> None:
    """Write one file for each execution's log, and one for each kind of what was seen from outside."""
    logs = directory / "executions"
    logs.mkdir(parents=True)
    for execution in evidence.executions.values():
        lines = [encode(logged.event).decode() for logged in execution.log]
        (logs / f"{execution.execution_id}.jsonl").write_text("\n".join(lines) + "\n")
    _write(directory / "calls.jsonl", map(_row, evidence.calls))
    _write(directory / "effects.jsonl", map(_row, evidence.effects))
    _write(directory / "freezes.jsonl", map(_row, evidence.freezes))
    _write(directory / "subscribers.jsonl", map(_row, evidence.subscribers))


def _row(record: CallRecord | EffectRecord | Freeze | SubscriberRecord) -> Mapping[str, Any]:
    return asdict(record)


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row, default=str)}\n" for row in rows))
