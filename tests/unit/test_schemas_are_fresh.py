import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.envelope import BaseEvent, StageRef
from contracts.events import EVENT_TYPES, ExecutionCancelRequested, StageStarted, encode
from contracts.ids import new_execution_id
from stagecast.commands.schemas import event_schema, pipeline_schema, schema_files, write_schemas
from stagecast.yaml_lines import read_yaml

ROOT = Path(__file__).parent.parent.parent
PIPELINES = [
    *sorted((ROOT / "pipelines").glob("*.yaml")),
    ROOT / "tests" / "unit" / "stagecast" / "pipelines" / "prompt-optimizer.yaml",
]


@pytest.mark.parametrize("name", schema_files())
def test_the_schema_in_the_repository_is_that_of_the_models(name: str) -> None:
    assert (ROOT / name).read_text() == schema_files()[name], "run `python -m stagecast.commands.schemas`"


def test_writing_makes_every_file(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")} == set(schema_files())


def faults(schema: str, value: Any) -> list[str]:
    definition = json.loads(schema)
    Draft202012Validator.check_schema(definition)
    validator = Draft202012Validator(definition)
    return [str(fault.message) for fault in validator.iter_errors(value)]  # pyright: ignore[reportUnknownMemberType]  # untyped


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_every_pipeline_fits_the_schema_that_editors_use(path: Path) -> None:
    assert faults(pipeline_schema(), read_yaml(path.read_text()).value) == []


def test_the_schema_refuses_what_the_format_does_not_know() -> None:
    assert faults(pipeline_schema(), {"id": "a", "name": "b", "stages": [{"id": "a"}]})
    assert faults(pipeline_schema(), {"id": "a", "name": "b", "stages": [{"id": "a", "call": "f"}], "x": 1})


def test_events_fit_their_schema_as_they_are_written() -> None:
    execution_id = new_execution_id()
    events: list[BaseEvent] = [
        ExecutionCancelRequested(execution_id=execution_id, seq=3),
        StageStarted(execution_id=execution_id, seq=4, stage=StageRef(id="a", name="A"), index=0, total=1),
    ]
    for event in events:
        assert faults(event_schema(), json.loads(encode(event))) == []
    assert faults(event_schema(), {"type": "stage:started", "executionId": execution_id})


def test_every_event_is_in_the_schema() -> None:
    assert set(json.loads(event_schema())["discriminator"]["mapping"]) == set(EVENT_TYPES)
