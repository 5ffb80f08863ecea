from pathlib import Path

import pytest

from contracts.results import PipelineResult
from runner.functions.generator.save import save_pipeline
from tests.unit.runner.functions.generator.runs import run
from tests.unit.runner.scripts import Bench, begin, call, definition, resume

TEXT = "id: made\nname: Made\nstages: [{id: a, call: echo}]\n"


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("STAGECAST_GENERATED_DIR", str(tmp_path))
    return tmp_path


def names_in(directory: Path) -> list[str]:
    return [file.name for file in directory.rglob("*")]


async def save(pipeline_id: str = "made", file: str = TEXT) -> PipelineResult:
    return (await run("save_pipeline", pipeline_id=pipeline_id, file=file))[0]


async def test_a_file_is_saved_under_its_id(directory: Path) -> None:
    result = await save()
    assert result.output == {"savedAs": "made.yaml"}
    assert (directory / "made.yaml").read_text() == TEXT


@pytest.mark.parametrize(
    ("pipeline_id", "file", "code"),
    [
        ("../made", TEXT, "bad_id"),
        ("other", TEXT, "not_valid"),
        ("made", "id: made", "not_valid"),
        ("made", "#" * 10_000_000, "not_valid"),
        ("made", "", "not_valid"),
    ],
)
async def test_only_what_loads_is_saved_and_only_under_its_own_id(
    pipeline_id: str, file: str, code: str, directory: Path
) -> None:
    result = await save(pipeline_id, file)
    assert (result.status, result.error_code) == ("failed", code)
    assert names_in(directory) == []


async def test_without_the_setting_nothing_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STAGECAST_GENERATED_DIR", raising=False)
    result = await save()
    assert (result.error_code, result.output) == ("missing_setting", None)


async def test_a_resumed_run_does_not_write_again_nor_fail_on_its_own_file(directory: Path) -> None:
    arguments = {"pipeline_id": "made", "file": TEXT}
    state = begin(definition(call("s", "save_pipeline", arguments=arguments)))
    bench = Bench(functions={"save_pipeline": save_pipeline})
    # The runner is lost after it wrote, before that is kept: the step is in flight for the next one.
    told = bench.told
    told.raise_at["stepped s"] = ConnectionError()
    with pytest.raises(ConnectionError):
        await bench.run(state)
    written = (directory / "made.yaml").stat()
    told.raise_at.clear()
    result = await bench.run(resume(state))
    assert (result.status, result.output) == ("success", {"savedAs": "made.yaml"})
    assert (directory / "made.yaml").stat().st_mtime_ns == written.st_mtime_ns
    assert [(stage_id, step.output) for stage_id, step in told.steps] == [("s", {"savedAs": "made.yaml"})]
    assert names_in(directory) == ["made.yaml"]
