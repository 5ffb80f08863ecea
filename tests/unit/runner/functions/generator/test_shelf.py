import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.errors import MissingSetting, StagecastError, StageError
from runner.functions.generator.shelf import Shelf
from stagecast.functions import FunctionRegistry

TEXT = "id: made\nname: Made\nstages: [{id: a, call: echo}]\n"


def put(directory: Path | None, pipeline_id: str = "made", text: str = TEXT) -> str:
    return Shelf(directory).put(pipeline_id, text)


def test_a_file_is_written_whole_and_readable_for_all(tmp_path: Path) -> None:
    assert put(tmp_path) == "made.yaml"
    assert (tmp_path / "made.yaml").read_text() == TEXT
    assert stat.S_IMODE((tmp_path / "made.yaml").stat().st_mode) == 0o644
    assert [file.name for file in tmp_path.iterdir()] == ["made.yaml"]


def test_the_same_content_once_more_is_success_and_other_content_is_refused(tmp_path: Path) -> None:
    put(tmp_path)
    assert put(tmp_path) == "made.yaml"
    with pytest.raises(StageError) as caught:
        put(tmp_path, text=f"{TEXT}# more\n")
    assert caught.value.code == "exists"
    assert (tmp_path / "made.yaml").read_text() == TEXT
    assert [file.name for file in tmp_path.iterdir()] == ["made.yaml"]


@pytest.mark.parametrize(
    "pipeline_id", ["../made", "/tmp/made", "a/made", "made.yaml/x", "CON", "ü", "x" * 200, "a\x00"]
)
def test_no_id_leads_out_of_the_directory(pipeline_id: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(StageError) as caught:
        put(inside, pipeline_id)
    assert caught.value.code == "bad_id"
    assert [*tmp_path.rglob("*")] == [inside]


def _link_to_a_file(path: Path, elsewhere: Path) -> None:
    elsewhere.write_text(TEXT)
    path.symlink_to(elsewhere)


def _link_to_nothing(path: Path, elsewhere: Path) -> None:
    path.symlink_to(elsewhere)


def _directory(path: Path, elsewhere: Path) -> None:
    path.mkdir()


def _pipe(path: Path, elsewhere: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [_link_to_a_file, _link_to_nothing, _directory, _pipe])
def test_whatever_has_the_name_is_neither_followed_nor_replaced(
    make: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    inside, elsewhere = tmp_path / "inside", tmp_path / "elsewhere"
    inside.mkdir()
    make(inside / "made.yaml", elsewhere)
    before = elsewhere.read_text() if elsewhere.exists() else None
    with pytest.raises(StageError) as caught:
        put(inside)
    assert caught.value.code == "exists"
    assert (elsewhere.read_text() if elsewhere.exists() else None) == before
    assert [file.name for file in inside.iterdir()] == ["made.yaml"]


def _none(tmp_path: Path) -> Path | None:
    return None


def _missing(tmp_path: Path) -> Path | None:
    return tmp_path / "missing"


def _link(tmp_path: Path) -> Path | None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    return tmp_path / "link"


def _file(tmp_path: Path) -> Path | None:
    (tmp_path / "file").write_text("x")
    return tmp_path / "file"


@pytest.mark.parametrize("make", [_none, _missing, _link, _file])
def test_without_a_directory_of_its_own_nothing_is_saved_and_its_path_is_not_told(
    make: Callable[[Path], Path | None], tmp_path: Path
) -> None:
    directory = make(tmp_path)
    for use in (lambda: put(directory), lambda: Shelf(directory).check()):
        with pytest.raises(MissingSetting) as caught:
            use()
        assert "STAGECAST_GENERATED_DIR" in caught.value.message
        assert str(tmp_path) not in caught.value.message
    assert not [*tmp_path.rglob("made.yaml")]


def test_a_directory_that_may_not_be_written_to_is_told() -> None:
    # Not even root can write there, whom a missing permission would not stop.
    directory = Path("/proc")
    with pytest.raises(StagecastError) as caught:
        put(directory)
    assert caught.value.code == "not_saved"
    assert "/proc" not in caught.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")
def test_a_missing_permission_is_seen_before_anything_is_spent(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(MissingSetting, match="may not write"):
        Shelf(tmp_path).check()


def test_a_text_that_no_gateway_would_read_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(StageError) as caught:
        put(tmp_path, text="#" * 300_000)
    assert (caught.value.code, [*tmp_path.iterdir()]) == ("too_large", [])


def test_the_ids_in_the_directory_are_those_of_pipelines_and_of_file_names(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(TEXT)
    (tmp_path / "broken.yaml").write_text("{")
    assert Shelf(tmp_path).ids(FunctionRegistry()) == {"made", "other", "broken"}
