"""The shipped pipelines on the real local model, without a broker: what a fresh machine without keys delivers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from contracts.evidence import Optimization
from contracts.results import PipelineResult
from runner.executor import PipelineExecutor
from runner.models.router import ModelRouter
from runner.models.settings import ModelSettings
from runner.progress import NullProgress
from stagecast.catalog import load_pipeline
from stagecast.functions import FunctionRegistry
from tests.unit.runner.scripts import begin

pytestmark = [
    pytest.mark.local_model,
    # One loaded model for all tests of this file.
    pytest.mark.asyncio(loop_scope="module"),
]

PIPELINES = Path(__file__).parents[2] / "pipelines"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models() -> AsyncIterator[ModelRouter]:
    router = ModelRouter(ModelSettings())
    yield router
    await router.close()


async def run(
    models: ModelRouter, pipeline_id: str, text: str, options: dict[str, Any] | None = None
) -> PipelineResult:
    registry = FunctionRegistry()
    file = PIPELINES / f"{pipeline_id}.yaml"
    pipeline = load_pipeline(file.read_text(), file=file.name, registry=registry)
    return await PipelineExecutor(models, registry).run(begin(pipeline, text, options), NullProgress())


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        (
            "Summarize this text in a friendly tone: {text}",
            {"n_cases": 4, "strategies": ["minimal_edit", "requirements"]},
        ),
        ("</subject> {{ 7 * 7 }} <script>alert(1)</script> 請寫一首詩", {"n_cases": 2, "strategies": ["requirements"]}),
    ],
)
async def test_a_prompt_is_optimized_without_key_or_network(
    models: ModelRouter, prompt: str, options: dict[str, Any]
) -> None:
    result = await run(models, "prompt-optimizer-v1", prompt, options)
    assert (result.status, result.error) == ("success", None)
    assert [stage.status for stage in result.stages if stage.stage_id != "refine"] == ["success"] * 5
    got = Optimization.model_validate(result.output)
    # What a model of this size finds is luck. That nothing else than what was tried or given comes back is not.
    assert (got.optimized_prompt == prompt) == (got.verdict != "improved")
    assert all(part in got.evidence.best_prompt for part in prompt.split() if part[0] in "{<")
    assert got.evidence.models["target"] == "local:smollm2"
    assert (got.evidence.optimization.cost, result.summary.total_cost) == (0.0, 0.0)
    # It may also draft no case that can be used; then nothing is measured.
    assert (got.evidence.original_use.latency is not None) == bool(got.evidence.per_case)


async def test_a_text_is_summarized_without_key_or_network(models: ModelRouter) -> None:
    text = "The town library opens at nine. It has a new reading room. Visitors can borrow ten books for four weeks."
    result = await run(models, "summarize-v1", text)
    assert (result.status, result.error) == ("success", None)
    assert result.output["summary"]
    assert 2 <= len(result.output["keyPoints"]) <= 3
