"""Forms with files over real sockets: the same as JSON, for runs, repetitions and estimates."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.events import ExecutionQueued
from stagecast.memory_log import MemoryLog
from stagecast.tokens import TokenFile
from tests.gateway_server import RunningGateway, running_gateway

PIPELINE = """
id: cases-v1
name: Cases
inputs:
  primary: prompt
  prompt: {type: string}
  cases: {type: array, default: [], maxItems: 20, items: {$ref: "#/$defs/case"}}
models: {free: {use: "local:smollm2", max_tokens: 10}}
defaults: {model: free, retries: 0}
stages:
  - {id: each, foreach: {items: "{{ inputs.cases }}"}, prompt: {user: "{{ inputs.prompt }} {{ item.vars.question }}"}}
$defs:
  case:
    type: object
    additionalProperties: false
    properties: {vars: {type: object}, expected: {type: string}}
"""
RUN = "/api/pipelines/cases-v1/run"
ESTIMATE = "/api/pipelines/cases-v1/estimate"
OPTIONS = "/api/pipelines/cases-v1/options"
CSV = "\ufeffquestion;expected\r\n1 + 1?;2\r\n2 + 2?;\r\n".encode()
CASES: list[dict[str, Any]] = [{"vars": {"question": "1 + 1?"}, "expected": "2"}, {"vars": {"question": "2 + 2?"}}]
FORM: dict[str, Any] = {"data": {"input": "Answer"}, "files": {"cases": ("cases.csv", CSV)}}


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def gateway(log: MemoryLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path, max_body_bytes=5_000) as gateway:
        (tmp_path / "pipelines" / "cases-v1.yaml").write_text(PIPELINE)
        yield gateway


def code_of(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


async def test_an_uploaded_table_is_the_option_in_the_log(gateway: RunningGateway, log: MemoryLog) -> None:
    reply = await gateway.http.post(RUN, **FORM)
    assert reply.status_code == 200, reply.text
    (entry,) = await log.read(reply.json()["executionId"])
    queued = entry.stored_event()
    assert isinstance(queued, ExecutionQueued)
    assert (queued.input, queued.options) == ("Answer", {"cases": CASES})


async def test_the_same_rows_inline_and_uploaded_are_the_same_request(gateway: RunningGateway) -> None:
    headers = {"Idempotency-Key": "k"}
    first = await gateway.http.post(RUN, **FORM, headers=headers)
    inline = {"input": "Answer", "options": {"cases": CASES}}
    replies = [
        await gateway.http.post(RUN, json=inline, headers=headers),
        await gateway.http.post(RUN, **FORM, headers=headers),
    ]
    assert {reply.json()["executionId"] for reply in replies} == {first.json()["executionId"]}
    assert [reply.headers["Idempotency-Replayed"] for reply in replies] == ["true", "true"]
    files = {"cases": b"question\nwhy?\n"}
    other = await gateway.http.post(RUN, data=FORM["data"], files=files, headers=headers)
    assert code_of(other) == (409, "idempotency_conflict")


async def test_an_upload_is_estimated_like_the_rows_in_it(gateway: RunningGateway) -> None:
    uploaded = await gateway.http.post(ESTIMATE, **FORM)
    inline = await gateway.http.post(ESTIMATE, json={"input": "Answer", "options": {"cases": CASES}})
    assert uploaded.status_code == 200, uploaded.text
    assert uploaded.json() == inline.json()
    assert uploaded.json()["calls"]["expected"] == 2


async def test_a_fault_in_a_file_is_told_with_its_place(gateway: RunningGateway) -> None:
    for path in (RUN, ESTIMATE, OPTIONS):
        files = {"cases": ("cases.csv", b"question,expected\nwhy?,because\nhow?\n")}
        reply = await gateway.http.post(path, data={"input": "x"}, files=files)
        assert code_of(reply) == (400, "invalid_input")
        assert reply.json()["error"] == "cases.csv, line 3, column 2: the row has 1 cell, and the heading 2."
    assert (await gateway.http.get("/api/executions")).json() == []


async def test_an_unknown_pipeline_is_told_before_anything_about_the_form(gateway: RunningGateway) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    for pipeline_id in ("nothing-v9", "a.b"):
        for content in (b"no form", b"x" * 6_000):
            for path in (f"/api/pipelines/{pipeline_id}/run", f"/api/pipelines/{pipeline_id}/options"):
                reply = await gateway.http.post(path, content=content, headers=headers)
                assert code_of(reply) == (404, "pipeline_not_found")
    assert code_of(await gateway.http.post(RUN, content=b"no form", headers=headers)) == (400, "invalid_input")


async def test_a_form_over_the_limit_is_refused(gateway: RunningGateway) -> None:
    for path in (RUN, OPTIONS):
        reply = await gateway.http.post(path, data={"input": "x"}, files={"cases": b"question\n" + b"why?\n" * 1_000})
        assert code_of(reply) == (413, "body_too_large")


@pytest.mark.parametrize("data", [{"input": "Answer"}, {}, {"input": " "}], ids=["input", "none", "blank"])
async def test_files_are_read_into_the_options_of_a_run_that_is_not_started(
    gateway: RunningGateway, data: dict[str, str]
) -> None:
    reply = await gateway.http.post(OPTIONS, data=data, files={"cases": ("cases.csv", CSV)})
    assert (reply.status_code, reply.json()) == (200, {"options": {"cases": CASES}}), reply.text
    assert (await gateway.http.get("/api/executions")).json() == []


async def test_other_options_come_back_as_they_were(gateway: RunningGateway) -> None:
    data = {"options": '{"models": {"free": "openai:gpt-5-mini"}, "unheard": [1]}'}
    reply = await gateway.http.post(OPTIONS, data=data, files={"cases": ("cases.csv", CSV)})
    assert reply.json()["options"] == {"models": {"free": "openai:gpt-5-mini"}, "unheard": [1], "cases": CASES}


@pytest.mark.parametrize(
    ("data", "files"),
    [
        ({"options": "{"}, {"cases": CSV}),
        ({"options": "[]"}, {"cases": CSV}),
        ({"options": '{"cases": []}'}, {"cases": CSV}),
        ({"more": "x"}, {"cases": CSV}),
        ({}, {"case": CSV}),
        ({}, {"prompt": CSV}),
        ({}, {"cases": b"\xff\xfe"}),
    ],
)
async def test_what_a_run_refuses_of_a_form_is_refused_with_the_same_words(
    gateway: RunningGateway, data: dict[str, str], files: dict[str, bytes]
) -> None:
    told = [
        await gateway.http.post(path, data={"input": "x", **data}, files=files) for path in (RUN, ESTIMATE, OPTIONS)
    ]
    assert [reply.status_code for reply in told] == [400, 400, 400]
    assert len({reply.text for reply in told}) == 1


async def test_options_are_read_from_forms_alone(gateway: RunningGateway) -> None:
    reply = await gateway.http.post(OPTIONS, json={"input": "x", "options": {"cases": CASES}})
    assert code_of(reply) == (400, "invalid_input")


async def test_reading_options_needs_the_scope_run_and_counts_as_no_submission(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    reader = {"Authorization": f"Bearer {tokens.add('reader', ['read'])}"}
    runner = {"Authorization": f"Bearer {tokens.add('runner', ['run'])}"}
    limits: dict[str, Any] = {"auth": "on", "tokens_file": tokens.path, "submissions_per_minute": 1}
    async with running_gateway(MemoryLog(), tmp_path, **limits) as gateway:
        (tmp_path / "pipelines" / "cases-v1.yaml").write_text(PIPELINE)
        assert code_of(await gateway.http.post(OPTIONS, **FORM, headers=reader)) == (403, "forbidden")
        for _ in range(3):
            assert (await gateway.http.post(OPTIONS, **FORM, headers=runner)).status_code == 200
