"""Services as users of the broker: all that they do works as it does without users, and what does not is told."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from nats.aio.client import Client

from contracts.errors import LogUnavailable
from contracts.events import decode
from stagecast.inbox import NotPermitted
from stagecast.jetstream_log import JetStreamLog
from stagecast.topology import EXECUTIONS, LogSettings, describe, ensure
from tests.example_events import Example
from tests.integration.logs import WAIT_SECONDS
from tests.integration.roles import LARGE, answer_to_login, body, broker_as, login, settle
from tests.nats_cluster import NatsCluster
from tests.nats_server import PASSWORDS, ROLES, WITH_ROLES, NatsServer
from tests.processes import ServiceProcess, Stack, running_stack
from tests.sockets import open_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {"STAGECAST_MAX_BODY_BYTES": "8000000"}
AT_ONCE = {
    "STAGECAST_RETENTION_HOURS": "0.0003",
    "STAGECAST_IDEMPOTENCY_HOURS": "0.0003",
    "STAGECAST_RETENTION_SWEEP_SECONDS": "0.5",
}


@pytest_asyncio.fixture(loop_scope="module")
async def server(tmp_path: Path) -> AsyncGenerator[NatsServer]:
    """A broker with users that no runner has met yet."""
    (tmp_path / "nats").mkdir()
    async with NatsServer.start(tmp_path / "nats", setup=WITH_ROLES) as server:
        yield server


@asynccontextmanager
async def stack_on(
    server: NatsServer, directory: Path, *, count: int, env: Mapping[str, str] | None = None
) -> AsyncGenerator[Stack]:
    """So many gateways and runners, each as its user; none of them is refused anything that it needs."""
    settings = {**SETTINGS, **(env or {})}
    async with running_stack(server.url, directory, gateways=0, runners=0, env=settings) as stack:
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(stack.add_gateway(login("gateway")))
                group.create_task(stack.add_runner(login("runner")))
        yield stack
        for process in (*stack.gateways, *stack.runners):
            assert "ermissions" not in process.log_text()


async def submit(http: httpx.AsyncClient, text: str, key: str = "", **options: object) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    reply = await http.post(
        "/api/pipelines/echo-v1/run", json={"input": text, "options": options}, headers=headers, timeout=WAIT_SECONDS
    )
    assert reply.status_code == 200, reply.text
    return reply


async def end_of(stack: Stack, execution_id: str, *, gateway: int) -> dict[str, object]:
    async with open_socket(stack.ws_url(gateway)) as socket:
        assert (await socket.subscribe(execution_id, events="all"))["success"] is True
        return (await socket.until_end(execution_id))[-1]


async def kept(server: NatsServer) -> dict[str, int]:
    """Return how many messages each stream holds."""
    async with httpx.AsyncClient(base_url=server.monitoring_url, trust_env=False) as http:
        told = (await http.get("/jsz?streams=true")).json()
    return {each["name"]: each["state"]["messages"] for each in told["account_details"][0]["stream_detail"]}


async def test_a_whole_system_works_and_an_observer_hears_it(server: NatsServer, tmp_path: Path) -> None:
    observer, ended = Client(), set[str]()
    await observer.connect(server.url, user="observer", password=PASSWORDS["observer"])
    heard = await observer.subscribe("exec.>")  # pyright: ignore[reportUnknownMemberType] # nats-py's types have holes
    await settle(observer)
    async with stack_on(server, tmp_path, count=2) as stack:
        async with stack.http(0) as http, stack.http(1) as other:
            large = (await submit(http, LARGE, "order-1")).json()["executionId"]
            again = await submit(other, LARGE, "order-1")
            assert (again.json()["executionId"], again.headers["Idempotency-Replayed"]) == (large, "true")
            slow = (await submit(other, "slow", delay_ms=60_000)).json()["executionId"]
            end = await end_of(stack, large, gateway=1)
            assert end["result"]["status"] == "success"  # type: ignore[index]
            assert end["result"]["input"]["prompt"] == LARGE  # type: ignore[index]
            rerun = (await http.post(f"/api/executions/{large}/rerun", json={})).json()["executionId"]
            assert (await end_of(stack, rerun, gateway=0))["result"]["status"] == "success"  # type: ignore[index]
            assert (await http.post(f"/api/executions/{slow}/cancel")).json() == {"cancelled": True}
            assert (await end_of(stack, slow, gateway=0))["result"]["status"] == "cancelled"  # type: ignore[index]
            listed = (await other.get("/api/executions")).json()
            assert {row["id"]: row["status"] for row in listed} == {
                **{large: "success", rerun: "success"},
                slow: "cancelled",
            }
            assert (await other.get("/readyz")).json()["runners"] == 2
        async with asyncio.timeout(WAIT_SECONDS):
            while ended != {large, slow, rerun}:
                message = await anext(heard.messages)
                if message.subject.endswith(".execution_completed"):
                    ended.add(message.subject.split(".")[1])
                elif message.subject.endswith(".stage_started"):
                    assert decode(message.data).type == "stage:started"
    await observer.close()


async def test_a_runner_removes_what_has_ended_with_its_payloads(server: NatsServer, tmp_path: Path) -> None:
    async with stack_on(server, tmp_path, count=1, env=AT_ONCE) as stack:
        async with stack.http() as http:
            await submit(http, LARGE)
        await stack.runners[0].wait_for(lambda line: line.get("event") == "retention" and line["executions"] == 1)
        streams = await kept(server)
    assert (streams["EXECUTIONS"], streams["PAYLOADS"]) == (0, 0)


async def test_runners_that_die_and_drain_are_followed_by_others(server: NatsServer, tmp_path: Path) -> None:
    env = {"STAGECAST_ACK_WAIT_SECONDS": "2"}
    async with stack_on(server, tmp_path, count=1, env=env) as stack, open_socket(stack.ws_url()) as socket:
        async with stack.http() as http:
            execution_id = (await submit(http, "hello", delay_ms=500)).json()["executionId"]
        await socket.subscribe(execution_id)
        await socket.until(lambda event: event["type"] == "stage:completed")
        await stack.runners.pop().kill()
        await stack.add_runner({**login("runner"), "STAGECAST_DRAIN_SECONDS": "0"})
        await socket.until(lambda event: event["type"] == "execution:resumed")
        assert await stack.runners[0].stop() == 0
        await stack.add_runner(login("runner"))
        assert (await socket.until_end(execution_id))[-1]["result"]["status"] == "success"


async def test_a_broker_that_comes_back_without_its_memory_is_made_use_of_again(
    server: NatsServer, tmp_path: Path
) -> None:
    async with stack_on(server, tmp_path, count=1) as stack:
        await server.kill()
        await server.restart()
        await stack.runners[0].wait_for_event("announced to a broker that had forgotten us")
        await stack.gateways[0].wait_for_event("broker connected", times=2)
        async with stack.http() as http:
            execution_id = (await submit(http, "hello")).json()["executionId"]
        assert (await end_of(stack, execution_id, gateway=0))["result"]["status"] == "success"  # type: ignore[index]


async def test_a_gateway_says_that_it_waits_for_a_runner(server: NatsServer, tmp_path: Path) -> None:
    env = {**login("gateway", server.url), "STAGECAST_PORT": "0", "STAGECAST_OUTPUTS": str(tmp_path)}
    gateway = await ServiceProcess.start("gateway", env, tmp_path)
    try:
        await gateway.wait_for(lambda line: str(line.get("reason")).startswith("Waiting for a runner: the stream"))
        async with broker_as("runner", server.url) as broker:
            await ensure(broker, describe(LogSettings()))
            # The runners' own stream is still missing.
            await gateway.wait_for(lambda line: "the stream RUNNERS" in str(line.get("reason")))
        runner = await ServiceProcess.start("runner", {**env, **login("runner")}, tmp_path)
        try:
            await gateway.wait_for_event("ready")
        finally:
            await runner.stop()
    finally:
        await gateway.stop()


async def test_nodes_of_a_cluster_know_the_users_and_let_nobody_else_be_one(tmp_path: Path) -> None:
    example = Example()
    async with NatsCluster.start(tmp_path, includes=(ROLES,)) as cluster:
        async with broker_as("runner", cluster.urls[0]) as runner, broker_as("gateway", cluster.urls[1]) as gateway:
            log, gateway_log = (JetStreamLog(each, LogSettings(log_replicas=3)) for each in (runner, gateway))
            await when_possible(log)
            await when_possible(gateway_log)
            await gateway_log.append(example.queued(LARGE))
            await log.append(example.started())
            assert [entry.seq for entry in await gateway_log.read(example.id)] == [0, 1]
        stranger = {"user": "route", "pass": "guess", "name": "nats-4", "cluster": "stagecast"}
        assert await answer_to_login(cluster.routes[2], **stranger) == b"-ERR 'Authorization Violation'"


async def when_possible(log: JetStreamLog) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                return await log.open()
            except LogUnavailable:
                await asyncio.sleep(0)


async def test_a_gateway_that_comes_first_is_told_at_once_what_it_waits_for(server: NatsServer) -> None:
    async with broker_as("gateway", server.url) as gateway, broker_as("runner", server.url) as runner:
        pieces = describe(LogSettings())
        with pytest.raises(LogUnavailable, match="Waiting for a runner: the stream EXECUTIONS is not there"):
            await asyncio.wait_for(ensure(gateway, pieces), gateway.timeout_seconds / 2)
        made = await ensure(runner, pieces)
        assert (await ensure(gateway, pieces)).keys() == made.keys()


async def test_a_gateway_uses_the_streams_as_a_runner_has_tuned_them(server: NatsServer) -> None:
    async with broker_as("gateway", server.url) as gateway, broker_as("runner", server.url) as runner:
        await ensure(runner, describe(LogSettings(log_max_bytes=2_000_000)))
        other = LogSettings(log_max_bytes=3_000_000, idempotency_hours=1, ack_wait_seconds=9, max_claims=7)
        found = await ensure(gateway, describe(other))
        assert found[EXECUTIONS]["max_bytes"] == 2_000_000
        assert (await ensure(runner, describe(LogSettings())))[EXECUTIONS]["max_bytes"] == 2_000_000


async def test_a_gateway_does_not_use_streams_of_another_version(server: NatsServer) -> None:
    async with broker_as("gateway", server.url) as gateway, broker_as("runner", server.url) as runner:
        await runner.request("$JS.API.STREAM.CREATE.EXECUTIONS", body(name=EXECUTIONS, subjects=["log.*.*.*"]))
        with pytest.raises(LogUnavailable, match="the stream EXECUTIONS is of another version"):
            await ensure(gateway, describe(LogSettings()))


async def test_a_refused_request_fails_at_once_and_says_so(server: NatsServer) -> None:
    async with broker_as("gateway", server.url, nats_timeout_seconds=60) as broker:
        async with asyncio.timeout(WAIT_SECONDS):
            with pytest.raises(NotPermitted, match=r"publish on \$JS\.API\.STREAM\.PURGE\.EXECUTIONS\."):
                await broker.request("$JS.API.STREAM.PURGE.EXECUTIONS")
            with pytest.raises(NotPermitted):
                await broker.request_batch("$JS.API.DIRECT.GET.REMEMBERED", b"")


async def test_an_inbox_that_is_not_ours_is_told_with_the_setting(server: NatsServer) -> None:
    settings = {"nats_inbox_prefix": "_INBOX_runner", "nats_timeout_seconds": 60}
    async with asyncio.timeout(WAIT_SECONDS), broker_as("gateway", server.url, **settings) as broker:
        with pytest.raises(NotPermitted, match=r"_INBOX_runner\..* set STAGECAST_NATS_INBOX_PREFIX"):
            await broker.request("$JS.API.STREAM.INFO.EXECUTIONS")
