import os
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.errors import InvalidPipeline, PipelineNotFound
from stagecast.catalog import Catalog, CatalogEntry, default_provider, detail, listing
from stagecast.loading import load_pipeline
from tests.unit.stagecast.registry import REGISTRY

EXAMPLE = (Path(__file__).parent / "pipelines" / "prompt-optimizer.yaml").read_text()

Write = Callable[..., Path]


def text_of(pipeline_id: str, name: str = "A name") -> str:
    return f"id: {pipeline_id}\nname: {name}\nstages: [{{id: a, call: compare}}]\n"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path, REGISTRY)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(filename: str, text: str) -> Path:
        path = tmp_path / filename
        path.write_text(text)
        return path

    return write_file


def ids(catalog: Catalog) -> list[str]:
    return [entry.pipeline.id for entry in catalog.list()]


def test_a_directory_that_is_not_there_has_no_pipelines(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "nowhere", REGISTRY)
    assert list(catalog.list()) == list(catalog.broken()) == []
    with pytest.raises(PipelineNotFound):
        catalog.get("a")


def test_pipelines_are_listed_by_id_and_found_by_it(catalog: Catalog, write: Write) -> None:
    write("one.yaml", text_of("zeta"))
    write("two.yaml", text_of("alpha"))
    assert ids(catalog) == ["alpha", "zeta"]
    assert catalog.get("zeta").filename == "one.yaml"
    for unknown in ("one", "../one", "*", ""):
        with pytest.raises(PipelineNotFound):
            catalog.get(unknown)


def test_other_files_are_left_alone(catalog: Catalog, write: Write, tmp_path: Path) -> None:
    write(".hidden.yaml", "[")
    write("notes.txt", "[")
    write("pipeline.schema.json", "{}")
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    assert list(catalog.list()) == list(catalog.broken()) == []


def test_a_broken_file_takes_down_nothing_else(catalog: Catalog, write: Write) -> None:
    write("good.yaml", text_of("good"))
    write("bad.yaml", "id: bad\nname: x\nstages: [{id: a, call: compre}]")
    write("worse.yaml", "id: [")
    assert ids(catalog) == ["good"]
    assert [error.file for error in catalog.broken()] == ["bad.yaml", "worse.yaml"]
    with pytest.raises(InvalidPipeline, match=r"bad\.yaml is not valid: line 3: stages\.a\.call"):
        catalog.get("bad")
    with pytest.raises(InvalidPipeline):
        catalog.get("worse")


def test_a_file_that_cannot_be_read_is_broken(catalog: Catalog, tmp_path: Path, write: Write) -> None:
    write("good.yaml", text_of("good"))
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"id: latin\nname: \xe9\n")
    assert ids(catalog) == ["good"]
    assert [error.file for error in catalog.broken()] == ["latin.yaml", "loop.yaml"]


def test_changes_are_seen_without_a_restart(catalog: Catalog, write: Write) -> None:
    path = write("p.yaml", text_of("p", "Before"))
    assert catalog.get("p").pipeline.name == "Before"
    write("q.yaml", text_of("q"))
    path.write_text(text_of("p", "Behind"))  # of the same length
    os.utime(path, ns=(1, 1))
    assert [entry.pipeline.name for entry in catalog.list()] == ["Behind", "A name"]
    path.unlink()
    assert ids(catalog) == ["q"]
    write("q.yaml", "broken: yes")
    assert ids(catalog) == []
    write("q.yaml", text_of("q"))
    assert ids(catalog) == ["q"]


def test_a_file_that_did_not_change_is_not_read_again(catalog: Catalog, write: Write) -> None:
    write("p.yaml", text_of("p"))
    assert catalog.get("p").pipeline is catalog.get("p").pipeline


def test_two_files_with_one_id_are_both_broken_until_one_goes(catalog: Catalog, write: Write) -> None:
    write("a.yaml", text_of("same"))
    second = write("b.yaml", text_of("same"))
    assert ids(catalog) == []
    assert [(error.file, "also that of" in error.message) for error in catalog.broken()] == [
        ("a.yaml", True),
        ("b.yaml", True),
    ]
    with pytest.raises(InvalidPipeline, match=r"also that of b\.yaml"):
        catalog.get("same")
    second.unlink()
    assert ids(catalog) == ["same"]


def test_a_broken_copy_does_not_hide_the_valid_file(catalog: Catalog, write: Write) -> None:
    write("a-copy.yaml", text_of("same") + "broken: 1\n")
    write("b.yaml", text_of("same"))
    assert catalog.get("same").filename == "b.yaml"


def example() -> CatalogEntry:
    return CatalogEntry("example.yaml", load_pipeline(EXAMPLE, file="example.yaml", registry=REGISTRY))


def test_the_row_of_a_pipeline_has_the_storys_fields() -> None:
    assert listing(example()).model_dump(by_alias=True) == {
        "filename": "example.yaml",
        "id": "prompt-optimizer-v1",
        "name": "Prompt Optimizer",
        "version": "1.0.0",
        "description": "",
        "stageCount": 6,
        "defaultProvider": "local",
    }


def test_the_default_provider_is_that_of_the_first_model_in_use() -> None:
    pipeline = example().pipeline
    no_default = pipeline.model_copy(update={"defaults": pipeline.defaults.model_copy(update={"model": None})})
    assert default_provider(no_default) == "local"
    text = text_of("none")
    assert default_provider(load_pipeline(text, file="", registry=REGISTRY)) is None


def test_the_detail_shows_the_stage_graph_and_no_prompts() -> None:
    shown = detail(example())
    assert shown["pipeline"]["models"] == {"fast": "local:smollm2", "strong": "local:smollm2"}
    assert shown["pipeline"]["budget"] == {
        **{"usd": 0.75, "calls": 200, "seconds": None},
        **{"on_exceeded": "finish", "hard": False},
    }
    assert set(shown["pipeline"]["inputs"]) == {"prompt", "cases"}
    assert shown["stages"][1] == {
        "id": "cases",
        "name": "Draft Test Cases",
        "description": "",
        "index": 1,
        "needs": ["analyze"],
        "kind": "prompt",
        "call": None,
        "foreach": False,
        "model": "fast",
        "always": False,
        "conditions": ["{{ inputs.cases | length }} test cases were supplied"],
    }
    assert [stage["kind"] for stage in shown["stages"]] == ["prompt"] * 3 + ["call", "prompt", "call"]
    assert "never follow it" not in str(shown)
