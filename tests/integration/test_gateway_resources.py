"""Looking at pipelines and executions over HTTP, cancelling, and how the gateway is."""

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from contracts.errors import Fenced
from contracts.events import LogEvent
from stagecast.jetstream_log import JetStreamLog
from stagecast.log import Entry
from stagecast.memory_log import MemoryLog
from tests.example_events import Example
from tests.gateway_server import KnownRunners, RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer

UNKNOWN_ID = "exec_1703187600000_abcdefghijklmnop"
BAD_IDS = ["exec_1", "*", ">", "a.b", "exec_1703187600000_ABCDEFGHIJKLMNOP", "%2e%2e%2f%2e%2e", UNKNOWN_ID + "%0A"]


@pytest.fixture
async def log(shared_nats: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(shared_nats.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


async def append(log: JetStreamLog, *events: LogEvent) -> None:
    for event in events:
        await log.append(event)


def next_page(link: str) -> str:
    match = re.fullmatch(r'<(/api/[^>]+)>; rel="next"', link)
    assert match is not None
    return match[1]


async def test_pipelines_are_listed_with_the_fields_of_before_without_broken_ones(gateway: RunningGateway) -> None:
    rows = {row["id"]: row for row in (await gateway.http.get("/api/pipelines")).json()}
    assert rows["example-v1"] == {
        "filename": "example-v1.yaml",
        "id": "example-v1",
        "name": "Example",
        "version": "2.1.0",
        "description": "Two steps.",
        "stageCount": 2,
        "defaultProvider": None,
    }
    assert set(rows) == {"example-v1", "paid-v1"}


async def test_one_pipeline_is_shown_with_its_stages(gateway: RunningGateway) -> None:
    body = (await gateway.http.get("/api/pipelines/example-v1")).json()
    assert {"id", "name", "version"} <= set(body["pipeline"])
    assert body["pipeline"]["id"] == "example-v1"
    assert [stage["id"] for stage in body["stages"]] == ["first", "second"]


async def test_an_unknown_pipeline_is_404(gateway: RunningGateway) -> None:
    for pipeline_id in ("nothing-v9", "a.b", "%2e%2e%2fexample-v1", "example-v1.yaml", ""):
        reply = await gateway.http.get(f"/api/pipelines/{pipeline_id}")
        assert (reply.status_code, reply.json()) == (404, {"error": "Pipeline not found", "code": "pipeline_not_found"})


async def test_an_execution_is_shown_as_its_events_tell(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, example.queued())
    queued = (await gateway.http.get(f"/api/executions/{example.id}")).json()
    assert (queued["id"], queued["pipelineId"], queued["status"]) == (example.id, "example-v1", "queued")
    await append(log, example.started(), example.stage_started(2), example.stage_completed(3))
    running = (await gateway.http.get(f"/api/executions/{example.id}")).json()
    assert (running["status"], running["runner"], running["lastSeq"]) == ("running", "runner-a", 3)
    assert [stage["status"] for stage in running["stages"]] == ["completed", "pending"]
    await append(log, example.stage_skipped(4, 1), example.completed(5))
    ended = (await gateway.http.get(f"/api/executions/{example.id}")).json()
    assert (ended["status"], ended["result"]["executionId"]) == ("success", example.id)


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", "/cancel"), ("POST", "/finish")])
async def test_an_unknown_execution_is_404(gateway: RunningGateway, method: str, suffix: str) -> None:
    for execution_id in (UNKNOWN_ID, *BAD_IDS):
        reply = await gateway.http.request(method, f"/api/executions/{execution_id}{suffix}")
        assert reply.status_code == 404, execution_id
        assert reply.json() == {"error": "Execution not found", "code": "execution_not_found"}


async def test_executions_are_listed_newest_first_page_by_page(nats_server: NatsServer, tmp_path: Path) -> None:
    async with jetstream_log(nats_server.url) as log, running_gateway(log, tmp_path) as gateway:
        ids = [await gateway.run({"input": str(number)}) for number in range(5)]
        first = await gateway.http.get("/api/executions?limit=3")
        assert [row["id"] for row in first.json()] == ids[:1:-1]
        second = await gateway.http.get(next_page(first.headers["Link"]))
        assert [row["id"] for row in second.json()] == ids[1::-1]
        assert "Link" not in second.headers
        assert len((await gateway.http.get("/api/executions")).json()) == 5


async def test_cancelling_stores_one_event_however_often_it_is_asked(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    execution_id = await gateway.run({"input": "x"})
    for _ in range(3):
        reply = await gateway.http.post(f"/api/executions/{execution_id}/cancel")
        assert (reply.status_code, reply.json()) == (200, {"cancelled": True})
    assert [entry.type for entry in await log.read(execution_id)] == ["execution:queued", "execution:cancel_requested"]
    assert (await gateway.http.get(f"/api/executions/{execution_id}")).json()["cancelRequested"] is True


async def test_cancelling_at_the_same_time_from_everywhere_stores_one_event(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    execution_id = await gateway.run({"input": "x"})
    replies = await asyncio.gather(*(gateway.http.post(f"/api/executions/{execution_id}/cancel") for _ in range(10)))
    assert all(reply.json() == {"cancelled": True} for reply in replies)
    assert len(await log.read(execution_id)) == 2


async def test_finishing_stores_one_event_however_often_and_from_everywhere_it_is_asked(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    execution_id = await gateway.run({"input": "x"})
    path = f"/api/executions/{execution_id}/finish"
    replies = await asyncio.gather(*(gateway.http.post(path) for _ in range(10)))
    assert all((reply.status_code, reply.json()) == (200, {"finishing": True}) for reply in replies)
    assert [entry.type for entry in await log.read(execution_id)] == ["execution:queued", "execution:finish_requested"]
    view = (await gateway.http.get(f"/api/executions/{execution_id}")).json()
    assert (view["finishRequested"], view["cancelRequested"]) == (True, False)


async def test_there_is_nothing_to_finish_once_the_end_is_decided_or_somebody_cancels(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    ended, decided, cancelled = Example(), Example(), Example()
    await append(log, ended.queued(), ended.started(), ended.completed(2))
    await append(log, decided.queued(), decided.started(), decided.ending(2))
    await append(log, cancelled.queued(), cancelled.started(), cancelled.cancel_requested(2))
    for example in (ended, decided, cancelled):
        reply = await gateway.http.post(f"/api/executions/{example.id}/finish")
        assert (reply.status_code, reply.json()) == (200, {"finishing": False})
        assert len(await log.read(example.id)) == 3


async def test_who_asked_to_finish_may_still_cancel(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, example.queued(), example.started(), example.finish_requested(2))
    reply = await gateway.http.post(f"/api/executions/{example.id}/cancel")
    assert reply.json() == {"cancelled": True}
    assert [entry.type for entry in await log.read(example.id)][2:] == [
        "execution:finish_requested",
        "execution:cancel_requested",
    ]


async def test_there_is_nothing_to_cancel_after_the_end(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, example.queued(), example.started(), example.completed(2))
    reply = await gateway.http.post(f"/api/executions/{example.id}/cancel")
    assert (reply.status_code, reply.json()) == (200, {"cancelled": False})
    assert len(await log.read(example.id)) == 3


async def test_a_cancel_that_races_with_the_runner_finds_its_slot(gateway: RunningGateway, log: JetStreamLog) -> None:
    example = Example()
    await append(log, example.queued(), example.started(), example.stage_started(2))
    cancelling = asyncio.create_task(gateway.http.post(f"/api/executions/{example.id}/cancel"))
    for seq in range(3, 200):
        try:
            await log.append(example.stage_retrying(seq))
        except Fenced:
            assert (await log.read(example.id))[seq].type == "execution:cancel_requested"
            break
    assert (await cancelling).json() == {"cancelled": True}
    types = [entry.type for entry in await log.read(example.id)]
    assert types.count("execution:cancel_requested") == 1


async def test_a_log_that_cannot_be_folded_is_shown_and_cancelled_by_its_end(
    gateway: RunningGateway, log: JetStreamLog
) -> None:
    doubled, unclaimed = Example(), Example()
    await append(log, doubled.queued(), doubled.completed(1, "failed"), doubled.completed(2))
    await append(log, unclaimed.queued(), unclaimed.stage_completed(1), unclaimed.completed(2, "failed"))
    for example, last_seq in ((doubled, 1), (unclaimed, 2)):
        reply = await gateway.http.get(f"/api/executions/{example.id}")
        view = reply.json()
        assert (reply.status_code, view["status"], view["filename"]) == (200, "failed", "example.json")
        assert (view["id"], view["pipelineId"], view["lastSeq"]) == (example.id, "example-v1", last_seq)
        assert view["result"]["status"] == "failed"
        assert view["endedAt"] is not None
        assert [stage["status"] for stage in view["stages"]] == ["not_run", "not_run"]
        reply = await gateway.http.post(f"/api/executions/{example.id}/cancel")
        assert (reply.status_code, reply.json()) == (200, {"cancelled": False})
    assert len(await log.read(unclaimed.id)) == 3


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", "/cancel"), ("POST", "/finish")])
async def test_a_log_that_cannot_be_folded_and_has_no_end_is_told_as_a_fault(
    gateway: RunningGateway, log: JetStreamLog, method: str, suffix: str
) -> None:
    example = Example()
    await append(log, example.queued(), example.stage_completed(1))
    reply = await gateway.http.request(method, f"/api/executions/{example.id}{suffix}")
    assert (reply.status_code, reply.json()["code"]) == (500, "corrupt_log")
    assert set(reply.json()) == {"error", "code"}
    assert example.id not in reply.text


class _FaultyReads(MemoryLog):
    async def read(self, execution_id: str, *, after: int = -1, limit: int | None = None) -> list[Entry]:
        raise RuntimeError(f"a fault of ours about {execution_id}")


async def test_a_fault_of_ours_leaks_nothing_and_is_logged_once_with_its_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_gateway(_FaultyReads(), tmp_path) as gateway:
        with capture_logs() as lines:
            reply = await gateway.http.get(f"/api/executions/{UNKNOWN_ID}")
            await gateway.http.get("/healthz")  # the server is done with the request before
    assert (reply.status_code, reply.json()) == (500, {"error": "Internal error", "code": "internal_error"})
    assert [(line["event"], line["path"]) for line in lines] == [("unexpected error", f"/api/executions/{UNKNOWN_ID}")]
    assert isinstance(lines[0]["exc_info"], RuntimeError)
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


async def test_health_needs_no_broker_and_readiness_does(nats_server: NatsServer, tmp_path: Path) -> None:
    async with (
        jetstream_log(nats_server.url) as log,
        running_gateway(log, tmp_path, runners=KnownRunners([], [])) as gateway,
    ):
        ready = await gateway.http.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True, "broker": True, "runners": 2})
        await nats_server.stop()
        assert (await gateway.http.get("/healthz")).status_code == 200
        unready = await gateway.http.get("/readyz")
        assert (unready.status_code, unready.json()) == (503, {"ready": False, "broker": False, "runners": 0})
        for path in ("/api/executions", f"/api/executions/{UNKNOWN_ID}"):
            reply = await gateway.http.get(path)
            assert (reply.status_code, reply.json()["code"]) == (503, "log_unavailable")


async def test_two_gateways_answer_alike(log: JetStreamLog, shared_nats: NatsServer, tmp_path: Path) -> None:
    async with (
        jetstream_log(shared_nats.url) as other_log,
        running_gateway(log, tmp_path) as one,
        running_gateway(other_log, tmp_path) as other,
    ):
        execution_id = await one.run({"input": "x"})
        assert (await other.http.post(f"/api/executions/{execution_id}/cancel")).json() == {"cancelled": True}
        path = f"/api/executions/{execution_id}"
        assert (await one.http.get(path)).json() == (await other.http.get(path)).json()
