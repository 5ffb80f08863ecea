"""A comparison on the toy task with the simulated model, as the tests run it."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from runner.benchmark.comparison import Comparison, Outcome, Terms
from runner.benchmark.method import Method
from runner.benchmark.pipeline_method import PipelineMethod
from runner.benchmark.rewriting import original
from runner.benchmark.task import Split
from runner.benchmark.toy import toy_task
from stagecast.catalog import load_pipeline
from stagecast.functions import FunctionRegistry
from tests.unit.runner.benchmark.pupil import INSTRUCTIONS, MODELS, Pupil

needs_peers = pytest.mark.skipif(
    find_spec("dspy") is None or find_spec("gepa") is None,
    reason="the compared optimizers are not installed: pip install 'stagecast[peers]'",
)
SIZES = Split(train=24, test=24)
PIPELINES = Path(__file__).parents[4] / "pipelines"


def shipped() -> PipelineMethod:
    """The method that is ours."""
    registry = FunctionRegistry()
    file = PIPELINES / "prompt-optimizer-v1.yaml"
    return PipelineMethod(load_pipeline(file.read_text(), file=file.name, registry=registry), registry)


async def compare(pupil: Pupil, methods: dict[str, Method], *, budget: int = 200, seeds: int = 1) -> list[Outcome]:
    """Compare methods with the original."""
    comparison = Comparison(pupil, Terms(MODELS, budget), {"original": original, **methods}, lambda line: None)
    await comparison.run([(toy_task(INSTRUCTIONS, seed, SIZES), seed) for seed in range(seeds)])
    return comparison.outcomes
