"""Runs a pipeline a few times on made-up answers: what the loader cannot see, such as a comparison of text and number.

No model is asked and nothing is told or kept. Only pipelines of prompts are rehearsed: a function might do something.
"""

import asyncio
import json
from collections.abc import Callable

from contracts.errors import Problem
from contracts.events import ExecutionQueued
from contracts.ids import new_execution_id
from contracts.pipeline import ModelSpec, Pipeline
from contracts.state import ExecutionState
from runner.executor import PipelineExecutor
from runner.functions.generator.samples import SAMPLE, sample_of
from runner.models.client import ModelReply, ModelRequest
from runner.progress import NullProgress
from runner.timing import Timing
from stagecast.functions import FunctionRegistry

_VARIANTS = 3
_TIMEOUT_SECONDS = 20.0
_INPUT = " ".join([SAMPLE] * 20)  # longer than any answer, as checks of growth compare with it


async def rehearse(pipeline: Pipeline, registry: FunctionRegistry) -> list[Problem]:
    """Return what went wrong; empty where every run came to a good end.

    Raises:
        ValueError: a stage calls a function.
    """
    if any(stage.call is not None for stage in pipeline.stages):
        raise ValueError("a pipeline with functions is not rehearsed")
    found: dict[str, None] = {}
    for variant in range(_VARIANTS):
        executor = PipelineExecutor(_MadeUp(variant), registry, timing=Timing(sleep=_pass))
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                result = await executor.run(_begin(pipeline, variant), NullProgress())
        except TimeoutError:
            return [Problem("a rehearsal with made-up answers did not come to an end")]
        if result.error is not None:
            found[result.error] = None
    return [Problem(f"in a rehearsal with made-up answers: {error}") for error in found]


class _MadeUp:
    """A model client that answers whatever fits the schema."""

    def __init__(self, variant: int) -> None:
        self._variant = variant

    async def prepare(self, spec: ModelSpec) -> None:
        """Nothing takes long."""

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Answer."""
        value = sample_of(request.schema, self._variant)
        text = value if isinstance(value, str) else json.dumps(value)
        return ModelReply(text, value, request.spec.use, 0, 0, 0.0)

    def is_priced(self, spec: ModelSpec) -> bool:
        """Nothing costs anything here."""
        return True

    async def close(self) -> None:
        """Nothing to free."""


def _begin(pipeline: Pipeline, variant: int) -> ExecutionState:
    others = {name: schema for name, schema in pipeline.input_schemas.items() if name != pipeline.primary}
    # The first time with the defaults, as most runs will be.
    options = {name: sample_of(schema, variant) for name, schema in others.items()} if variant else {}
    queued = ExecutionQueued(
        execution_id=new_execution_id(),
        seq=0,
        pipeline_id=pipeline.id,
        pipeline=pipeline.snapshot(),
        input=_INPUT,
        options=options,
    )
    return ExecutionState.begin(queued)


async def _pass(_seconds: float, /) -> None:
    await asyncio.sleep(0)
