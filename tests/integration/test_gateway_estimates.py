"""Estimating over HTTP: what is told, what is refused as for a run, and that nothing is started."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from contracts.estimate import Estimate
from stagecast.client import Client
from stagecast.memory_log import MemoryLog
from stagecast.tokens import TokenFile
from tests.gateway_server import KnownRunners, RunningGateway, running_gateway

ESTIMATE = "/api/pipelines/paid-v1/estimate"
RUN = "/api/pipelines/paid-v1/run"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(MemoryLog(), tmp_path) as gateway:
        yield gateway


async def test_a_request_is_estimated_and_nothing_is_started(gateway: RunningGateway) -> None:
    reply = await gateway.http.post(ESTIMATE, json={"input": "x" * 400})
    assert reply.status_code == 200
    body = reply.json()
    assert body["pipelineId"] == "paid-v1"
    assert body["calls"] == {"low": 1, "expected": 1, "high": 3}
    assert body["inputTokens"]["expected"] == 100
    assert 0 < body["cost"]["expected"] < body["cost"]["high"]
    assert [stage["stageId"] for stage in body["stages"]] == ["ask"]
    assert (await gateway.http.get("/api/executions")).json() == []


async def test_other_models_are_other_prices(gateway: RunningGateway) -> None:
    costs: list[float] = []
    for model in ("openai:gpt-5-nano", "openai:gpt-5"):
        body = {"input": "x", "options": {"models": {"strong": model}}}
        costs.append((await gateway.http.post(ESTIMATE, json=body)).json()["cost"]["expected"])
    assert costs[0] * 10 < costs[1]


async def test_the_python_client_reads_it(gateway: RunningGateway) -> None:
    async with Client(gateway.server.address()) as client:
        estimate = await client.estimate("paid-v1", "hello", {"models": {"strong": "local:smollm2"}})
    assert isinstance(estimate, Estimate)
    assert estimate.cost is not None
    assert estimate.cost.high == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b'{"input":"  "}',
        b'{"input":"x","options":{"unknown":1}}',
        b'{"input":"x","options":{"models":{"no":"openai:x"}}}',
        b'{"input":"x","options":[]}',
        json.dumps({"input": "x" * 3000}).encode(),
    ],
)
async def test_what_a_run_refuses_an_estimate_refuses_with_the_same_words(tmp_path: Path, body: bytes) -> None:
    async with running_gateway(MemoryLog(), tmp_path, max_body_bytes=2000) as gateway:
        for pipeline_id in ("paid-v1", "broken-v1", "nothing-v9", "a.b"):
            answers: list[Any] = []
            for what in ("run", "estimate"):
                reply = await gateway.http.post(f"/api/pipelines/{pipeline_id}/{what}", content=body)
                answers.append((reply.status_code, reply.json()))
            assert answers[0] == answers[1]
            assert answers[0][0] >= 400


async def test_a_key_that_no_runner_has_is_told_before_an_estimate(tmp_path: Path) -> None:
    async with running_gateway(MemoryLog(), tmp_path, runners=KnownRunners([])) as gateway:
        reply = await gateway.http.post(ESTIMATE, json={"input": "x"})
    assert (reply.status_code, reply.json()["code"]) == (400, "missing_setting")


async def test_a_full_queue_is_no_reason_not_to_estimate(tmp_path: Path) -> None:
    async with running_gateway(MemoryLog(), tmp_path, max_queued=1) as gateway:
        assert (await gateway.http.post(RUN, json={"input": "x"})).status_code == 200
        assert (await gateway.http.post(RUN, json={"input": "x"})).status_code == 429
        assert (await gateway.http.post(ESTIMATE, json={"input": "x"})).status_code == 200


async def test_an_estimate_needs_the_scope_run_and_counts_as_no_submission(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    reader = {"Authorization": f"Bearer {tokens.add('reader', ['read'])}"}
    runner = {"Authorization": f"Bearer {tokens.add('runner', ['run'])}"}
    async with running_gateway(
        MemoryLog(), tmp_path, auth="on", tokens_file=tokens.path, submissions_per_minute=1
    ) as gateway:
        assert (await gateway.http.post(ESTIMATE, json={"input": "x"}, headers=reader)).status_code == 403
        for _ in range(3):
            assert (await gateway.http.post(ESTIMATE, json={"input": "x"}, headers=runner)).status_code == 200
