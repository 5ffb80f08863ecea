"""What following yields besides events, and the life cycle of all executions, from a server conducted by hand."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from contracts.envelope import BaseEvent
from contracts.errors import PipelineNotFound, RequestRefused
from contracts.events import ExecutionCompleted
from contracts.messages import Dropped, Gap
from contracts.requests import ExecutionView
from contracts.state import fold
from stagecast.client import Client
from stagecast.updates import LifecycleUpdate, Snapshot, Update
from tests.conducted_server import ConductedServer, Json, conducted_server
from tests.example_events import Example

WAIT_SECONDS = 30.0


@pytest.fixture
async def server() -> AsyncGenerator[ConductedServer]:
    async with conducted_server() as server:
        yield server


@pytest.fixture
async def client(server: ConductedServer) -> AsyncGenerator[Client]:
    async with asyncio.timeout(WAIT_SECONDS), Client(server.url) as client:
        yield client


def as_json(event: BaseEvent) -> Json:
    return event.model_dump(by_alias=True, mode="json")


def view_of(example: Example, *, ended: bool) -> ExecutionView:
    events = [example.queued(), example.started(), example.stage_started(2), example.stage_completed(3)]
    state = fold([*events, example.completed(4)] if ended else events)
    assert state is not None
    return ExecutionView.of(state)


def following(client: Client, example: Example, after: int = -1) -> asyncio.Task[list[Update]]:
    async def follow() -> list[Update]:
        return [update async for update in client.follow(example.id, after=after)]

    return asyncio.create_task(follow())


async def test_an_execution_whose_log_has_expired_is_a_snapshot_and_its_end(server: ConductedServer, client: Client):
    example = Example()
    task = following(client, example)
    side = await server.connected()
    snapshot = view_of(example, ended=True).model_dump(by_alias=True, mode="json")
    await side.accept(status="success", recovered=False, snapshot=snapshot)
    end = as_json(example.completed(0))
    del end["seq"]
    await side.send(end, {"type": "caught_up", "executionId": example.id})
    first, last = await task
    assert first == Snapshot(execution_id=example.id, view=ExecutionView.model_validate(snapshot))
    assert isinstance(last, ExecutionCompleted)
    assert (last.seq, last.result.status) == (-1, "success")


async def test_whoever_was_ahead_of_the_log_goes_on_from_its_end(server: ConductedServer, client: Client):
    example = Example()
    task = following(client, example, after=9)
    side = await server.connected()
    view = view_of(example, ended=False)
    snapshot = view.model_dump(by_alias=True, mode="json")
    numbers: Json = {"from": 4, "to": 3}
    request = await side.accept(status="running", recovered=False, snapshot=snapshot, **numbers)
    assert request["after"] == 9
    await side.send({"type": "caught_up", "executionId": example.id, "seq": 3}, as_json(example.stage_skipped(4, 1)))
    await side.close(1011)
    side = await server.connected()
    assert (await side.accept())["after"] == 4
    await side.send(as_json(example.completed(5)))
    assert [update.type for update in await task] == ["snapshot", "stage:skipped", "execution:completed"]


async def test_a_part_that_is_missing_without_a_snapshot_is_an_error_and_no_silence(
    server: ConductedServer, client: Client
):
    task = following(client, Example(), after=9)
    await (await server.connected()).accept(recovered=False)
    with pytest.raises(RequestRefused) as caught:
        await task
    assert caught.value.code == "bad_reply"


async def test_live_text_that_was_left_out_is_told(server: ConductedServer, client: Client):
    example = Example()
    task = following(client, example)
    side = await server.connected()
    await side.accept()
    await side.send({"type": "dropped", "executionId": example.id, "dropped": 7}, as_json(example.completed(0)))
    dropped, _ = await task
    assert dropped == Dropped(execution_id=example.id, dropped=7)


async def test_after_catching_up_a_lost_connection_goes_on_after_the_journal_that_was_not_shown(
    server: ConductedServer, client: Client
):
    example = Example()
    task = following(client, example)
    side = await server.connected()
    await side.accept()
    await side.send(as_json(example.queued()), {"type": "caught_up", "executionId": example.id, "seq": 6})
    await side.close(1012)
    side = await server.connected()
    assert (await side.accept())["after"] == 6
    await side.send(as_json(example.completed(7)))
    assert len(await task) == 2


async def collect(client: Client, count: int, pipeline_id: str | None = None) -> list[LifecycleUpdate]:
    updates: list[LifecycleUpdate] = []
    async for update in client.lifecycle(pipeline_id):
        updates.append(update)
        if len(updates) == count:
            break
    return updates


async def test_the_life_cycle_of_all_executions_goes_on_over_lost_connections_which_are_told(
    server: ConductedServer, client: Client
):
    one, other = Example(), Example()
    task = asyncio.create_task(collect(client, 6))
    side = await server.connected()
    assert await side.accept() == {"type": "subscribe", "executionId": "*"}
    await side.send(as_json(one.queued()), as_json(other.queued()), {"type": "gap", "executionId": "*"})
    await side.close(1012)
    side = await server.connected()
    await side.accept()
    await side.send(as_json(one.completed(3)))
    updates = await task
    assert updates[0] == updates[3] == updates[4] == Gap(execution_id="*")
    ids = [(update.type, update.execution_id) for update in (*updates[1:3], updates[5])]
    assert ids == [("execution:queued", one.id), ("execution:queued", other.id), ("execution:completed", one.id)]


async def test_the_life_cycle_of_one_pipeline_has_a_socket_of_its_own(server: ConductedServer, client: Client):
    example = Example()
    following_one = following(client, example)
    side = await server.connected()
    await side.accept()
    task = asyncio.create_task(collect(client, 2, "example-v1"))
    other = await server.connected()
    assert await other.accept() == {"type": "subscribe", "pipelineId": "example-v1"}
    await other.send(as_json(example.started()))
    gap, started = await task
    assert gap == Gap(pipeline_id="example-v1")
    assert started.type == "execution:started"
    await other.until_closed()
    await side.send(as_json(example.completed(0)))
    assert len(await following_one) == 1


async def test_a_server_that_tells_no_life_cycles_is_told_as_such(server: ConductedServer, client: Client):
    for pipeline_id, error in ((None, RequestRefused), ("nope", PipelineNotFound)):
        task = asyncio.create_task(collect(client, 1, pipeline_id))
        side = await server.connected()
        await side.next()
        await side.send({"type": "subscribed", "executionId": pipeline_id or "*", "success": False})
        with pytest.raises(error):
            await task


async def test_a_life_cycle_that_cannot_be_served_is_asked_for_again(server: ConductedServer, client: Client):
    task = asyncio.create_task(collect(client, 2))
    side = await server.connected()
    await side.next()
    await side.send({"type": "error", "message": "The broker is away.", "executionId": "*"})
    side = await server.connected()
    await side.accept()
    await side.send(as_json(Example().queued()))
    assert len(await task) == 2
