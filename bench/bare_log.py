"""The log as a bench writes it: real appends of made-up executions, without a runner."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager

from contracts.envelope import StageRef
from contracts.events import (
    ExecutionCompleted,
    ExecutionQueued,
    ExecutionStarted,
    LogEvent,
    StageCompleted,
    StageStarted,
)
from contracts.ids import new_execution_id, output_filename
from contracts.journal import ExecutionEnding
from contracts.pipeline import Pipeline
from contracts.results import PipelineInput, PipelineResult, StageOutcome, StageResult, Summary
from stagecast.broker import Broker, BrokerSettings
from stagecast.catalog import Catalog
from stagecast.functions import FunctionRegistry
from stagecast.jetstream_log import JetStreamLog, LogSettings
from tests.processes import REPOSITORY

PIPELINE = "echo-v1"
_INPUT = "hello"
_RUNNER = "bench"


@asynccontextmanager
async def opened_log(url: str) -> AsyncGenerator[JetStreamLog]:
    """Connect to a broker as long as the context lasts."""
    broker = Broker(BrokerSettings(nats_url=url), name="bench")
    await broker.start()
    await broker.wait_ready(10)
    log = JetStreamLog(broker, LogSettings())
    await log.open()
    try:
        yield log
    finally:
        await log.close()
        await broker.close()


def load_pipeline() -> Pipeline:
    """Return the pipeline that the executions are of."""
    return Catalog(REPOSITORY / "pipelines", FunctionRegistry()).get(PIPELINE).pipeline


def beginning_of(execution_id: str, pipeline: Pipeline) -> list[LogEvent]:
    """Return the first two events of an execution: submitted, claimed."""
    stages = tuple(StageRef(id=stage.id, name=stage.title) for stage in pipeline.stages)
    return [
        ExecutionQueued(
            execution_id=execution_id, seq=0, pipeline_id=pipeline.id, pipeline=pipeline.snapshot(), input=_INPUT
        ),
        ExecutionStarted(
            execution_id=execution_id,
            seq=1,
            pipeline_id=pipeline.id,
            pipeline_name=pipeline.name,
            pipeline_version=pipeline.version,
            stages=stages,
            total=len(stages),
            runner=_RUNNER,
        ),
    ]


def stage_started(execution_id: str, pipeline: Pipeline, seq: int, index: int = 0) -> StageStarted:
    """Return the event that a stage begins; it may come again and again, as after lost runners."""
    stage = pipeline.stages[index]
    ref = StageRef(id=stage.id, name=stage.title)
    return StageStarted(execution_id=execution_id, seq=seq, stage=ref, index=index, total=len(pipeline.stages))


def whole_execution(pipeline: Pipeline) -> Sequence[LogEvent]:
    """Return all events of an execution that has ended, as a runner stores them."""
    execution_id = new_execution_id()
    events = [*beginning_of(execution_id, pipeline), *_stages(execution_id, pipeline)]
    rows = tuple(
        StageResult(stage_id=stage.id, stage_name=stage.title, status="success", output={"stage": index + 1})
        for index, stage in enumerate(pipeline.stages)
    )
    result = PipelineResult(
        execution_id=execution_id,
        pipeline_id=pipeline.id,
        pipeline_version=pipeline.version,
        status="success",
        timestamp=events[0].at,
        input=PipelineInput(prompt=_INPUT),
        output={"text": _INPUT, "stages": len(rows)},
        stages=rows,
        summary=Summary(stages_run=len(rows)),
    )
    seq = len(events)
    filename = output_filename(pipeline.id, execution_id)
    events.append(ExecutionEnding(execution_id=execution_id, seq=seq, result=result))
    events.append(ExecutionCompleted(execution_id=execution_id, seq=seq + 1, result=result, filename=filename))
    return events


def _stages(execution_id: str, pipeline: Pipeline) -> Iterator[LogEvent]:
    total = len(pipeline.stages)
    for index, stage in enumerate(pipeline.stages):
        yield stage_started(execution_id, pipeline, 2 + 2 * index, index)
        yield StageCompleted(
            execution_id=execution_id,
            seq=3 + 2 * index,
            stage=StageRef(id=stage.id, name=stage.title),
            index=index,
            total=total,
            result=StageOutcome(status="success", output={"stage": index + 1}),
        )


async def fill(log: JetStreamLog, count: int, *, in_flight: int = 64) -> list[str]:
    """Append whole executions, so many side by side; return their ids."""
    pipeline = load_pipeline()
    ids: list[str] = []

    async def fill_some() -> None:
        while len(ids) < count:
            events = whole_execution(pipeline)
            ids.append(events[0].execution_id)
            for event in events:
                await log.append(event)

    await asyncio.gather(*(fill_some() for _ in range(in_flight)))
    return ids
