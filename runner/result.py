"""An execution's end as the story's PipelineResult. Pure: from a state and, if there are any, the engine's records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from contracts.envelope import utc_now
from contracts.errors import ExpressionError
from contracts.events import ExecutionQueued
from contracts.pipeline import Pipeline
from contracts.results import (
    PipelineInput,
    PipelineResult,
    ResultStatus,
    StageOutcome,
    StageResult,
    StageStatus,
    Summary,
)
from contracts.state import ExecutionState
from runner.records import StageRecord, records_of
from runner.values import Json, NotJson, as_json, sentence
from stagecast.expressions import compile_structure
from stagecast.functions import add_costs
from stagecast.scope import Scope, with_own_output

_STATUS_OF: Mapping[str, StageStatus] = {
    "completed": "success",
    "skipped": "skipped",
    "failed": "failed",
    "running": "cancelled",
    "interrupted": "cancelled",
    "cancelled": "cancelled",
}
_CANCELLED = ("The execution was cancelled.", "cancelled")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an execution ended, and for `failed` and `cancelled` why."""

    status: ResultStatus
    error: str | None = None
    code: str | None = None


CANCELLED = Verdict("cancelled", *_CANCELLED)


def judge(records: Iterable[StageRecord]) -> Verdict:
    """Return the verdict over settled stages.

    Any failed stage makes it `failed`, also one whose `on_error` let others go on, and also before an early exit. The
    error told is that of the first stage in file order that stopped the rest, else of the first that failed.
    """
    known = list(records)
    failed = [record for record in known if record.phase == "failed"]
    if failed:
        told = next((record for record in failed if record.is_fatal), failed[0])
        error = sentence(f"Stage '{told.stage.id}' failed: {told.error}")
        return Verdict("failed", error, told.error_code)
    return Verdict("early_exit" if any(record.ends_early for record in known) else "success")


def build_result(
    state: ExecutionState,
    records: Mapping[str, StageRecord],
    verdict: Verdict,
    duration_ms: int,
    scope: Scope | None = None,
) -> PipelineResult:
    """Return the result; pending stages are left out of it, running ones and those cut off are listed as cancelled.

    Args:
        state: the execution that ended.
        records: its stages, by id in file order.
        verdict: how it ended. A pipeline output that cannot be rendered turns success into failure.
        duration_ms: from start to end.
        scope: what the pipeline's output is rendered from; without one there is no output.
    """
    output: Json = None
    if scope is not None and verdict.status != "cancelled":
        try:
            output = as_json(_output(state.pipeline, records, scope))
        except (ExpressionError, NotJson) as error:
            if verdict.status != "failed":
                message = sentence(f"The pipeline's output cannot be rendered: {error}")
                verdict = Verdict("failed", message, "output_error")
    stages = tuple(_stage_result(record) for record in records.values() if record.phase != "pending")
    return PipelineResult(
        execution_id=state.execution_id,
        pipeline_id=state.queued.pipeline_id,
        pipeline_version=state.pipeline.version,
        status=verdict.status,
        timestamp=state.queued.at,
        input=PipelineInput(prompt=state.queued.input, options=state.queued.options),
        output=output,
        stages=stages,
        summary=_summary(records.values(), stages, duration_ms),
        error=verdict.error,
        error_code=verdict.code,
        rerun_of=None if state.queued.rerun is None else state.queued.rerun.of,
        owner=state.queued.owner,
    )


def result_of_state(
    state: ExecutionState,
    status: ResultStatus,
    *,
    error: str | None = None,
    code: str | None = None,
    now: datetime | None = None,
) -> PipelineResult:
    """Return the result of an execution that ends without the engine, from what its log tells.

    Costs are those of the stages that ended, and of the finished calls of one in the midst. There is no pipeline
    output.
    """
    if status == "cancelled" and error is None:
        error, code = _CANCELLED
    began = state.started_at
    duration_ms = 0 if began is None else ms_between(began, now or utc_now())
    return build_result(state, records_of(state), Verdict(status, error, code), duration_ms)


def result_of_unreadable(queued: ExecutionQueued, error: Exception) -> PipelineResult:
    """Return the failed result of an execution whose log or definition cannot be understood."""
    version = queued.pipeline.get("version")
    return PipelineResult(
        execution_id=queued.execution_id,
        pipeline_id=queued.pipeline_id,
        pipeline_version=version if isinstance(version, str) else "",
        status="failed",
        timestamp=queued.at,
        input=PipelineInput(prompt=queued.input, options=queued.options),
        error=sentence(f"The execution's log cannot be read: {error}"),
        error_code="corrupt_log",
        owner=queued.owner,
    )


def ms_between(began: datetime, ended: datetime) -> int:
    """Return the milliseconds from one moment to another, 0 when the clocks disagree about the order."""
    return max(0, round((ended - began).total_seconds() * 1000))


def _output(pipeline: Pipeline, records: Mapping[str, StageRecord], scope: Scope) -> Json:
    early = next((record for record in records.values() if record.ends_early), None)
    if early is not None and early.stage.early_exit is not None:
        wanted = early.stage.early_exit.output
        if wanted is None:
            return early.output
        return compile_structure(wanted).render(with_own_output(scope, early.stage, early.output))
    if pipeline.output is not None:
        return compile_structure(pipeline.output).render(scope)
    completed = [record for record in records.values() if record.phase == "completed"]
    return completed[-1].output if completed else None


def _stage_result(record: StageRecord) -> StageResult:
    outcome = record.outcome or StageOutcome(status=_STATUS_OF[record.phase])
    return StageResult(
        stage_id=record.stage.id,
        stage_name=record.stage.title,
        status=_STATUS_OF[record.phase],
        duration=outcome.duration,
        model=outcome.model,
        cost=outcome.cost,
        input_tokens=outcome.input_tokens,
        output_tokens=outcome.output_tokens,
        output=record.output,
        reason=record.reason,
        error=record.error,
        error_code=record.error_code,
        reused_from=outcome.reused_from,
    )


def _summary(records: Iterable[StageRecord], stages: Iterable[StageResult], duration_ms: int) -> Summary:
    rows = list(stages)
    return Summary(
        stages_run=sum(record.has_started and record.phase != "pending" for record in records),
        stages_skipped=sum(row.status == "skipped" for row in rows),
        stages_failed=sum(row.status == "failed" for row in rows),
        total_duration=duration_ms,
        total_cost=reduce(add_costs, (row.cost for row in rows), 0.0),
        total_input_tokens=sum(row.input_tokens for row in rows),
        total_output_tokens=sum(row.output_tokens for row in rows),
    )
