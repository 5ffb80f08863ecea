"""What the tests of the dashboard's form know of the shipped pipelines."""

import json
from pathlib import Path

from stagecast.functions import FunctionRegistry
from stagecast.loading import load_file

HERE = Path(__file__).parent
PIPELINES = HERE.parents[1] / "pipelines"


def test_the_form_is_tested_with_the_inputs_that_the_shipped_pipelines_have() -> None:
    registry = FunctionRegistry()
    pipelines = [load_file(file, registry) for file in sorted(PIPELINES.glob("*.yaml"))]
    shipped = {
        pipeline.id: {
            "primary": pipeline.primary,
            "inputs": pipeline.input_schemas,
            "$defs": pipeline.defs,
            "models": {alias: spec.use for alias, spec in pipeline.models.items()},
        }
        for pipeline in pipelines
    }
    assert json.loads((HERE / "dashboard" / "pipelines.json").read_text()) == shipped
