"""The command as a whole: help, version, lists, and the commands that need no gateway."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from contracts.results import OutputListing, ResultExtract
from tests.command_line import stagecast
from tests.story_server import FILENAME, Story, demo_result, telling


async def test_the_version_is_that_of_the_distribution():
    assert (await stagecast("--version")).out == f"stagecast {version('stagecast')}\n"


async def test_help_names_every_command():
    ended = await stagecast("--help")
    commands = "up gateway runner benchmark pipelines validate init run watch cancel outputs"
    assert ended.code == 0
    assert [name for name in commands.split() if f" {name} " not in ended.out] == []


def test_help_loads_nothing_that_takes_long():
    script = (
        "import sys\n"
        "from stagecast.commands.__main__ import app\n"
        "heavy = {'httpx', 'websockets', 'pydantic', 'nats', 'obstore', 'jinja2', 'rich.live', 'fastapi'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, env=environment)
    assert done.stdout == "[]\n"


async def test_pipelines_are_listed_a_line_each_outside_a_terminal():
    listing = {
        "filename": "demo.yaml",
        "id": "demo",
        "name": "Demo",
        "version": "1.0.0",
        "description": "Says\nhello.",
        "stageCount": 3,
        "defaultProvider": None,
    }
    async with telling(Story(replies={"GET /api/pipelines": (200, [listing])})) as story:
        ended = await stagecast("pipelines", url=story.url)
    assert (ended.code, ended.out) == (0, "demo\tDemo\t1.0.0\t3\tSays hello.\n")


async def test_outputs_are_listed_a_page_at_a_time():
    row = OutputListing.of(FILENAME, ResultExtract.model_validate_json(demo_result().model_dump_json())).model_dump(
        by_alias=True, mode="json"
    )
    replies: dict[str, tuple[int, object]] = {
        "GET /api/outputs?limit=20": (200, [row]),
        f"GET /api/outputs?limit=2&before={FILENAME}": (200, []),
    }
    async with telling(Story(replies=replies)) as story:
        listed = await stagecast("outputs", url=story.url)
        paged = await stagecast("outputs", "--limit", "2", "--before", FILENAME, url=story.url)
    assert listed.out.split("\t")[:2] == [FILENAME, "success"]
    assert (paged.code, paged.out) == (0, "")


async def test_a_pipeline_is_begun_and_checked_without_a_gateway(tmp_path: Path):
    begun = await stagecast("init", "my-pipeline", cwd=tmp_path)
    assert (begun.code, begun.out) == (0, "Wrote pipelines/my-pipeline.yaml\n")
    checked = await stagecast("validate", "pipelines/my-pipeline.yaml", cwd=tmp_path)
    assert checked.code == 0, checked
    again = await stagecast("init", "my-pipeline", cwd=tmp_path)
    assert (again.code, again.out) == (1, "")
    assert "exists already" in again.err


async def test_a_broken_pipeline_file_ends_validate_with_1(tmp_path: Path):
    (tmp_path / "broken.yaml").write_text("format: 1\nid: x\nstages: 3\n")
    ended = await stagecast("validate", "broken.yaml", cwd=tmp_path)
    assert ended.code == 1
    assert "broken.yaml:3" in ended.out
