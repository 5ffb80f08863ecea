"""The other side of `bench.runs`: the same pipeline as plain asyncio tasks in this one process, without a broker.

    python -m bench.plain_runs --seconds 3 --in-flight 50

Same pipeline file, same functions, the engine itself; nothing is stored, told or sent. Prints one line of JSON.
"""

import argparse
import asyncio
import json
import time

import uvloop

from contracts.events import ExecutionQueued
from contracts.ids import new_execution_id
from contracts.pipeline import Pipeline
from contracts.state import ExecutionState, StageState
from runner.executor import PipelineExecutor
from runner.models.router import ModelRouter
from runner.models.settings import ModelSettings
from runner.progress import NullProgress
from stagecast.catalog import Catalog
from stagecast.functions import FunctionRegistry
from tests.processes import REPOSITORY

PIPELINE = "echo-v1"
INPUT = "hello"
_WARM_UP_RUNS = 50


def begin(pipeline: Pipeline) -> ExecutionState:
    """Return the state that a run starts from; the pipeline was loaded once, as a plain program would."""
    queued = ExecutionQueued(
        execution_id=new_execution_id(), seq=0, pipeline_id=pipeline.id, pipeline={}, input=INPUT, options={}
    )
    return ExecutionState(
        queued=queued,
        pipeline=pipeline,
        stages={stage.id: StageState(stage.id, stage.title) for stage in pipeline.stages},
    )


async def measure(seconds: float, in_flight: int) -> dict[str, float]:
    """Run for so long, this many at a time, then one by one; return runs a second and milliseconds of one alone."""
    registry = FunctionRegistry()
    pipeline = Catalog(REPOSITORY / "pipelines", registry).get(PIPELINE).pipeline
    executor = PipelineExecutor(ModelRouter(ModelSettings()), registry)

    async def run() -> float:
        began = time.perf_counter()
        result = await executor.run(begin(pipeline), NullProgress())
        if result.status != "success":
            raise RuntimeError(f"a run ended as {result.status}")
        return time.perf_counter() - began

    async def run_until(end: float) -> int:
        count = 0
        while time.perf_counter() < end:
            await run()
            count += 1
        return count

    for _ in range(_WARM_UP_RUNS):
        await run()
    began, used = time.perf_counter(), time.process_time()
    counts = await asyncio.gather(*(run_until(began + seconds) for _ in range(in_flight)))
    took, used = time.perf_counter() - began, time.process_time() - used
    alone = sorted([await run() for _ in range(_WARM_UP_RUNS)])
    return {
        "runs_per_second": sum(counts) / took,
        "cpu_us_per_run": used / sum(counts) * 1e6,
        "alone_ms": alone[len(alone) // 2] * 1000,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--in-flight", type=int, default=50)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(measure(options.seconds, options.in_flight))))


if __name__ == "__main__":
    main()
