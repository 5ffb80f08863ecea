"""The pipeline generator on the real local model, without a broker: what it makes on a fresh machine, and that runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.pipeline import Pipeline
from contracts.results import PipelineResult
from runner.executor import PipelineExecutor
from runner.models.router import ModelRouter
from runner.models.settings import ModelSettings
from runner.progress import NullProgress
from stagecast.functions import FunctionRegistry
from stagecast.loading import load_pipeline
from tests.unit.runner.scripts import begin

pytestmark = [
    pytest.mark.local_model,
    # One loaded model for all tests of this file.
    pytest.mark.asyncio(loop_scope="module"),
]

GENERATOR = Path(__file__).parents[2] / "pipelines" / "pipeline-generator-v1.yaml"
TEXT = "The town library opens at nine. It has a new reading room. Visitors can borrow ten books for four weeks."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models() -> AsyncIterator[ModelRouter]:
    router = ModelRouter(ModelSettings())
    yield router
    await router.close()


def load(text: str) -> Pipeline:
    return load_pipeline(text, file="made.yaml", registry=FunctionRegistry())


async def run(models: ModelRouter, pipeline: Pipeline, text: str) -> PipelineResult:
    return await PipelineExecutor(models, FunctionRegistry()).run(begin(pipeline, text), NullProgress())


async def test_a_task_becomes_a_file_that_runs_to_its_end_without_key_or_network(models: ModelRouter) -> None:
    generator = load(GENERATOR.read_text())
    result = await run(models, generator, "Note the points of a news article, then sum it up in one sentence")
    assert (result.status, result.error) == ("success", None)
    assert [stage.status for stage in result.stages] == ["success", "success", "success", "skipped", "success"]
    assert (result.output["problems"], result.output["repaired"]) == ([], False)
    assert result.output["filename"] == "note-the-points-of-a-news-article.yaml"
    made = load(result.output["file"])
    assert made.primary in {"note", "points", "news", "article"}
    answered = await run(models, made, TEXT)
    assert (answered.status, answered.error) == ("success", None)
    assert answered.output
    assert answered.summary.total_cost == 0.0
