"""Reports of saved results, as the gateway answers with them."""

import asyncio

import pytest

from contracts.errors import InvalidInput
from gateway.reports import Reports, report_format
from stagecast.report.html_page import write_html
from tests.hostile_report import hostile
from tests.report_examples import FILENAME, improved


async def test_a_page_is_shown_by_browsers_may_do_nothing_and_has_a_name_to_be_saved_by():
    result = improved()
    reply = await Reports().answer(result.model_dump_json(by_alias=True).encode(), FILENAME, "html")
    assert bytes(reply.body).decode() == write_html(result)
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["Content-Disposition"] == f'inline; filename="{FILENAME.removesuffix(".json")}.html"'
    directives = reply.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "sandbox"} <= set(directives)
    assert not any("script-src" in directive or "unsafe" in directive for directive in directives)


async def test_writing_a_long_report_does_not_hold_up_the_event_loop():
    saved = hostile(answer_length=20_000, count=20).model_dump_json(by_alias=True).encode()
    writing = asyncio.create_task(Reports().answer(saved, FILENAME, "html"))
    turns = 0
    while not writing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10


async def test_reports_wait_for_each_other():
    saved = improved().model_dump_json(by_alias=True).encode()
    reports = Reports(at_once=1)
    replies = await asyncio.gather(*(reports.answer(saved, FILENAME, "md") for _ in range(5)))
    assert len({bytes(reply.body) for reply in replies}) == 1


def test_a_form_that_there_is_not_is_refused_with_those_that_there_are():
    assert [report_format(text) for text in ("json", "html", "md")] == [None, "html", "md"]
    for text in ("", "HTML", "pdf", "json,html"):
        with pytest.raises(InvalidInput, match="json, html, md") as caught:
            report_format(text)
        assert caught.value.code == "invalid_format"
