"""A run as rows to be drawn, whatever its pipeline: facts, stages, what it delivered. Not how they look."""

import json
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from contracts.evidence import Optimization
from contracts.results import PipelineResult, ResultStatus, StageResult, StageStatus
from stagecast.report.figures import fraction
from stagecast.wording import has_cost, word_cost, word_duration, word_tokens

STATUS_WORDS: dict[ResultStatus, str] = {
    "success": "succeeded",
    "early_exit": "ended early, as planned",
    "failed": "failed",
    "cancelled": "was cancelled",
}
STATUS_SYMBOLS: dict[ResultStatus, str] = {"success": "✓", "early_exit": "✓", "failed": "✕", "cancelled": "■"}
STAGE_WORDS: dict[StageStatus, str] = {
    "success": "done",
    "skipped": "skipped",
    "failed": "failed",
    "cancelled": "cancelled",
}
STAGE_SYMBOLS: dict[StageStatus, str] = {"success": "✓", "skipped": "-", "failed": "✕", "cancelled": "■"}
_LONG_TEXT = 80  # characters; from here on a text in an object is shown as text and not as JSON


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of a run.

    Attributes:
        about: who answered, or why it did not run or failed.
        duration, cost, tokens: empty where there is nothing to say.
        duration_part, cost_part: the lengths of their bars, from 0 to 1.
    """

    name: str
    status: StageStatus
    about: str
    duration: str
    duration_part: float
    cost: str
    cost_part: float
    tokens: str


@dataclass(frozen=True, slots=True)
class Block:
    """A part of an output: text to be read, or JSON."""

    title: str
    text: str
    is_json: bool = False


def facts_of(result: PipelineResult) -> list[tuple[str, str]]:
    """Return what is to be said of a run in a word each."""
    summary = result.summary
    facts = [
        ("Status", f"{STATUS_SYMBOLS[result.status]} {STATUS_WORDS[result.status]}"),
        ("Submitted", f"{result.timestamp:%Y-%m-%d %H:%M} UTC"),
        ("Duration", word_duration(summary.total_duration)),
        ("Cost", _word_total_cost(result)),
        ("Tokens", word_tokens(summary.total_input_tokens, summary.total_output_tokens) or "none"),
    ]
    return [*facts, ("Submitted by", result.owner)] if result.owner else facts


def stage_rows(result: PipelineResult) -> list[StageRow]:
    """Return the stages in their order."""
    longest = max((stage.duration for stage in result.stages), default=0)
    dearest = max((stage.cost or 0 for stage in result.stages), default=0)
    return [_stage_row(stage, longest, dearest) for stage in result.stages]


def optimization_of(result: PipelineResult) -> Optimization | None:
    """Return the output as the optimization that it is; None when it is something else."""
    output: object = result.output
    if not isinstance(output, dict):
        return None
    try:
        return Optimization.model_validate(output)
    except ValidationError:
        return None


def blocks_of(output: Any) -> list[Block]:  # Any: whatever a pipeline delivers
    """Return an output as blocks to read: text as it is, an object's long texts by name, all else as JSON."""
    if output is None:
        return []
    if isinstance(output, str):
        return [Block("", output)]
    if not isinstance(output, dict):
        return [Block("", _as_json(output), is_json=True)]
    rest = dict(cast("dict[str, Any]", output))
    texts = {key: value for key, value in rest.items() if isinstance(value, str) and _is_prose(value)}
    if len(rest) == 1 and all(isinstance(value, str) for value in rest.values()):
        texts = cast("dict[str, str]", rest)
    blocks = [Block(key, text) for key, text in texts.items()]
    others = {key: value for key, value in rest.items() if key not in texts}
    return [*blocks, Block("", _as_json(others), is_json=True)] if others or not blocks else blocks


def options_of(result: PipelineResult) -> str:
    """Return the options that were submitted as JSON; empty when there were none."""
    return _as_json(result.input.options) if result.input.options else ""


def _is_prose(text: str) -> bool:
    return len(text) > _LONG_TEXT or "\n" in text


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _stage_row(stage: StageResult, longest: int, dearest: float) -> StageRow:
    has_run = stage.status != "skipped"
    reused = f"reused from {stage.reused_from}" if stage.reused_from else ""
    about = [stage.error or "", stage.reason or "", reused, stage.model or ""]
    return StageRow(
        name=stage.stage_name,
        status=stage.status,
        about=" · ".join(part for part in about if part),
        duration=word_duration(stage.duration) if has_run else "",
        duration_part=fraction(stage.duration, longest),
        cost=word_cost(stage.cost) if has_run and has_cost(stage) else "",
        cost_part=fraction(stage.cost, dearest),
        tokens=word_tokens(stage.input_tokens, stage.output_tokens),
    )


def _word_total_cost(result: PipelineResult) -> str:
    """Word what a run cost; where a part of it is unknown, what is known of it."""
    total = result.summary.total_cost
    if total is not None:
        return word_cost(total)
    known = sum(stage.cost for stage in result.stages if stage.cost is not None and stage.reused_from is None)
    return word_cost(known, is_complete=False)
