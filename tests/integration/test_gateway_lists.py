"""Filters of both lists over HTTP, and through the Python client and the command that follow their pages."""

import re
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from contracts.errors import RequestRefused
from contracts.ids import new_execution_id, submitted_at
from contracts.results import PipelineInput, PipelineResult, ResultStatus
from stagecast import Client
from stagecast.jetstream_log import JetStreamLog
from tests.command_line import stagecast
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer

STATUSES: tuple[ResultStatus, ...] = ("success", "failed", "early_exit", "cancelled")


@pytest.fixture
async def log(nats_server: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(nats_server.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


async def save(gateway: RunningGateway, count: int) -> list[PipelineResult]:
    """Save results, one a second, newest last."""
    results: list[PipelineResult] = []
    for number in range(count):
        execution_id = new_execution_id(1_790_000_000_000 + number * 1000)
        result = PipelineResult(
            execution_id=execution_id,
            pipeline_id="example-v1" if number % 3 else "other_v1",
            status=STATUSES[number % 4],
            timestamp=submitted_at(execution_id),
            input=PipelineInput(prompt=f"Write about the sea & 100 % of number {number}."),
            output={"verdict": "improved"},
            error="It sank." if number % 4 == 1 else None,
        )
        results.append(result)
        await gateway.outputs.save(result)
    return results


async def followed(gateway: RunningGateway, path: str, key: str) -> list[str]:
    """Follow `Link` to the last page; each leads on with the same filters."""
    found: list[str] = []
    filters = {name: value for name, value in parse_qsl(urlsplit(path).query) if name != "before"}
    while True:
        reply = await gateway.http.get(path)
        assert reply.status_code == 200, reply.text
        found += [row[key] for row in reply.json()]
        if "Link" not in reply.headers:
            return found
        match = re.fullmatch(r'<(/api/[^>]+)>; rel="next"', reply.headers["Link"])
        assert match is not None
        path = match[1]
        given = dict(parse_qsl(urlsplit(path).query))
        assert given.pop("before")
        assert given == filters


async def test_results_are_found_by_each_filter_on_as_many_pages_as_it_takes(gateway: RunningGateway) -> None:
    results = await save(gateway, 48)
    filters: list[tuple[str, Callable[[PipelineResult], bool]]] = [
        ("", lambda result: True),
        ("&pipeline=other_v1", lambda result: result.pipeline_id == "other_v1"),
        ("&pipeline=other", lambda result: False),
        ("&status=failed", lambda result: result.status == "failed"),
        ("&q=SANK.", lambda result: result.error is not None),
        ("&q=sea+%26+100+%25+of++NUMBER+1", lambda result: " number 1" in result.input.prompt),
        (f"&q={results[7].execution_id}", lambda result: result is results[7]),
        (
            "&status=early_exit&pipeline=other_v1&q=sea",
            lambda result: (result.status, result.pipeline_id) == ("early_exit", "other_v1"),
        ),
        ("&q=+", lambda result: True),
        ("&q=", lambda result: True),
    ]
    for query, is_wanted in filters:
        expected = [result.execution_id for result in results[::-1] if is_wanted(result)]
        for limit in (5, 1000):
            assert await followed(gateway, f"/api/outputs?limit={limit}{query}", "executionId") == expected, query


async def test_rows_of_results_have_excerpt_and_verdict(gateway: RunningGateway) -> None:
    await save(gateway, 1)
    (row,) = (await gateway.http.get("/api/outputs")).json()
    assert (row["excerpt"], row["verdict"]) == ("Write about the sea & 100 % of number 0.", "improved")


async def test_executions_are_found_by_each_filter(gateway: RunningGateway, log: JetStreamLog) -> None:
    queued, running, failed, done = examples = [Example() for _ in range(4)]
    for number, example in enumerate(examples):
        event = example.queued(f"Sing of\nnumber {number}").model_copy(
            update={"pipeline_id": "other-v1" if example is done else "example-v1"}
        )
        await log.append(event)
        if example is not queued:
            await log.append(example.started())
    await log.append(failed.completed(2, "failed"))
    await log.append(done.completed(2))
    for query, expected in (
        ("", examples[::-1]),
        ("&status=queued", [queued]),
        ("&status=running", [running]),
        ("&status=failed", [failed]),
        ("&status=early_exit", []),
        ("&pipeline=other-v1", [done]),
        ("&pipeline=example-v1&status=success", []),
        ("&q=OF+number+2", [failed]),
        (f"&q={running.id.upper()}", [running]),
        ("&q=example-V1", [failed, running, queued]),
        ("&q=%20", examples[::-1]),
    ):
        for limit in (1, 100):
            found = await followed(gateway, f"/api/executions?limit={limit}{query}", "id")
            assert found == [example.id for example in expected], query
    rows = (await gateway.http.get("/api/executions?limit=1")).json()
    assert rows[0]["excerpt"] == "Sing of number 3"
    assert (await gateway.http.get(f"/api/executions/{queued.id}")).json()["excerpt"] == "Sing of number 0"


@pytest.mark.parametrize("path", ["/api/executions", "/api/outputs"])
async def test_a_filter_that_cannot_be_is_refused_with_a_reason(gateway: RunningGateway, path: str) -> None:
    for query in (
        "status=done",
        "status=",
        "status=Failed",
        "pipeline=../x",
        "pipeline=",
        "pipeline=a%0A",
        f"q={201 * 'x'}",
    ):
        reply = await gateway.http.get(f"{path}?{query}")
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_input"), query
    sentence = (await gateway.http.get(f"{path}?status=done")).json()["error"]
    assert all(f"'{status}'" in sentence for status in STATUSES)
    assert ("'queued'" in sentence) == (path == "/api/executions")
    assert (await gateway.http.get(f"{path}?q={200 * 'x'}")).json() == []


async def test_the_client_and_the_command_find_as_many_as_they_were_asked_for(gateway: RunningGateway) -> None:
    results = await save(gateway, 60)
    url = str(gateway.http.base_url).rstrip("/")
    failed = [result.execution_id for result in results[::-1] if result.status == "failed"]
    async with Client(url) as client:
        rows = await client.outputs(limit=7, pipeline="example-v1", status="failed", text="SEA")
        of_example = {result.execution_id for result in results if result.pipeline_id == "example-v1"}
        assert [row.execution_id for row in rows] == [one for one in failed if one in of_example][:7]
        rest = await client.outputs(limit=5000, status="failed", before=rows[-1].filename)
        assert [row.execution_id for row in rest] == failed[failed.index(rows[-1].execution_id) + 1 :]
        with pytest.raises(RequestRefused, match="pipeline"):
            await client.outputs(pipeline="../x")
        wanted = await client.outputs(limit=3, status="failed", text="number 1")
    listed = await stagecast("outputs", "--status", "failed", "--text", "number 1", "--limit", "3", url=url)
    assert [line.split("\t")[0] for line in listed.out.splitlines()] == [row.filename for row in wanted]
    assert [row.excerpt.split()[-1] for row in wanted] == ["17.", "13.", "1."]
    refused = await stagecast("outputs", "--status", "done", url=url)
    assert refused.code == 2
    assert "early_exit" in refused.err


async def test_the_client_follows_pages_beyond_what_one_may_hold(gateway: RunningGateway) -> None:
    results = await save(gateway, 1100)
    url = str(gateway.http.base_url).rstrip("/")
    async with Client(url) as client:
        rows = await client.outputs(limit=1050)
    assert [row.execution_id for row in rows] == [result.execution_id for result in results[:49:-1]]
