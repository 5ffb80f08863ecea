"""`stagecast outputs show`: a saved result as a report, wherever it is and wherever it goes."""

import asyncio
import json
import os
from pathlib import Path

from contracts.requests import ExecutionView
from contracts.results import PipelineResult
from gateway.reports import FORMATS
from stagecast.commands import outputs
from stagecast.report.html_page import write_html
from stagecast.report.markdown_page import write_markdown
from tests.command_line import WAIT_SECONDS, end_of, stagecast, start_command
from tests.report_examples import EXECUTION_ID, FILENAME, improved
from tests.story_server import Story, telling

RESULT = improved()


def saved(result: PipelineResult = RESULT) -> dict[str, tuple[int, object]]:
    return {f"GET /api/outputs/{FILENAME}": (200, result.model_dump(by_alias=True, mode="json"))}


def view(result: PipelineResult | None) -> dict[str, tuple[int, object]]:
    status = "running" if result is None else result.status
    shown = ExecutionView(
        id=EXECUTION_ID,
        pipeline_id=RESULT.pipeline_id,
        status=status,
        queued_at=RESULT.timestamp,
        last_seq=3,
        stages=(),
        result=result,
    )
    return {f"GET /api/executions/{EXECUTION_ID}": (200, shown.model_dump(by_alias=True, mode="json"))}


async def test_a_saved_result_is_markdown_outside_a_terminal():
    async with telling(Story(replies=saved())) as story:
        ended = await stagecast("outputs", "show", FILENAME, url=story.url)
    assert (ended.code, ended.out, ended.err) == (0, write_markdown(RESULT), "")


async def test_a_saved_result_is_given_in_the_form_that_is_asked_for():
    async with telling(Story(replies=saved())) as story:
        page = await stagecast("outputs", "show", FILENAME, "--format", "html", url=story.url)
        as_json = await stagecast("outputs", "show", FILENAME, "--format", "json", url=story.url)
        other = await stagecast("outputs", "show", FILENAME, "--format", "pdf", url=story.url)
    assert page.out == write_html(RESULT)
    assert json.loads(as_json.out) == RESULT.model_dump(by_alias=True, mode="json")
    assert other.code == 2


async def test_a_report_is_written_to_a_file_in_the_form_that_its_name_says(tmp_path: Path):
    async with telling(Story(replies=saved())) as story:
        for name in ("report.html", "report.md", "report.json", "report"):
            ended = await stagecast("outputs", "show", FILENAME, "-o", name, url=story.url, cwd=tmp_path)
            assert (ended.code, ended.out, ended.err) == (0, "", f"Wrote {name}\n")
        told = await stagecast(
            *("outputs", "show", FILENAME, "--format", "html", "-o", "page.txt"), url=story.url, cwd=tmp_path
        )
        nowhere = await stagecast("outputs", "show", FILENAME, "-o", "no/place.md", url=story.url, cwd=tmp_path)
    assert told.code == 0
    for name in ("report.html", "page.txt"):
        assert (tmp_path / name).read_text(encoding="utf-8") == write_html(RESULT)
    for name in ("report.md", "report"):
        assert (tmp_path / name).read_text(encoding="utf-8") == write_markdown(RESULT)
    assert PipelineResult.model_validate_json((tmp_path / "report.json").read_bytes()) == RESULT
    assert nowhere.code == 2
    assert "cannot be written" in nowhere.err


async def test_an_execution_is_shown_by_its_id_once_it_has_ended():
    async with telling(Story(replies=view(RESULT))) as story:
        ended = await stagecast("outputs", "show", EXECUTION_ID, url=story.url)
    assert (ended.code, ended.out) == (0, write_markdown(RESULT))
    async with telling(Story(replies=view(None))) as story:
        running = await stagecast("outputs", "show", EXECUTION_ID, url=story.url)
    assert (running.code, running.out) == (1, "")
    assert running.err == f"Error: The execution has not ended yet; `stagecast watch {EXECUTION_ID}` shows it.\n"


async def test_a_file_of_this_machine_is_shown_without_a_gateway(tmp_path: Path):
    (tmp_path / "saved.json").write_bytes(RESULT.model_dump_json(by_alias=True).encode())
    (tmp_path / "other.json").write_text("{}")
    shown = await stagecast("outputs", "show", "saved.json", url="http://127.0.0.1:9", cwd=tmp_path)
    assert (shown.code, shown.out) == (0, write_markdown(RESULT))
    other = await stagecast("outputs", "show", "other.json", url="http://127.0.0.1:9", cwd=tmp_path)
    assert (other.code, other.err) == (1, "Error: other.json is not a saved result of stagecast.\n")


async def test_on_a_terminal_the_report_is_laid_out():
    controller, terminal = os.openpty()
    drawn = bytearray()
    loop, is_over = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        try:
            drawn.extend(os.read(controller, 65536))
        except OSError:  # the last one who had the terminal open has gone
            loop.remove_reader(controller)
            is_over.set()

    loop.add_reader(controller, read)
    async with telling(Story(replies=saved())) as story:
        process = await start_command(
            *("outputs", "show", FILENAME), url=story.url, stdout=terminal, env={"COLUMNS": "100", "TERM": "xterm"}
        )
        os.close(terminal)
        ended = await end_of(process)
        await asyncio.wait_for(is_over.wait(), WAIT_SECONDS)
    os.close(controller)
    assert (ended.code, ended.err) == (0, "")
    text = drawn.decode()
    assert "The optimized prompt is better." in text
    assert "## " not in text
    assert "```" not in text
    assert "| --: |" not in text


def test_the_command_knows_the_forms_that_the_gateway_has():
    assert {form.value for form in getattr(outputs, "_Form")} == set(FORMATS)  # noqa: B009 - of that module alone
