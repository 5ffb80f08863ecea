import os
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.errors import InvalidPipeline, PipelineNotFound, Problem
from stagecast.catalog import Catalog
from stagecast.yaml_lines import MAX_FILE_BYTES
from tests.unit.stagecast.registry import REGISTRY

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


def test_every_file_is_shown_with_what_is_wrong_in_it(catalog: Catalog, write: Write) -> None:
    write("good.yaml", text_of("good"))
    write("bad.yaml", "id: bad-v1\nname: Bad\nstages: [{id: a, call: compare, promt: x}]\n")
    write(".hidden.yaml", text_of("hidden"))
    assert [(file.filename, file.id, len(file.problems)) for file in catalog.files()] == [
        ("bad.yaml", "bad-v1", 1),
        ("good.yaml", "good", 0),
    ]
    file, text = catalog.file("bad.yaml")
    assert (file.problems[0].line, file.problems[0].path) == (3, "stages.a.promt")
    assert text.startswith("id: bad-v1\n")


def test_a_file_is_shown_as_far_as_it_can_be_read(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("id: latin\nname: Caf\u00e9\n".encode("latin-1"))
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbf" + text_of("bom").encode())
    (tmp_path / "large.yaml").write_bytes(b"id: large\n# " + b"x" * 2 * MAX_FILE_BYTES)
    latin, text = catalog.file("latin.yaml")
    assert (latin.id, text) == ("latin", "id: latin\nname: Caf\ufffd\n")
    assert latin.problems == (Problem("this is not UTF-8 text", 2),)
    bom, text = catalog.file("bom.yaml")
    assert (bom.problems, text) == ((), text_of("bom"))
    large, text = catalog.file("large.yaml")
    assert (large.id, len(large.problems), len(text)) == ("large", 1, MAX_FILE_BYTES)


@pytest.mark.parametrize("name", ["../secret.yaml", "sub/inner.yaml", ".hidden.yaml", "notes.txt", "gone.yaml", ""])
def test_a_name_leads_to_no_other_file(tmp_path: Path, name: str) -> None:
    pipelines = tmp_path / "pipelines"
    (pipelines / "sub").mkdir(parents=True)
    for written in ("secret.yaml", "pipelines/sub/inner.yaml", "pipelines/.hidden.yaml", "pipelines/notes.txt"):
        (tmp_path / written).write_text(text_of("x"))
    with pytest.raises(PipelineNotFound):
        Catalog(pipelines, REGISTRY).file(name)
    with pytest.raises(PipelineNotFound):
        Catalog(pipelines, REGISTRY).file(str(tmp_path / "secret.yaml"))
