"""`POST /api/executions/{id}/rerun` over real sockets and a real broker: what event 0 of the new execution says."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.events import ExecutionQueued, StageCompleted
from contracts.pipeline import Pipeline
from contracts.results import ResultStatus
from stagecast.jetstream_log import JetStreamLog
from tests.example_events import Example
from tests.executed import events_after
from tests.gateway_server import EXAMPLE_FILE, RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.unit.gateway.faulty_log import until

BODY = {"input": "hello", "options": {"times": 2}}
BIG = "x" * 3_000_000  # more than a broker message holds


@pytest.fixture
async def log(shared_nats: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(shared_nats.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


async def execute(
    log: JetStreamLog, execution_id: str, status: ResultStatus = "failed", *, output: object = None, ends: bool = True
) -> None:
    """Do what a runner does that completes the first stage and fails in the second."""
    queued = (await log.read(execution_id))[0].stored_event()
    assert isinstance(queued, ExecutionQueued)
    for event in events_after(queued, {"first": "completed", "second": "failed"}, status):
        if output is not None and isinstance(event, StageCompleted):
            event = event.model_copy(update={"result": event.result.model_copy(update={"output": output})})
        if ends or not event.is_terminal:
            await log.append(event)


async def failed_run(gateway: RunningGateway, log: JetStreamLog, **how: Any) -> str:
    execution_id = await gateway.run(BODY)
    await execute(log, execution_id, **how)
    return execution_id


async def rerun(gateway: RunningGateway, execution_id: str, body: Any = None, **headers: str) -> httpx.Response:
    content = {} if body is None else {"json": body}
    return await gateway.http.post(f"/api/executions/{execution_id}/rerun", headers=headers, **content)


async def queued_of(log: JetStreamLog, reply: httpx.Response) -> ExecutionQueued:
    assert reply.status_code == 200, reply.text
    queued = (await log.read(reply.json()["executionId"]))[0].stored_event()
    assert isinstance(queued, ExecutionQueued)
    return queued


async def test_a_failed_execution_is_run_again_with_what_it_had_completed(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    earlier = await failed_run(gateway, log)
    reply = await rerun(gateway, earlier)
    queued = await queued_of(log, reply)
    assert reply.json() == {
        "executionId": queued.execution_id,
        "pipelineId": "example-v1",
        "status": "started",
        "rerunOf": earlier,
        "reused": ["first"],
    }
    assert queued.execution_id != earlier
    assert (queued.input, queued.options) == (BODY["input"], BODY["options"])
    assert queued.rerun is not None
    assert (queued.rerun.of, queued.rerun.from_stage) == (earlier, None)
    reused = queued.rerun.reused["first"]
    assert (reused.of, reused.output, reused.model) == (earlier, "first of source", "scripted:fast")
    view = (await gateway.http.get(f"/api/executions/{queued.execution_id}")).json()
    assert (view["status"], view["rerunOf"]) == ("queued", earlier)


async def test_an_output_larger_than_a_broker_message_is_taken_over_whole(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    queued = await queued_of(log, await rerun(gateway, await failed_run(gateway, log, output=BIG)))
    assert queued.rerun is not None
    assert queued.rerun.reused["first"].output == BIG


async def test_input_and_options_may_be_changed_each_by_itself_which_reuses_nothing(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    earlier = await failed_run(gateway, log)
    other_input = await rerun(gateway, earlier, {"input": "other"})
    other_options = await rerun(gateway, earlier, {"options": {}, "input": None})
    assert other_input.json()["reused"] == other_options.json()["reused"] == []
    first, second = await queued_of(log, other_input), await queued_of(log, other_options)
    assert (first.input, first.options) == ("other", {"times": 2})
    assert (second.input, second.options) == ("hello", {})


async def test_from_a_stage_on_even_a_success_is_run_again_with_changes(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    earlier = await failed_run(gateway, log, status="success")
    assert (await rerun(gateway, earlier)).json()["reused"] == []
    reply = await rerun(gateway, earlier, {"fromStage": "second", "input": "other"})
    assert reply.json()["reused"] == ["first"]
    queued = await queued_of(log, reply)
    assert queued.rerun is not None
    assert queued.rerun.from_stage == "second"


async def test_the_pipeline_of_today_runs_and_a_stage_that_it_changed_runs_anew(
    gateway: RunningGateway, log: JetStreamLog, tmp_path: Path
) -> None:
    earlier = await failed_run(gateway, log)
    file = tmp_path / "pipelines" / "example-v1.yaml"
    file.write_text(EXAMPLE_FILE.replace("name: Second", "name: Second of today"))
    kept = await rerun(gateway, earlier)
    assert kept.json()["reused"] == ["first"]
    assert (await queued_of(log, kept)).pipeline["stages"][1]["name"] == "Second of today"
    file.write_text(EXAMPLE_FILE.replace("name: First, call: echo", "name: First, call: echo, with: {n: 1}"))
    assert (await rerun(gateway, earlier)).json()["reused"] == []


async def test_a_rerun_that_failed_can_be_run_again_and_the_execution_that_paid_stays_named(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    first = await failed_run(gateway, log)
    second = (await rerun(gateway, first)).json()["executionId"]
    await execute(log, second)
    third = await queued_of(log, await rerun(gateway, second))
    assert third.rerun is not None
    assert (third.rerun.of, third.rerun.reused["first"].of) == (second, first)


async def test_what_has_not_ended_cannot_be_run_again(gateway: RunningGateway, log: JetStreamLog) -> None:
    queued = await gateway.run(BODY)
    running = await failed_run(gateway, log, ends=False)
    for execution_id in (queued, running):
        reply = await rerun(gateway, execution_id)
        assert (reply.status_code, reply.json()["code"]) == (409, "execution_running")


async def test_an_execution_whose_log_cannot_be_folded_cannot_be_run_again(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    example = Example()
    for event in (example.queued(), example.stage_completed(1), example.completed(2, "failed")):
        await log.append(event)
    reply = await rerun(gateway, example.id)
    assert (reply.status_code, reply.json()["code"]) == (500, "corrupt_log")


@pytest.mark.parametrize("body", [None, {"fromStage": 7}])
async def test_an_unknown_execution_is_404_before_anything_about_the_body(gateway: RunningGateway, body: Any) -> None:
    for execution_id in ("exec_1703187600000_abcdefghijklmnop", "exec_1", "*", "a.b"):
        reply = await rerun(gateway, execution_id, body)
        assert reply.status_code == 404
        assert reply.json() == {"error": "Execution not found", "code": "execution_not_found"}


async def test_a_pipeline_that_is_gone_is_404(gateway: RunningGateway, log: JetStreamLog, tmp_path: Path) -> None:
    earlier = await failed_run(gateway, log)
    (tmp_path / "pipelines" / "example-v1.yaml").unlink()
    reply = await rerun(gateway, earlier, {"fromStage": 7})
    assert (reply.status_code, reply.json()["code"]) == (404, "pipeline_not_found")


async def test_an_unknown_stage_is_refused_with_those_that_there_are(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    reply = await rerun(gateway, await failed_run(gateway, log), {"fromStage": "third"})
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_input")
    assert "its stages are first, second" in reply.json()["error"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        (b"null", "object"),
        (b'{"fromStage":7}', "fromStage"),
        (b'{"from_stage":"second"}', "from_stage"),
        (b'{"input":""}', "Input is required"),
        (b'{"input":7}', "input"),
        (b'{"options":[]}', "options"),
        (b'{"options":{"times":1e999}}', "number"),
        (b'{"options":{"times":"many"}}', "times"),
        (b'{"options":{"unknown":1}}', "unknown"),
    ],
)
async def test_a_body_that_cannot_be_run_is_refused_with_the_reason(
    gateway: RunningGateway, log: JetStreamLog, body: bytes, reason: str
) -> None:
    earlier = await failed_run(gateway, log)
    reply = await gateway.http.post(f"/api/executions/{earlier}/rerun", content=body)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_input")
    assert reason in reply.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"fromStage":null,"input":null,"options":null}'])
async def test_an_empty_body_means_everything_as_it_was(
    gateway: RunningGateway, log: JetStreamLog, body: bytes
) -> None:
    earlier = await failed_run(gateway, log)
    reply = await gateway.http.post(f"/api/executions/{earlier}/rerun", content=body)
    queued = await queued_of(log, reply)
    assert (queued.input, queued.options) == (BODY["input"], BODY["options"])


async def test_a_rerun_that_is_repeated_with_its_key_starts_one_execution(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    earlier = await failed_run(gateway, log)
    key = {"Idempotency-Key": f"rerun {earlier}".replace(" ", "-")}
    first, second = await rerun(gateway, earlier, **key), await rerun(gateway, earlier, **key)
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    conflict = await rerun(gateway, earlier, {"fromStage": "first"}, **key)
    assert (conflict.status_code, conflict.json()["code"]) == (409, "idempotency_conflict")
    await log.purge(earlier)  # the execution that was run again may be gone by then
    assert (await rerun(gateway, earlier, **key)).json() == first.json()
    assert (await rerun(gateway, earlier)).status_code == 404


async def test_prefer_wait_answers_with_the_result_of_the_new_execution(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    earlier = await failed_run(gateway, log)
    waiting = asyncio.create_task(rerun(gateway, earlier, Prefer="wait=30"))
    await until(lambda: gateway.watched_count == 1)
    newest = (await log.list_executions(limit=1)).executions[0].id
    await execute(log, newest, "success")
    reply = await waiting
    assert (reply.headers["Preference-Applied"], reply.json()["executionId"]) == ("wait=30", newest)


async def test_a_rerun_keeps_the_budget_of_the_options_unless_it_brings_its_own(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    execution_id = await gateway.run({**BODY, "options": {"times": 2, "budget": {"calls": 7}}})
    await execute(log, execution_id)
    limits: list[int | None] = []
    for body in (None, {"options": {"times": 2, "budget": {"calls": 9}}}):
        reply = (await rerun(gateway, execution_id, body)).json()
        queued = (await log.read(reply["executionId"]))[0].stored_event()
        assert isinstance(queued, ExecutionQueued)
        budget = Pipeline.model_validate(queued.pipeline).budget
        limits.append(None if budget is None else budget.calls)
        assert reply["reused"] == ["first"]
    assert limits == [7, 9]
