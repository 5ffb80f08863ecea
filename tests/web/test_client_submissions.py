"""Submissions of the JavaScript client: done once, however often an answer is lost; refusals told as they are."""

import json
import re
from collections.abc import AsyncGenerator

import pytest

from tests.web.node import Driver, Node, driving
from tests.web.scripted_gateway import EXECUTION_ID, HttpRequest, ScriptedHttp, scripted_http

STARTED = {"executionId": EXECUTION_ID, "pipelineId": "echo-v1", "status": "started"}
REFUSAL = {"error": "Execution failed to start", "code": "log_unavailable"}


@pytest.fixture
async def gateway() -> AsyncGenerator[ScriptedHttp]:
    async with scripted_http() as gateway:
        yield gateway


@pytest.fixture
async def driver(gateway: ScriptedHttp, node: Node) -> AsyncGenerator[Driver]:
    async with driving(node, gateway.url, timing={"firstRetryMs": 10}, token="s3cret") as driver:
        yield driver
        assert await driver.finish() == 0


async def submit(driver: Driver, gateway: ScriptedHttp) -> HttpRequest:
    await driver.do("call", name="submit", method="submit", args=["echo-v1", "hello", {"options": {"stages": 2}}])
    return await gateway.accept()


async def test_a_submission_carries_the_token_and_a_key(driver: Driver, gateway: ScriptedHttp) -> None:
    keys: set[str] = set()
    for _ in range(2):
        request = await submit(driver, gateway)
        assert request.line == "POST /api/pipelines/echo-v1/run HTTP/1.1"
        assert json.loads(request.body) == {"input": "hello", "options": {"stages": 2}}
        assert request.headers["authorization"] == "Bearer s3cret"
        assert re.fullmatch("[0-9a-f]{32}", request.headers["idempotency-key"])
        keys.add(request.headers["idempotency-key"])
        await request.answer(200, STARTED)
        assert (await driver.next("submit"))["value"] == STARTED
    assert len(keys) == 2


async def test_it_is_repeated_under_its_key_until_it_is_known_what_became_of_it(
    driver: Driver, gateway: ScriptedHttp
) -> None:
    request = await submit(driver, gateway)
    bodies, keys = [request.body], [request.headers["idempotency-key"]]
    for status, content in ((502, "bad gateway"), (503, REFUSAL), (504, None), (500, REFUSAL), (None, None)):
        if status is None:
            request.cut()
        else:
            await request.answer(status, content)
        request = await gateway.accept()
        bodies.append(request.body)
        keys.append(request.headers["idempotency-key"])
    await request.answer(200, STARTED)
    assert (await driver.next("submit"))["value"] == STARTED
    assert len(set(keys)) == len(set(bodies)) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "invalid_input"), (401, "unauthenticated"), (409, "idempotency_conflict"), (500, "internal_error")],
)
async def test_a_refusal_is_not_repeated(driver: Driver, gateway: ScriptedHttp, status: int, code: str) -> None:
    request = await submit(driver, gateway)
    await request.answer(status, {"error": "No.", "code": code})
    error = (await driver.next("submit"))["error"]
    assert (error["name"], error["code"], error["status"]) == ("StagecastError", code, status)
    assert error["message"] == "No."


async def test_a_full_queue_tells_how_long_to_wait(driver: Driver, gateway: ScriptedHttp) -> None:
    request = await submit(driver, gateway)
    await request.answer(429, {"error": "Full.", "code": "queue_full"}, Retry_After="5")
    error = (await driver.next("submit"))["error"]
    assert (error["code"], error["retryAfterMs"]) == ("queue_full", 5000)


async def test_an_answer_that_is_no_answer_of_a_gateway_is_an_error_all_the_same(
    driver: Driver, gateway: ScriptedHttp
) -> None:
    await driver.do("call", name="read", method="pipelines")
    await (await gateway.accept()).answer(404, ["what"])
    error = (await driver.next("read"))["error"]
    assert (error["code"], error["status"]) == ("request_refused", 404)
    await driver.do("call", name="read", method="pipelines")
    (await gateway.accept()).cut()
    error = (await driver.next("read"))["error"]
    assert (error["code"], error["status"]) == ("gateway_unreachable", None)


async def test_patience_ends(gateway: ScriptedHttp, node: Node) -> None:
    async with driving(node, gateway.url, timing={"firstRetryMs": 10}, patienceMs=0) as driver:
        request = await submit(driver, gateway)
        await request.answer(503, REFUSAL, Retry_After="1")
        error = (await driver.next("submit"))["error"]
        assert (error["code"], error["status"], error["retryAfterMs"]) == ("log_unavailable", 503, 1000)


async def test_an_estimate_is_asked_for_with_the_body_of_a_run_and_without_a_key(
    driver: Driver, gateway: ScriptedHttp
) -> None:
    await driver.do("call", name="estimate", method="estimate", args=["echo-v1", "hello", {"options": {"stages": 2}}])
    request = await gateway.accept()
    assert request.line == "POST /api/pipelines/echo-v1/estimate HTTP/1.1"
    assert json.loads(request.body) == {"input": "hello", "options": {"stages": 2}}
    assert "idempotency-key" not in request.headers
    await request.answer(200, {"pipelineId": "echo-v1", "isComplete": True})
    assert (await driver.next("estimate"))["value"] == {"pipelineId": "echo-v1", "isComplete": True}
