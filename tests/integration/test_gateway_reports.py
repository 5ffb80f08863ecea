"""Reports over HTTP: `GET /api/outputs/{filename}?format=`."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from contracts.ids import new_execution_id
from stagecast.memory_log import MemoryLog
from stagecast.output_keys import output_key
from stagecast.report.html_page import write_html
from stagecast.report.markdown_page import write_markdown
from tests.gateway_server import RunningGateway, running_gateway
from tests.report_examples import improved


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(MemoryLog(), tmp_path) as gateway:
        yield gateway


async def save(gateway: RunningGateway) -> str:
    return await gateway.outputs.save(improved().model_copy(update={"execution_id": new_execution_id()}))


async def test_a_result_is_given_as_json_as_a_page_and_as_markdown(gateway: RunningGateway) -> None:
    filename = await save(gateway)
    saved = await gateway.outputs.read(filename)
    for query in ("", "?format=json"):
        reply = await gateway.http.get(f"/api/outputs/{filename}{query}")
        assert (reply.content, reply.headers["Content-Type"]) == (saved, "application/json")
        assert "Content-Disposition" not in reply.headers
    result = improved().model_copy(update={"execution_id": reply.json()["executionId"]})
    page = await gateway.http.get(f"/api/outputs/{filename}?format=html")
    assert (page.text, page.headers["Content-Type"]) == (write_html(result), "text/html; charset=utf-8")
    text = await gateway.http.get(f"/api/outputs/{filename}?format=md")
    assert (text.text, text.headers["Content-Type"]) == (write_markdown(result), "text/markdown; charset=utf-8")
    assert text.headers["Content-Disposition"] == f'inline; filename="{filename.removesuffix(".json")}.md"'


async def test_the_accept_header_changes_nothing(gateway: RunningGateway) -> None:
    filename = await save(gateway)
    reply = await gateway.http.get(f"/api/outputs/{filename}", headers={"Accept": "text/html"})
    assert reply.headers["Content-Type"] == "application/json"


async def test_a_page_is_guarded_like_every_answer_and_more(gateway: RunningGateway) -> None:
    reply = await gateway.http.get(f"/api/outputs/{await save(gateway)}?format=html")
    assert reply.headers.get_list("Content-Security-Policy") == [reply.headers["Content-Security-Policy"]]
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "no-store"


async def test_a_form_that_there_is_not_is_400_whether_or_not_the_result_is_there(gateway: RunningGateway) -> None:
    for filename in (await save(gateway), "nothing.json"):
        for form in ("pdf", "HTML", "json%00", "html%20"):
            reply = await gateway.http.get(f"/api/outputs/{filename}?format={form}")
            assert (reply.status_code, reply.json()["code"]) == (400, "invalid_format"), form
    reply = await gateway.http.get("/api/outputs/nothing.json?format=html")
    assert (reply.status_code, reply.json()["code"]) == (404, "output_not_found")


async def test_a_saved_file_that_is_no_result_any_more_is_given_as_it_is_and_has_no_report(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    filename = await save(gateway)
    (tmp_path / "outputs" / output_key(filename)).write_text('{"half": ')
    assert (await gateway.http.get(f"/api/outputs/{filename}")).text == '{"half": '
    for form in ("html", "md"):
        reply = await gateway.http.get(f"/api/outputs/{filename}?format={form}")
        assert (reply.status_code, reply.json()) == (500, {"error": "Internal error", "code": "internal_error"})
