"""The story's twelve criteria, in its order, against real processes on a real broker."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from contracts.ids import EXECUTION_ID_PATTERN
from tests.nats_server import NatsServer
from tests.processes import Stack, running_stack
from tests.sockets import Message, open_socket

JOURNEY = """
format: 1
id: journey-v1
name: Journey
version: 2.1.0
description: Every kind of ending a stage can have.
inputs:
  primary: text
  text: {type: string, minLength: 1}
  fail: {type: boolean, default: false}
models:
  fast: {use: "scripted:echo"}
defaults: {model: fast, retries: 0}
stages:
  - id: first
    name: Say It
    prompt: {user: "{{ inputs.text }}"}
  - id: second
    name: Leave It Out
    when:
      - {if: "false", else: "the story wants one skipped"}
    call: echo
  - id: third
    name: Perhaps Fail
    call: echo
    with: {text: "{{ stages.first.output }}", fail: "{{ inputs.fail }}"}
output: {optimizedPrompt: "{{ stages.third.output.text }}"}
"""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[NatsServer]:
    async with NatsServer.start(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(broker: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stack]:
    directory = tmp_path_factory.mktemp("stack")
    (directory / "pipelines").mkdir()
    (directory / "pipelines" / "journey-v1.yaml").write_text(JOURNEY)
    async with running_stack(broker.url, directory) as stack:
        yield stack


async def submit(stack: Stack, text: str = "hello", pipeline: str = "journey-v1", **options: object) -> str:
    async with stack.http() as http:
        reply = await http.post(f"/api/pipelines/{pipeline}/run", json={"input": text, "options": options})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["executionId"])


async def run_to_end(stack: Stack, text: str = "hello", **options: object) -> list[Message]:
    """Submit, subscribe, and return every event up to the terminal one."""
    async with open_socket(stack.ws_url()) as socket:
        execution_id = await submit(stack, text, "journey-v1", **options)
        assert (await socket.subscribe(execution_id))["success"] is True
        return await socket.until_end(execution_id)


def of_type(events: list[Message], name: str) -> Message:
    found = [event for event in events if event["type"] == name]
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


async def test_1_post_run_accepts_input_and_returns_an_execution_id(stack: Stack) -> None:
    async with stack.http() as http:
        reply = await http.post("/api/pipelines/journey-v1/run", json={"input": "Your prompt to optimize..."})
    assert reply.status_code == 200
    body = reply.json()
    assert re.fullmatch(EXECUTION_ID_PATTERN, body.pop("executionId"))
    assert body == {"pipelineId": "journey-v1", "status": "started"}


async def test_2_ws_accepts_connections_and_handles_subscriptions(stack: Stack) -> None:
    execution_id = await submit(stack)
    async with open_socket(stack.ws_url()) as socket:
        answer = await socket.subscribe(execution_id)
        assert answer.items() >= {"type": "subscribed", "executionId": execution_id, "success": True}.items()
        await socket.until_end(execution_id)
        await socket.send({"type": "unsubscribe", "executionId": execution_id})
        assert await socket.next() == {"type": "unsubscribed", "executionId": execution_id}


async def test_3_every_event_of_the_story_is_streamed_in_order_with_its_fields(stack: Stack) -> None:
    events = await run_to_end(stack, "say this")
    stored = [event for event in events if event["type"] != "stage:output"]
    assert [event["type"] for event in stored] == [
        "execution:queued",
        "execution:started",
        "stage:started",
        "stage:completed",
        "stage:skipped",
        "stage:started",
        "stage:completed",
        "execution:completed",
    ]
    # The numbers left out are those of the journal: a model call, and that the end was decided.
    assert [event["seq"] for event in stored] == [0, 1, 2, 4, 5, 6, 7, 9]
    assert len({event["executionId"] for event in events}) == 1
    started = of_type(events, "execution:started")
    assert (started["pipelineId"], started["total"], started["attempt"]) == ("journey-v1", 3, 1)
    assert stored[2]["stage"] == {"id": "first", "name": "Say It"}
    assert (stored[2]["index"], stored[2]["total"]) == (0, 3)
    done = stored[3]
    assert done["stage"] == {"id": "first", "name": "Say It"}
    assert done["result"]["status"] == "success"
    assert done["result"]["cost"] == 0
    assert isinstance(done["result"]["duration"], int)
    skipped = of_type(events, "stage:skipped")
    assert (skipped["stage"]["id"], skipped["index"]) == ("second", 1)
    assert skipped["reason"] == "the story wants one skipped"


async def test_3_a_failing_stage_is_told_with_its_error_and_the_end_says_failed(stack: Stack) -> None:
    events = await run_to_end(stack, fail=True)
    failed = of_type(events, "stage:failed")
    assert failed["stage"]["id"] == "third"
    assert failed["index"] == 2
    assert failed["error"]
    result = events[-1]["result"]
    assert result["status"] == "failed"
    assert result["error"]
    assert result["summary"]["stagesFailed"] == 1


async def test_3_the_terminal_event_carries_the_full_result(stack: Stack) -> None:
    result: dict[str, Any] = (await run_to_end(stack, "say this"))[-1]["result"]
    assert result["pipelineId"] == "journey-v1"
    assert result["status"] == "success"
    assert result["input"]["prompt"] == "say this"
    assert result["output"]["optimizedPrompt"] == "say this"
    assert [stage["stageId"] for stage in result["stages"]] == ["first", "second", "third"]
    assert [stage["status"] for stage in result["stages"]] == ["success", "skipped", "success"]
    first = result["stages"][0]
    assert {"stageId", "stageName", "status", "duration", "model", "cost", "inputTokens", "outputTokens"} <= set(first)
    summary = result["summary"]
    assert (summary["stagesRun"], summary["stagesSkipped"], summary["stagesFailed"]) == (2, 1, 0)
    assert {"totalDuration", "totalCost", "totalInputTokens", "totalOutputTokens"} <= set(summary)


async def test_4_the_result_is_saved_when_the_terminal_event_arrives(stack: Stack) -> None:
    end = (await run_to_end(stack))[-1]
    (file,) = stack.outputs.rglob(end["filename"])
    assert json.loads(file.read_text()) == end["result"]


async def test_5_get_pipelines_answers_as_before(stack: Stack) -> None:
    async with stack.http() as http:
        rows = {row["id"]: row for row in (await http.get("/api/pipelines")).json()}
        detail = (await http.get("/api/pipelines/journey-v1")).json()
    assert rows["journey-v1"] == {
        "filename": "journey-v1.yaml",
        "id": "journey-v1",
        "name": "Journey",
        "version": "2.1.0",
        "description": "Every kind of ending a stage can have.",
        "stageCount": 3,
        "defaultProvider": "scripted",
    }
    assert {"prompt-optimizer-v1", "summarize-v1", "echo-v1"} <= set(rows)
    assert detail["pipeline"]["id"] == "journey-v1"
    assert [stage["id"] for stage in detail["stages"]] == ["first", "second", "third"]


async def test_6_and_7_get_outputs_lists_new_results_first_with_the_fields_of_before(stack: Stack) -> None:
    first = (await run_to_end(stack, "one"))[-1]
    second = (await run_to_end(stack, "two"))[-1]
    async with stack.http() as http:
        rows = (await http.get("/api/outputs")).json()
        saved = (await http.get(f"/api/outputs/{rows[0]['filename']}")).json()
    assert [row["filename"] for row in rows[:2]] == [second["filename"], first["filename"]]
    fields = {"filename", "pipelineId", "status", "timestamp", "duration", "cost", "stagesRun"}
    assert fields | {"stagesSkipped", "stagesFailed"} <= set(rows[0])
    assert saved == second["result"]


async def test_9_an_unknown_pipeline_is_refused_before_the_input_is_looked_at(stack: Stack) -> None:
    async with stack.http() as http:
        reply = await http.post("/api/pipelines/nothing-v9/run", json={})
    assert reply.status_code == 404
    assert reply.json()["error"] == "Pipeline not found"


@pytest.mark.parametrize("body", [{}, {"input": ""}, {"input": "  \n"}, {"input": 7}, {"input": None}])
async def test_10_input_must_be_a_non_empty_string(stack: Stack, body: object) -> None:
    async with stack.http() as http:
        reply = await http.post("/api/pipelines/journey-v1/run", json=body)
    assert reply.status_code == 400
    assert reply.json()["error"] == "Input is required and must be a non-empty string"


async def test_11_a_broker_that_is_gone_is_a_500_at_once_and_nothing_is_half_submitted(
    stack: Stack, broker: NatsServer
) -> None:
    async with stack.http() as http:
        before = (await http.get("/api/executions")).json()
        await broker.stop()
        async with asyncio.timeout(5):
            reply = await http.post("/api/pipelines/journey-v1/run", json={"input": "x"})
        assert reply.status_code == 500
        assert reply.json()["error"] == "Execution failed to start"
        await broker.restart()
        await stack.gateways[0].wait_for_event("broker connected", times=2)
        assert (await http.get("/api/executions")).json() == before


async def test_12_a_subscriber_that_vanishes_disturbs_nobody(stack: Stack) -> None:
    execution_id = await submit(stack, "slow", pipeline="echo-v1", delay_ms=100)
    async with open_socket(stack.ws_url()) as staying:
        await staying.subscribe(execution_id)
        async with open_socket(stack.ws_url()) as leaving:
            await leaving.subscribe(execution_id)
            leaving.connection.transport.abort()
        events = await staying.until_end(execution_id)
    assert events[-1]["result"]["status"] == "success"
    async with stack.http() as http:
        assert (await http.get("/healthz")).status_code == 200


async def test_a_run_goes_on_when_the_client_that_submitted_it_goes_away(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=stack.url) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.post(
                "/api/pipelines/echo-v1/run",
                json={"input": "x", "options": {"delay_ms": 100}},
                headers={"Prefer": "wait=30"},
                timeout=0.3,
            )
        execution_id = (await http.get("/api/executions")).json()[0]["id"]
    async with open_socket(stack.ws_url()) as socket:
        await socket.subscribe(execution_id)
        assert (await socket.until_end(execution_id))[-1]["result"]["status"] == "success"
