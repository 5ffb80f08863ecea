"""The client and what only gateways with `recovered`, life cycles and close codes tell it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.envelope import StoredEvent, utc_now
from contracts.errors import ExecutionNotFound, RequestRefused
from contracts.events import ExecutionCompleted, LogEvent
from contracts.ids import new_execution_id
from stagecast import Client, Gap, Snapshot
from stagecast.jetstream_log import JetStreamLog
from stagecast.tokens import TokenFile
from stagecast.updates import LifecycleUpdate, Update
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.processes import free_port
from tests.unit.gateway.faulty_log import until

WAIT_SECONDS = 60.0


@pytest.fixture
async def log(nats_server: NatsServer) -> AsyncGenerator[JetStreamLog]:
    async with jetstream_log(nats_server.url) as log:
        yield log


@pytest.fixture
async def gateway(log: JetStreamLog, tmp_path: Path) -> AsyncGenerator[RunningGateway]:
    async with running_gateway(log, tmp_path) as gateway:
        yield gateway


@pytest.fixture
async def client(gateway: RunningGateway) -> AsyncGenerator[Client]:
    async with asyncio.timeout(WAIT_SECONDS), Client(str(gateway.http.base_url)) as client:
        yield client


def run_of(example: Example) -> list[LogEvent]:
    return [example.queued(), example.started(), example.stage_started(2), example.completed(3)]


async def append(log: JetStreamLog, *events: LogEvent) -> None:
    for event in events:
        await log.append(event)


def told(updates: Sequence[Update | LifecycleUpdate]) -> list[tuple[str | None, str]]:
    return [(update.execution_id, update.type) for update in updates]


async def test_an_execution_that_has_left_the_log_is_a_snapshot_and_its_end(
    gateway: RunningGateway, client: Client
) -> None:
    example = Example(new_execution_id(round((utc_now() - timedelta(days=9)).timestamp() * 1000)))
    result = example.completed(3, output="as saved").result
    filename = await gateway.outputs.save(result)
    for after in (-1, 2, 3):
        snapshot, end = [update async for update in client.follow(example.id, after=after)]
        assert isinstance(snapshot, Snapshot)
        assert (snapshot.view.status, snapshot.view.filename) == ("success", filename)
        assert isinstance(end, ExecutionCompleted)
        assert (end.seq, end.result.output, end.filename) == (-1, "as saved", filename)


async def test_whoever_is_ahead_of_the_log_gets_a_snapshot_and_what_follows_it(
    log: JetStreamLog, client: Client
) -> None:
    example = Example()
    await append(log, *run_of(example)[:2])
    async with aclosing(client.follow(example.id, after=7)) as updates:
        snapshot = await anext(updates)
        assert isinstance(snapshot, Snapshot)
        assert (snapshot.view.status, snapshot.view.last_seq) == ("running", 1)
        await append(log, *run_of(example)[2:])
        rest = [update async for update in updates]
    assert [update.seq for update in rest if isinstance(update, StoredEvent)] == [2, 3]


async def test_the_life_cycle_of_all_executions_is_told_as_it_happens(
    gateway: RunningGateway, log: JetStreamLog, client: Client
) -> None:
    one, other = Example(), Example()
    async with aclosing(client.lifecycle()) as every, aclosing(client.lifecycle("example-v1")) as pipeline:
        assert await anext(every) == Gap(execution_id="*")
        assert await anext(pipeline) == Gap(pipeline_id="example-v1")
        await append(log, *run_of(one))
        await append(log, *run_of(other))
        kinds = ["execution:queued", "execution:started", "execution:completed"]
        expected = [(example.id, kind) for example in (one, other) for kind in kinds]
        assert told([await anext(every) for _ in expected]) == expected
        assert told([await anext(pipeline) for _ in expected]) == expected
    await until(lambda: len(gateway.gateway.sockets) == 0)


async def test_of_another_pipeline_nothing_is_told(log: JetStreamLog, client: Client) -> None:
    async with aclosing(client.lifecycle()) as every, aclosing(client.lifecycle("other-v1")) as other:
        await anext(every)
        await anext(other)
        waiting = asyncio.ensure_future(anext(other))
        await append(log, *run_of(Example()))
        for _ in range(3):
            await anext(every)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_life_cycle_goes_on_through_another_gateway_and_tells_of_the_gap(
    log: JetStreamLog, tmp_path: Path
) -> None:
    before, after, port = Example(), Example(), free_port()
    async with (
        asyncio.timeout(WAIT_SECONDS),
        Client(f"http://127.0.0.1:{port}") as client,
        aclosing(client.lifecycle()) as lifecycle,
    ):
        async with running_gateway(log, tmp_path, port=port):
            updates = [await anext(lifecycle)]
            await append(log, before.queued())
            updates.append(await anext(lifecycle))
        coming = asyncio.ensure_future(anext(lifecycle))  # its socket was closed with 1012
        async with running_gateway(log, tmp_path, port=port):
            updates.append(await coming)
            await append(log, after.queued())
            updates.append(await anext(lifecycle))
    assert told(updates) == [
        ("*", "gap"),
        (before.id, "execution:queued"),
        ("*", "gap"),
        (after.id, "execution:queued"),
    ]


async def test_a_gateway_that_goes_down_in_order_takes_no_event_along(log: JetStreamLog, tmp_path: Path) -> None:
    examples, port = [Example() for _ in range(120)], free_port()
    for example in examples:
        await append(log, *run_of(example)[:2])
    async with asyncio.timeout(WAIT_SECONDS), Client(f"http://127.0.0.1:{port}") as client:
        async with running_gateway(log, tmp_path, port=port) as gateway:
            await client.pipelines()
            tasks = [asyncio.create_task(numbers_of(client, example)) for example in examples]
            await until(lambda: gateway.watched_count == len(examples))
        for example in examples:
            await append(log, *run_of(example)[2:])
        async with running_gateway(log, tmp_path, port=port):
            assert await asyncio.gather(*tasks) == [[0, 1, 2, 3]] * len(examples)


async def numbers_of(client: Client, example: Example) -> list[int]:
    return [update.seq async for update in client.follow(example.id) if isinstance(update, StoredEvent)]


async def test_the_stored_events_can_be_read_without_waiting(log: JetStreamLog, client: Client) -> None:
    example = Example()
    await append(log, *run_of(example)[:2], example.stage_started(2), example.call_completed(3))
    events = await client.events(example.id)
    assert [event.type for event in events.events] == ["execution:queued", "execution:started", "stage:started"]
    assert (events.status, events.from_, events.to, events.recovered) == ("running", 0, 3, True)
    rest = await client.events(example.id, after=2, events="all")
    assert [event.type for event in rest.events] == ["call:completed"]
    beyond = await client.events(example.id, after=9)
    assert (beyond.recovered, beyond.events) == (False, ())
    assert beyond.snapshot is not None
    with pytest.raises(RequestRefused) as caught:
        await client.events(Example().id)
    assert caught.value.code == "execution_not_found"


async def test_a_token_that_is_good_lets_in_and_any_other_is_told(log: JetStreamLog, tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    good, other, submits = tokens.add("ci", ["read", "run"]), tokens.add("other", ["read"]), tokens.add("in", ["run"])
    async with (
        asyncio.timeout(WAIT_SECONDS),
        running_gateway(log, tmp_path, auth="on", tokens_file=tokens.path) as gateway,
    ):
        url = str(gateway.http.base_url)
        async with Client(url, token=good) as client:
            execution_id = await client.submit("example-v1", "hello")
            example = Example(execution_id)
            await append(log, *run_of(example)[1:])
            assert [update.type async for update in client.follow(execution_id)][-1] == "execution:completed"
        async with Client(url, token=other) as client:
            with pytest.raises(ExecutionNotFound):
                await anext(client.follow(execution_id))
        for token, code in ((None, "unauthenticated"), ("wrong", "unauthenticated"), (submits, "forbidden")):
            async with Client(url, token=token) as client:
                following, lifecycle = client.follow(execution_id), client.lifecycle()
                for call in (anext(following), anext(lifecycle), client.events(execution_id)):
                    with pytest.raises(RequestRefused) as caught:
                        await call
                    assert caught.value.code == code
        for path in ("/asyncapi.json", "/asyncapi-nats.json"):
            assert (await gateway.http.get(path)).status_code == 200


async def test_what_was_followed_under_a_token_that_is_revoked_is_told_so(log: JetStreamLog, tmp_path: Path) -> None:
    tokens, port = TokenFile(tmp_path / "tokens.json"), free_port()
    settings: dict[str, Any] = {"auth": "on", "tokens_file": tokens.path, "port": port}
    async with (
        asyncio.timeout(WAIT_SECONDS),
        Client(f"http://127.0.0.1:{port}", token=tokens.add("ci", ["read", "run"])) as client,
    ):
        async with running_gateway(log, tmp_path, **settings):
            run = client.run("example-v1", "hello")
            await run.submit()
            updates = run.follow()
            assert (await anext(updates)).type == "execution:queued"
        tokens.revoke("ci")
        async with running_gateway(log, tmp_path, **settings):
            with pytest.raises(RequestRefused) as caught:
                await anext(updates)
    assert caught.value.code == "unauthenticated"
