"""`--option cases=@cases.csv` as a process, against a server that tells a story."""

from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Ended, stagecast
from tests.story_server import EXECUTION_ID, Story, telling

SHOW = "GET /api/pipelines/demo"
SUBMIT = "POST /api/pipelines/demo/run"
ESTIMATE = "POST /api/pipelines/demo/estimate"
ACCEPTED = (200, {"executionId": EXECUTION_ID, "pipelineId": "demo", "status": "started"})
CASE = {"type": "object", "properties": {"vars": {"type": "object"}, "expected": {"type": "string"}}}
PIPELINE: dict[str, Any] = {
    "filename": "demo.yaml",
    "id": "demo",
    "name": "Demo",
    "version": "1",
    "description": "",
    "stageCount": 0,
    "defaultProvider": None,
    "primary": "prompt",
    "inputs": {"prompt": {"type": "string"}, "cases": {"type": "array", "items": {"$ref": "#/$defs/case"}}},
    "$defs": {"case": CASE},
    "models": {},
    "budget": None,
}
ROWS = [{"vars": {"question": "1 + 1?"}, "expected": "2"}, {"vars": {"question": "why?"}}]


@pytest.fixture
def story() -> Story:
    return Story(replies={SHOW: (200, {"pipeline": PIPELINE, "stages": []}), SUBMIT: ACCEPTED})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "cases.csv").write_text("question,expected\n1 + 1?,2\nwhy?,\n", encoding="utf-8-sig")
    return tmp_path


async def run(story: Story, directory: Path, *arguments: str, command: str = "run") -> Ended:
    ends = ("--detach",) if command == "run" else ()
    async with telling(story):
        return await stagecast(command, "demo", "--input", "x", *ends, *arguments, url=story.url, cwd=directory)


async def test_the_rows_of_a_file_are_sent_as_the_option(story: Story, directory: Path) -> None:
    ended = await run(story, directory, "-o", "cases=@cases.csv", "-o", "n=2")
    assert (ended.code, ended.err) == (0, "")
    assert story.requests == [(SHOW, None), (SUBMIT, {"input": "x", "options": {"cases": ROWS, "n": 2}})]


async def test_an_estimate_takes_files_too(story: Story, directory: Path) -> None:
    await run(story, directory, "-o", "cases=@cases.csv", command="estimate")
    assert story.requests[-1] == (ESTIMATE, {"input": "x", "options": {"cases": ROWS}})


async def test_a_rerun_asks_the_execution_for_its_pipeline(story: Story, directory: Path) -> None:
    rerun = f"POST /api/executions/{EXECUTION_ID}/rerun"
    view = {"id": EXECUTION_ID, "pipelineId": "demo", "status": "failed", "queuedAt": "2026-01-01T00:00:00Z"}
    story.replies[f"GET /api/executions/{EXECUTION_ID}"] = (200, {**view, "lastSeq": 1, "stages": []})
    story.replies[rerun] = (200, {**ACCEPTED[1], "rerunOf": EXECUTION_ID, "reused": []})
    async with telling(story):
        await stagecast("rerun", EXECUTION_ID, "-d", "-o", "cases=@cases.csv", url=story.url, cwd=directory)
    assert story.requests[-1] == (rerun, {"options": {"cases": ROWS}})


async def test_without_files_nobody_is_asked_for_the_pipeline(story: Story, directory: Path) -> None:
    await run(story, directory, "-o", "who=@@ann")
    assert story.requests == [(SUBMIT, {"input": "x", "options": {"who": "@ann"}})]


@pytest.mark.parametrize(
    ("option", "code", "sentence"),
    [
        ("cases=@nothing.csv", 2, "nothing.csv cannot be read: No such file or directory."),
        ("cases=@.", 2, ". cannot be read: Is a directory."),
        ("cases=@bad.csv", 1, "bad.csv, line 2, column 3: the row has 3 cells, and the heading 2."),
        ("case=@cases.csv", 1, "The pipeline takes no file 'case'; did you mean 'cases'?"),
        ("prompt=@cases.csv", 1, "The pipeline takes no file 'prompt'; "),
    ],
)
async def test_what_is_wrong_with_a_file_is_told_before_anything_is_sent(
    story: Story, directory: Path, option: str, code: int, sentence: str
) -> None:
    (directory / "bad.csv").write_text("a,b\n1,2,3\n")
    ended = await run(story, directory, "-o", option)
    assert (ended.code, ended.out) == (code, "")
    assert sentence in " ".join(ended.err.replace("│", " ").split())
    assert SUBMIT not in [what for what, _ in story.requests]
