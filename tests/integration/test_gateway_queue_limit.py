"""A queue that is full: 429, until a runner takes something. Over real sockets and a real broker."""

from pathlib import Path

from tests.gateway_server import running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer

RUN = "/api/pipelines/example-v1/run"
BODY = {"input": "x"}


async def test_a_full_queue_refuses_with_429_until_a_runner_takes_something(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with jetstream_log(nats_server.url) as log, running_gateway(log, tmp_path, max_queued=3) as gateway:
        first = await gateway.http.post(RUN, json=BODY, headers={"Idempotency-Key": "first"})
        assert [(await gateway.http.post(RUN, json=BODY)).status_code for _ in range(3)] == [200, 200, 429]
        refused = await gateway.http.post(RUN, json=BODY)
        assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.json()["error"].endswith(".")
        assert len((await gateway.http.get("/api/executions")).json()) == 3

        replayed = await gateway.http.post(RUN, json=BODY, headers={"Idempotency-Key": "first"})
        assert (replayed.status_code, replayed.json()) == (200, first.json())

        keyed = await gateway.http.post(RUN, json=BODY, headers={"Idempotency-Key": "later"})
        assert keyed.status_code == 429
        assert await log.next_delivery(timeout_seconds=30) is not None
        keyed = await gateway.http.post(RUN, json=BODY, headers={"Idempotency-Key": "later"})
        assert (keyed.status_code, "Idempotency-Replayed" in keyed.headers) == (200, False)
        assert (await gateway.http.post(RUN, json=BODY)).status_code == 429


async def test_what_is_invalid_is_told_also_while_the_queue_is_full(nats_server: NatsServer, tmp_path: Path) -> None:
    async with jetstream_log(nats_server.url) as log, running_gateway(log, tmp_path, max_queued=1) as gateway:
        await gateway.run(BODY)
        assert (await gateway.http.post("/api/pipelines/nothing-v9/run", json=BODY)).status_code == 404
        assert (await gateway.http.post(RUN, json={"input": ""})).status_code == 400


async def test_two_gateways_hold_the_limit_together(nats_server: NatsServer, tmp_path: Path) -> None:
    async with (
        jetstream_log(nats_server.url) as one_log,
        jetstream_log(nats_server.url) as other_log,
        running_gateway(one_log, tmp_path, max_queued=4) as one,
        running_gateway(other_log, tmp_path, max_queued=4) as other,
    ):
        statuses = [(await gateway.http.post(RUN, json=BODY)).status_code for gateway in (one,) * 4 + (other,) * 2]
    assert statuses == [200] * 4 + [429] * 2


async def test_a_broker_that_is_away_is_told_as_such_and_not_as_a_full_queue(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with jetstream_log(nats_server.url) as log, running_gateway(log, tmp_path, max_queued=1) as gateway:
        await nats_server.stop()
        reply = await gateway.http.post(RUN, json=BODY)
        assert (reply.status_code, reply.json()["code"]) == (500, "log_unavailable")
