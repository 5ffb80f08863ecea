"""`Idempotency-Key` over real sockets and a real broker: however often a request comes, one execution is started."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.errors import Fenced, LogUnavailable
from contracts.events import ExecutionQueued, LogEvent
from stagecast.jetstream_log import JetStreamLog
from stagecast.memory_log import MemoryLog
from tests.example_events import Example
from tests.gateway_server import KnownRunners, RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.unit.gateway.faulty_log import until

RUN = "/api/pipelines/example-v1/run"
BODY = {"input": "hello", "options": {"times": 2}}
REPLAYED = "Idempotency-Replayed"
FAILED = (500, {"error": "Execution failed to start", "code": "log_unavailable"})


@pytest.fixture
async def log(shared_nats: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(shared_nats.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


@pytest.fixture
def key() -> str:
    """A key that no other test has."""
    return Example().id


@asynccontextmanager
async def two_gateways(url: str, directory: Path) -> AsyncGenerator[tuple[RunningGateway, RunningGateway]]:
    """Two gateways, each with a connection of its own to the broker."""
    async with (
        jetstream_log(url) as one_log,
        jetstream_log(url) as other_log,
        running_gateway(one_log, directory) as one,
        running_gateway(other_log, directory) as other,
    ):
        yield one, other


async def submit(
    gateway: RunningGateway, key: str, body: Any = BODY, path: str = RUN, **headers: str
) -> httpx.Response:
    return await gateway.http.post(path, json=body, headers={"Idempotency-Key": key, **headers})


async def test_a_repetition_is_answered_with_the_first_execution_and_stores_nothing(
    gateway: RunningGateway, log: JetStreamLog, key: str
) -> None:
    first, second = await submit(gateway, key), await submit(gateway, key)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert (REPLAYED in first.headers, second.headers[REPLAYED]) == (False, "true")
    assert [entry.type for entry in await log.read(first.json()["executionId"])] == ["execution:queued"]


async def test_without_a_key_the_same_request_starts_another_execution(gateway: RunningGateway) -> None:
    assert await gateway.run(BODY) != await gateway.run(BODY)


async def test_another_key_starts_another_execution_and_quotes_belong_to_the_key(
    gateway: RunningGateway, key: str
) -> None:
    ids = {(await submit(gateway, one)).json()["executionId"] for one in (key, f'"{key}"', f'"{key}"', key.upper())}
    assert len(ids) == 3


async def test_requests_at_the_same_time_through_two_gateways_start_one_execution(
    nats_server: NatsServer, tmp_path: Path, key: str
) -> None:
    async with two_gateways(nats_server.url, tmp_path) as gateways:
        replies = await asyncio.gather(*(submit(gateways[number % 2], key) for number in range(20)))
        assert {reply.status_code for reply in replies} == {200}
        assert len({reply.json()["executionId"] for reply in replies}) == 1
        assert [REPLAYED in reply.headers for reply in replies].count(False) == 1
        assert len((await gateways[0].http.get("/api/executions")).json()) == 1


async def test_the_same_key_with_another_request_is_409(gateway: RunningGateway, key: str) -> None:
    first = await submit(gateway, key)
    for body, path in (
        ({**BODY, "input": "other"}, RUN),
        ({**BODY, "options": {"times": 3}}, RUN),
        ({"input": "hello"}, RUN),
        (BODY, "/api/pipelines/paid-v1/run"),
        (None, f"/api/executions/{first.json()['executionId']}/rerun"),
    ):
        reply = await submit(gateway, key, body, path)
        assert (reply.status_code, reply.json()["code"]) == (409, "idempotency_conflict"), path
    assert (await submit(gateway, key)).json() == first.json()


@pytest.mark.parametrize("bad", ["", "a b", "k" * 256, "a\tb"])
async def test_what_is_no_key_is_refused(gateway: RunningGateway, bad: str) -> None:
    reply = await submit(gateway, bad)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_input")
    assert "Idempotency-Key" in reply.json()["error"]
    unknown = await submit(gateway, bad, path="/api/pipelines/nothing-v9/run")
    assert unknown.status_code == 404  # told first, as always


async def test_a_request_that_was_refused_may_come_again_with_its_key_once_nothing_stands_against_it(
    log: JetStreamLog, tmp_path: Path, key: str
) -> None:
    path = "/api/pipelines/paid-v1/run"
    async with running_gateway(log, tmp_path, runners=KnownRunners([])) as gateway:
        assert (await submit(gateway, key, {"input": "x"}, path)).json()["code"] == "missing_setting"
    async with running_gateway(log, tmp_path, runners=KnownRunners(["OPENAI_API_KEY"])) as gateway:
        reply = await submit(gateway, key, {"input": "x"}, path)
    assert (reply.status_code, REPLAYED in reply.headers) == (200, False)


async def test_a_repetition_is_answered_whatever_would_stand_against_the_request_today(
    log: JetStreamLog, tmp_path: Path, key: str
) -> None:
    path, body = "/api/pipelines/paid-v1/run", {"input": "x"}
    async with running_gateway(log, tmp_path, runners=KnownRunners(["OPENAI_API_KEY"])) as gateway:
        first = await submit(gateway, key, body, path)
    file = tmp_path / "pipelines" / "paid-v1.yaml"
    async with running_gateway(log, tmp_path, runners=KnownRunners([]), max_queued=1) as gateway:
        assert (await submit(gateway, f"{key}2", body, path)).status_code == 400
        assert (await submit(gateway, key, body, path)).json() == first.json()
        file.write_text("id: paid-v1\nbroken")
        assert (await submit(gateway, f"{key}3", body, path)).status_code == 500
        assert (await submit(gateway, key, body, path)).json() == first.json()
        file.unlink()
        assert (await submit(gateway, f"{key}4", body, path)).status_code == 404
        assert (await submit(gateway, key, body, path)).json() == first.json()


async def test_a_repetition_waits_for_the_result_as_well(gateway: RunningGateway, log: JetStreamLog, key: str) -> None:
    first = await submit(gateway, key)
    waiting = asyncio.create_task(submit(gateway, key, Prefer="wait=30"))
    await until(lambda: gateway.watched_count == 1)
    example = Example(first.json()["executionId"])
    await log.append(example.started())
    await log.append(example.completed(2, output={"text": "done"}))
    reply = await waiting
    assert (reply.headers[REPLAYED], reply.headers["Preference-Applied"]) == ("true", "wait=30")
    assert reply.json()["output"] == {"text": "done"}
    again = await submit(gateway, key, Prefer="wait=30")
    assert again.json() == reply.json()


class LossyLog(MemoryLog):
    """Loses an append before it is stored, or its answer; or has somebody else in every slot, whom nobody can read."""

    def __init__(self) -> None:
        super().__init__()
        self.loses_append = False
        self.loses_answer = False
        self.is_taken = False

    async def append(self, event: LogEvent) -> int:
        if self.is_taken:
            raise Fenced("The test has taken this slot.")
        if self.loses_append:
            self.loses_append = False
            raise LogUnavailable("The test loses this event.")
        size = await super().append(event)
        if self.loses_answer:
            self.loses_answer = False
            raise LogUnavailable("The test loses this answer.")
        return size


async def test_a_slot_that_is_taken_and_cannot_be_read_is_no_success(tmp_path: Path, key: str) -> None:
    log = LossyLog()
    async with running_gateway(log, tmp_path) as gateway:
        log.is_taken = True
        reply = await submit(gateway, key)
    assert (reply.status_code, reply.json()) == FAILED


async def test_a_submission_whose_answer_was_lost_is_found_by_its_repetition(tmp_path: Path, key: str) -> None:
    log = LossyLog()
    async with running_gateway(log, tmp_path) as gateway:
        log.loses_answer = True
        lost = await submit(gateway, key)
        assert (lost.status_code, lost.json()) == FAILED
        found = await submit(gateway, key)
    assert (found.status_code, found.headers[REPLAYED]) == (200, "true")
    page = await log.list_executions(limit=10)
    assert [row.id for row in page.executions] == [found.json()["executionId"]]


async def test_a_key_that_was_kept_before_its_submission_was_stored_is_no_dead_end(tmp_path: Path, key: str) -> None:
    log = LossyLog()
    async with running_gateway(log, tmp_path) as gateway:
        log.loses_append = True
        lost = await submit(gateway, key)
        assert (lost.status_code, lost.json()) == FAILED
        stored = await submit(gateway, key)
        again = await submit(gateway, key)
    assert (stored.status_code, REPLAYED in stored.headers, again.headers[REPLAYED]) == (200, False, "true")
    page = await log.list_executions(limit=10)
    assert [row.id for row in page.executions] == [stored.json()["executionId"]]
    assert again.json() == stored.json()


async def test_a_gateway_that_is_lost_between_key_and_submission_leaves_it_to_another_one(
    nats_server: NatsServer, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get_lost(_: LogEvent) -> int:
        raise LogUnavailable("The test lets this gateway get no further.")

    async with (
        jetstream_log(nats_server.url) as lost_log,
        running_gateway(lost_log, tmp_path) as lost,
        jetstream_log(nats_server.url) as log,
        running_gateway(log, tmp_path) as gateway,
    ):
        monkeypatch.setattr(lost_log, "append", get_lost)
        assert (await submit(lost, key)).status_code == 500
        replies = await asyncio.gather(*(submit(gateway, key) for _ in range(5)))
        assert {reply.status_code for reply in replies} == {200}
        assert len({reply.json()["executionId"] for reply in replies}) == 1
        assert len((await gateway.http.get("/api/executions")).json()) == 1
        conflict = await submit(gateway, key, {"input": "other"})
        assert conflict.status_code == 409


async def test_a_broker_that_is_away_is_told_and_the_repetition_succeeds_once_it_is_back(
    nats_server: NatsServer, tmp_path: Path, key: str
) -> None:
    async with jetstream_log(nats_server.url) as log, running_gateway(log, tmp_path) as gateway:
        await nats_server.stop()
        reply = await submit(gateway, key)
        assert (reply.status_code, reply.json()) == FAILED
        await nats_server.restart()
        async with asyncio.timeout(20):
            while (await gateway.http.get("/readyz")).status_code != 200:
                pass  # a real request each time
        reply = await submit(gateway, key)
        assert reply.status_code == 200
        queued = (await log.read(reply.json()["executionId"]))[0].stored_event()
        assert isinstance(queued, ExecutionQueued)
        assert queued.input == "hello"
