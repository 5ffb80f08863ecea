import json
from pathlib import Path

import pytest

from contracts.errors import InvalidInput
from stagecast.commands.init import init
from stagecast.commands.schemas import pipeline_schema
from stagecast.commands.validate import validate
from stagecast.functions import FunctionRegistry
from stagecast.loading import load_file


@pytest.mark.parametrize("name", ["my-pipeline", "2024", "true", "null", "0x1F", "1e3", "a_b"])
def test_what_is_written_is_valid_and_has_the_name(name: str, tmp_path: Path) -> None:
    path = init(name, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / f"{name}.yaml"
    assert validate([path]) == 0
    assert load_file(path, FunctionRegistry()).id == name


def test_it_runs_on_the_local_model_without_a_key(tmp_path: Path) -> None:
    pipeline = load_file(init("p", tmp_path), FunctionRegistry({}, {}))
    assert {spec.use for spec in pipeline.models.values()} == {"local:smollm2"}
    assert [spec.required_key for spec in pipeline.models.values()] == [None]


def test_editors_find_the_schema_beside_it(tmp_path: Path) -> None:
    path = init("p", tmp_path)
    line = path.read_text().splitlines()[0]
    assert line == "# yaml-language-server: $schema=./pipeline.schema.json"
    assert json.loads((tmp_path / "pipeline.schema.json").read_text()) == json.loads(pipeline_schema())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("mine")
    with pytest.raises(InvalidInput, match="exists already"):
        init("p", tmp_path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a.b", "-a", "a b", "x" * 101])
def test_a_name_that_cannot_be_an_id_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="letters, digits"):
        init(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot be written"):
        init("p", tmp_path / "file" / "below")
