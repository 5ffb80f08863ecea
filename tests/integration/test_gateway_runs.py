"""Submitting over HTTP: what is accepted, what is refused in which order, and waiting for the result."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.events import ExecutionQueued
from contracts.ids import is_execution_id
from contracts.pipeline import Budget, Pipeline
from stagecast.jetstream_log import JetStreamLog
from tests.example_events import Example
from tests.gateway_server import KnownRunners, RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.unit.gateway.faulty_log import until

INPUT_REQUIRED = {"error": "Input is required and must be a non-empty string", "code": "invalid_input"}
RUN = "/api/pipelines/example-v1/run"


@pytest.fixture
async def log(shared_nats: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(shared_nats.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


async def finish(log: JetStreamLog, execution_id: str) -> None:
    """Do what a runner does, without working."""
    example = Example(execution_id)
    await log.append(example.started())
    await log.append(example.completed(2, output={"text": "done"}))


async def test_a_submission_is_answered_with_its_id_and_is_event_0_of_its_log(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    reply = await gateway.http.post(RUN, json={"input": "hello", "options": {"times": 2}})
    assert reply.status_code == 200
    body = reply.json()
    assert is_execution_id(body["executionId"])
    assert body == {"executionId": body["executionId"], "pipelineId": "example-v1", "status": "started"}
    (entry,) = await log.read(body["executionId"])
    queued = entry.stored_event()
    assert isinstance(queued, ExecutionQueued)
    assert (queued.pipeline_id, queued.input, queued.options) == ("example-v1", "hello", {"times": 2})
    assert [stage["id"] for stage in queued.pipeline["stages"]] == ["first", "second"]


@pytest.mark.parametrize("body", [b'{"input":"x"}', b"{}", b"no json", b"x" * 2_000_000])
async def test_an_unknown_pipeline_is_told_before_anything_about_the_body(gateway: RunningGateway, body: bytes) -> None:
    for pipeline_id in ("nothing-v9", "a.b", "*", ">", "%2e%2e%2fetc", "..%2Fx", "a%20b", "a" * 200):
        reply = await gateway.http.post(f"/api/pipelines/{pipeline_id}/run", content=body)
        assert (reply.status_code, reply.json()) == (404, {"error": "Pipeline not found", "code": "pipeline_not_found"})


async def test_input_that_is_missing_blank_or_no_string_is_refused(gateway: RunningGateway) -> None:
    for body in (
        b"",
        b"{}",
        b'{"input":""}',
        b'{"input":"  \\n\\t"}',
        b'{"input":7}',
        b'{"input":null}',
        b'{"input":["x"]}',
    ):
        reply = await gateway.http.post(RUN, content=body)
        assert (reply.status_code, reply.json()) == (400, INPUT_REQUIRED), body


async def test_a_body_that_cannot_be_understood_is_refused_with_the_reason(gateway: RunningGateway) -> None:
    for body, reason in (
        (b"{", "JSON"),
        (b"no json", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"input":"\\ud800"}', "JSON"),
        (b'{"input":"x","options":{"times":NaN}}', "JSON"),
        (b'{"input":"x","options":{"times":1e999}}', "number"),
        (b"[]", "object"),
        (b'"text"', "object"),
        (b"null", "object"),
        (b'{"input":"x","options":[]}', "options"),
        (b'{"input":"x","options":"no"}', "options"),
    ):
        reply = await gateway.http.post(RUN, content=body)
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid_input"), body
        assert reason in reply.json()["error"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"unknown": 1}, "unknown"),
        ({"times": "many"}, "times"),
        ({"models": {"no": "x:y"}}, "no"),
        ({"budget": {"dollars": 1}}, "options.budget has no limit 'dollars'"),
        ({"budget": {"usd": "much"}}, "options.budget.usd"),
    ],
)
async def test_options_that_the_pipeline_does_not_take_are_named(
    gateway: RunningGateway, options: dict[str, Any], named: str
) -> None:
    reply = await gateway.http.post(RUN, json={"input": "x", "options": options})
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_input")
    assert named in reply.json()["error"]


async def test_input_against_its_schema_is_refused(gateway: RunningGateway) -> None:
    reply = await gateway.http.post(RUN, json={"input": "x" * 100_001})
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_input")


async def test_a_body_over_the_limit_is_refused(log: JetStreamLog, tmp_path: Path) -> None:
    async with running_gateway(log, tmp_path, max_body_bytes=1000) as gateway:
        fits = json.dumps({"input": "x" * 900}).encode()
        assert (await gateway.http.post(RUN, content=fits)).status_code == 200
        reply = await gateway.http.post(RUN, content=fits + b" " * 1000)
        assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")


async def test_a_body_over_the_limit_is_refused_when_its_length_is_not_announced(
    log: JetStreamLog, tmp_path: Path
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100

    async with running_gateway(log, tmp_path, max_body_bytes=1000) as gateway:
        reply = await gateway.http.post(RUN, content=pieces())
        assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")
        assert (await gateway.http.get("/healthz")).status_code == 200


async def test_the_limit_is_1_mib_unless_set(gateway: RunningGateway) -> None:
    assert (await gateway.http.post(RUN, content=b" " * (1024 * 1024))).status_code == 400
    assert (await gateway.http.post(RUN, content=b" " * (1024 * 1024 + 1))).status_code == 413


async def test_a_broken_pipeline_file_is_a_fault_of_ours_and_harms_no_other(gateway: RunningGateway) -> None:
    reply = await gateway.http.post("/api/pipelines/broken-v1/run", json={"input": "x"})
    assert (reply.status_code, reply.json()["code"]) == (500, "invalid_pipeline")
    assert "stagecast validate" in reply.json()["error"]
    assert (await gateway.http.get("/api/pipelines/broken-v1")).status_code == 500
    await gateway.run({"input": "x"})


async def test_a_key_that_no_runner_has_is_told_with_its_name_and_the_model(log: JetStreamLog, tmp_path: Path) -> None:
    async with running_gateway(log, tmp_path, runners=KnownRunners(["OTHER_API_KEY"], [])) as gateway:
        reply = await gateway.http.post("/api/pipelines/paid-v1/run", json={"input": "x"})
    assert (reply.status_code, reply.json()["code"]) == (400, "missing_setting")
    assert "OPENAI_API_KEY" in reply.json()["error"]
    assert "openai:gpt-5-mini" in reply.json()["error"]


async def test_a_key_that_one_runner_has_is_enough_and_so_is_not_knowing(log: JetStreamLog, tmp_path: Path) -> None:
    for runners in (KnownRunners(["OPENAI_API_KEY"], []), KnownRunners()):
        async with running_gateway(log, tmp_path, runners=runners) as gateway:
            await gateway.run({"input": "x"}, "paid-v1")
            assert runners.asked == 1


async def test_nobody_is_asked_about_keys_when_none_is_needed(log: JetStreamLog, tmp_path: Path) -> None:
    runners = KnownRunners([])
    models = {"strong": {"use": "scripted:any"}}
    async with running_gateway(log, tmp_path, runners=runners, models=models) as gateway:
        await gateway.run({"input": "x"})
        await gateway.run({"input": "x"}, "paid-v1")  # its model is another one by the settings
        assert runners.asked == 0


async def test_the_models_of_settings_and_options_travel_in_the_snapshot(log: JetStreamLog, tmp_path: Path) -> None:
    async with running_gateway(log, tmp_path, models={"strong": {"use": "scripted:any"}}) as gateway:
        by_settings = await gateway.run({"input": "x"}, "paid-v1")
        by_options = await gateway.run({"input": "x", "options": {"models": {"strong": "scripted:mine"}}}, "paid-v1")
    used: list[str] = []
    for execution_id in (by_settings, by_options):
        queued = (await log.read(execution_id))[0].stored_event()
        assert isinstance(queued, ExecutionQueued)
        used.append(queued.pipeline["models"]["strong"]["use"])
    assert used == ["scripted:any", "scripted:mine"]


async def test_the_budget_and_the_named_models_of_options_travel_in_the_snapshot(
    log: JetStreamLog, tmp_path: Path
) -> None:
    options = {"strong": "scripted:mine", "budget": {"calls": 7, "seconds": 90}}
    async with running_gateway(log, tmp_path) as gateway:
        execution_id = await gateway.run({"input": "x", "options": options}, "paid-v1")
    queued = (await log.read(execution_id))[0].stored_event()
    assert isinstance(queued, ExecutionQueued)
    pipeline = Pipeline.model_validate(queued.pipeline)
    assert pipeline.models["strong"].use == "scripted:mine"
    assert pipeline.budget == Budget(calls=7, seconds=90, on_exceeded="finish", hard=True)
    assert queued.options == options


async def test_an_input_larger_than_a_broker_message_is_submitted_whole(log: JetStreamLog, tmp_path: Path) -> None:
    text = "x" * 3_000_000
    async with running_gateway(log, tmp_path, max_body_bytes=4_000_000) as gateway:
        execution_id = await gateway.run({"input": text}, "paid-v1")
    queued = (await log.read(execution_id))[0].stored_event()
    assert isinstance(queued, ExecutionQueued)
    assert queued.input == text


async def test_prefer_wait_answers_with_the_result_when_it_is_ready_in_time(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    waiting = asyncio.create_task(gateway.http.post(RUN, json={"input": "x"}, headers={"Prefer": "wait=30"}))
    await until(lambda: gateway.watched_count == 1)
    execution_id = (await log.list_executions(limit=1)).executions[0].id
    await finish(log, execution_id)
    reply = await waiting
    assert (reply.status_code, reply.headers["Preference-Applied"]) == (200, "wait=30")
    assert reply.json()["executionId"] == execution_id
    assert (reply.json()["status"], reply.json()["output"]) == ("success", {"text": "done"})


async def test_prefer_wait_answers_as_usual_when_the_result_is_not_there_in_time(
    log: JetStreamLog, tmp_path: Path
) -> None:
    # The cap makes the wait short; the preference asks for more.
    async with running_gateway(log, tmp_path, max_wait_seconds=1) as gateway:
        reply = await gateway.http.post(RUN, json={"input": "x"}, headers={"Prefer": "wait=3000"})
        assert reply.status_code == 200
        assert reply.json()["status"] == "started"
        assert "Preference-Applied" not in reply.headers
        await gateway.gateway.relay.close()
        assert gateway.watched_count == 0


async def test_a_client_that_goes_away_while_it_waits_frees_what_it_held_and_cancels_nothing(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    async with httpx.AsyncClient(base_url=gateway.http.base_url, trust_env=False) as leaving:
        request = asyncio.create_task(leaving.post(RUN, json={"input": "x"}, headers={"Prefer": "wait=30"}, timeout=30))
        await until(lambda: gateway.watched_count == 1)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
    await until(lambda: gateway.watched_count == 0)
    newest = (await gateway.http.get("/api/executions?limit=1")).json()[0]
    assert (newest["status"], newest["cancelRequested"]) == ("queued", False)


async def test_a_broker_that_is_gone_is_told_at_once_and_nothing_is_half_submitted(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with jetstream_log(nats_server.url) as log, running_gateway(log, tmp_path) as gateway:
        await nats_server.stop()
        async with asyncio.timeout(3):
            reply = await gateway.http.post(RUN, json={"input": "x"})
        assert (reply.status_code, reply.json()) == (
            500,
            {"error": "Execution failed to start", "code": "log_unavailable"},
        )
        await nats_server.restart()
        async with asyncio.timeout(20):
            while (await gateway.http.get("/readyz")).status_code != 200:
                pass  # a real request each time
        assert (await gateway.http.get("/api/executions")).json() == []
        await gateway.run({"input": "x"})
