"""Many followed executions over few sockets, and what becomes of them when these are closed. All through the client."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import pytest
from websockets.exceptions import ConnectionClosed

from contracts.envelope import BaseEvent
from contracts.errors import GatewayUnreachable, RequestRefused
from contracts.messages import Subscribe
from stagecast.client import Client
from stagecast.connections import Connections
from stagecast.dialer import Dialer
from stagecast.gateway_address import GatewayAddress
from stagecast.updates import Update
from tests.conducted_server import ConductedServer, Json, Side, conducted_server
from tests.example_events import Example

WAIT_SECONDS = 30.0


@pytest.fixture
async def server() -> AsyncGenerator[ConductedServer]:
    async with conducted_server() as server:
        yield server


@pytest.fixture
async def client(server: ConductedServer) -> AsyncGenerator[Client]:
    async with asyncio.timeout(WAIT_SECONDS), Client(server.url, token="secret") as client:
        yield client


def as_json(event: BaseEvent) -> Json:
    return event.model_dump(by_alias=True, mode="json")


def run_of(example: Example) -> list[Json]:
    return [as_json(event) for event in (example.queued(), example.started(), example.completed(2))]


async def follow(client: Client, example: Example, after: int = -1) -> list[int | None]:
    return [getattr(update, "seq", None) async for update in client.follow(example.id, after=after)]


def following(client: Client, *examples: Example) -> list[asyncio.Task[list[int | None]]]:
    return [asyncio.create_task(follow(client, example)) for example in examples]


async def test_all_that_one_client_follows_shares_a_socket_and_is_told_apart(server: ConductedServer, client: Client):
    examples = [Example() for _ in range(20)]
    tasks = following(client, *examples)
    side = await server.connected()
    assert {(await side.accept())["executionId"] for _ in examples} == {example.id for example in examples}
    for number in range(3):
        await side.send(*(run_of(example)[number] for example in examples))
    assert await asyncio.gather(*tasks) == [[0, 1, 2]] * 20
    assert server.is_quiet
    assert server.headers[0]["authorization"] == "Bearer secret"


async def test_a_socket_carries_a_hundred_and_then_there_is_another(server: ConductedServer, client: Client):
    examples = [Example() for _ in range(130)]
    tasks = following(client, *examples)
    first = await server.connected()
    asked = [(await first.accept())["executionId"] for _ in range(100)]
    second = await server.connected()
    asked += [(await second.accept())["executionId"] for _ in range(30)]
    assert set(asked) == {example.id for example in examples}
    for number, example in enumerate(sorted(examples, key=lambda one: asked.index(one.id))):
        await (first if number < 100 else second).send(*run_of(example))
    assert await asyncio.gather(*tasks) == [[0, 1, 2]] * 130
    assert server.is_quiet


async def test_a_server_that_allows_fewer_is_asked_for_the_rest_on_another_socket(
    server: ConductedServer, client: Client
):
    one, other = Example(), Example()
    tasks = following(client, one, other)
    first = await server.connected()
    await first.accept()
    refused = await first.next()
    error = {"type": "error", "message": "Too many.", "code": "too_many"}
    await first.send({**error, "executionId": refused["executionId"]})
    second = await server.connected()
    await second.accept()
    by_id = {example.id: example for example in (one, other)}
    await second.send(*run_of(by_id.pop(refused["executionId"])))
    await first.send(*run_of(*by_id.values()))
    assert await asyncio.gather(*tasks) == [[0, 1, 2]] * 2


async def test_an_execution_that_is_followed_twice_is_followed_on_two_sockets(server: ConductedServer, client: Client):
    example = Example()
    tasks = following(client, example, example)
    sides = [await server.connected(), await server.connected()]
    for side in sides:
        await side.accept()
    for side in sides:
        await side.send(*run_of(example))
    assert await asyncio.gather(*tasks) == [[0, 1, 2]] * 2


async def test_who_does_not_read_is_left_behind_alone_and_gets_the_rest_later(server: ConductedServer, client: Client):
    slow, quick = Example(), Example()
    async with aclosing(client.follow(slow.id)) as reading:
        first = asyncio.create_task(anext(reading))
        side = await server.connected()
        await side.accept()
        [task] = following(client, quick)
        await side.accept()
        await side.send(as_json(slow.queued()))
        await first
        await side.send(*(as_json(slow.stage_started(seq)) for seq in range(1, 1500)))
        assert await side.next() == {"type": "unsubscribe", "executionId": slow.id}
        await side.send(as_json(slow.stage_started(1500)))  # was on its way
        await side.send({"type": "unsubscribed", "executionId": slow.id})
        await side.send(*run_of(quick))
        assert await task == [0, 1, 2]

        rest = asyncio.create_task(numbers_of(reading))
        again = await side.accept()
        assert 1000 < again["after"] < 1500
        await side.send(*(as_json(slow.stage_started(seq)) for seq in range(again["after"] + 1, 1501)))
        await side.send(as_json(slow.completed(1501)))
        assert await rest == list(range(1, 1502))
    assert server.is_quiet


async def numbers_of(reading: AsyncGenerator[Update, None]) -> list[int | None]:
    return [getattr(update, "seq", None) async for update in reading]


async def test_who_follows_alone_and_does_not_read_holds_up_the_server(server: ConductedServer, client: Client):
    example = Example()
    async with aclosing(client.follow(example.id)) as reading:
        first = asyncio.create_task(anext(reading))
        side = await server.connected()
        await side.accept()
        await side.send(as_json(example.queued()))
        await first
        text = as_json(example.stage_completed(1, output="x" * 100_000))
        sending = asyncio.create_task(side.send(*({**text, "seq": seq} for seq in range(1, 400))))
        done, _ = await asyncio.wait({sending}, timeout=1.0)
        assert not done
        rest = asyncio.create_task(numbers_of(reading))
        await sending
        await side.send(as_json(example.completed(400)))
        assert await rest == list(range(1, 401))


async def test_who_leaves_tells_the_server_and_hears_nothing_that_was_on_its_way(
    server: ConductedServer, client: Client
):
    example = Example()
    async with aclosing(client.follow(example.id)) as reading:
        first = asyncio.create_task(anext(reading))
        side = await server.connected()
        await side.accept()
        await side.send(as_json(example.queued()))
        await first
    assert await side.next() == {"type": "unsubscribe", "executionId": example.id}
    [task] = following(client, example)
    await side.next()
    await side.send(as_json(example.stage_started(7)), {"type": "unsubscribed", "executionId": example.id})
    await side.send({"type": "subscribed", "executionId": example.id, "success": True}, *run_of(example))
    assert await task == [0, 1, 2]


async def test_an_execution_that_has_ended_is_not_unsubscribed_and_its_socket_serves_the_next(
    server: ConductedServer, client: Client
):
    one, other = Example(), Example()
    [task] = following(client, one)
    side = await server.connected()
    await side.accept()
    await side.send(*run_of(one))
    await task
    [task] = following(client, other)
    assert (await side.accept())["executionId"] == other.id
    await side.send(*run_of(other))
    assert await task == [0, 1, 2]


async def test_closing_the_client_closes_its_sockets_and_ends_who_still_follows(server: ConductedServer):
    async with asyncio.timeout(WAIT_SECONDS), Client(server.url) as client:
        [task] = following(client, Example())
        side = await server.connected()
        await side.accept()
    await side.until_closed()
    with pytest.raises(RuntimeError, match="closed"):
        await task


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 4408])
async def test_all_of_a_lost_socket_resume_on_one_new_one(server: ConductedServer, client: Client, code: int):
    examples = [Example() for _ in range(10)]
    tasks = following(client, *examples)
    side = await server.connected()
    for _ in examples:
        await side.accept()
    await side.send(*(run_of(example)[0] for example in examples))
    await side.close(code)
    side = await server.connected()
    assert [(await side.accept()).get("after") for _ in examples] == [0] * 10
    await side.send(*(event for example in examples for event in run_of(example)[1:]))
    assert await asyncio.gather(*tasks) == [[0, 1, 2]] * 10
    assert server.is_quiet


async def test_a_gateway_that_is_away_is_tried_by_one_for_all(server: ConductedServer, client: Client):
    examples = [Example() for _ in range(50)]
    tasks = following(client, *examples)
    side = await server.connected()
    for _ in examples:
        await side.accept()
    server.refusals += [(503, "")] * 3
    await side.close(1012)
    side = await server.connected()
    for _ in examples:
        await side.accept()
    assert len(server.headers) == 1 + 3 + 1
    await side.send(*(event for example in examples for event in run_of(example)))
    assert await asyncio.gather(*tasks) == [[0, 1, 2]] * 50


@pytest.mark.parametrize(
    ("code", "name"),
    [(4400, "bad_message"), (4401, "unauthenticated"), (4403, "forbidden"), (1009, "message_too_long")],
)
async def test_who_is_closed_for_good_is_told_why(server: ConductedServer, client: Client, code: int, name: str):
    [task] = following(client, Example())
    side = await server.connected()
    await side.next()
    await side.close(code)
    with pytest.raises(RequestRefused) as caught:
        await task
    assert caught.value.code == name
    assert server.is_quiet


@pytest.mark.parametrize(
    ("status", "body", "code", "sentence"),
    [
        (401, '{"error": "Who are you?", "code": "unauthenticated"}', "unauthenticated", "Who are you"),
        (403, '{"error": "Not from there.", "code": "origin_not_allowed"}', "origin_not_allowed", "Not from"),
        (403, "<h1>Forbidden</h1>", "forbidden", "403"),
        (404, "", "request_refused", "404"),
    ],
)
async def test_a_refused_handshake_is_told_in_the_words_of_the_gateway(
    server: ConductedServer, client: Client, status: int, body: str, code: str, sentence: str
):
    server.refusals.append((status, body))
    with pytest.raises(RequestRefused, match=sentence) as caught:
        await follow(client, Example())
    assert (caught.value.status, caught.value.code) == (status, code)


async def test_who_is_refused_for_too_many_connections_waits_and_comes_back(server: ConductedServer, client: Client):
    server.refusals.append((429, '{"error": "Too many.", "code": "rate_limited"}'))
    example = Example()
    [task] = following(client, example)
    side = await server.connected()
    await side.accept()
    await side.close(4429)
    side = await server.connected()
    await side.accept()
    await side.send(*run_of(example))
    assert await task == [0, 1, 2]


async def test_what_the_gateway_said_last_is_told_where_it_never_served(server: ConductedServer):
    server.refusals += [(429, '{"error": "Too many connections.", "code": "rate_limited"}')] * 99
    async with asyncio.timeout(WAIT_SECONDS), Client(server.url, reconnect_seconds=0.2) as client:
        with pytest.raises(RequestRefused, match="Too many connections"):
            await follow(client, Example())


@pytest.mark.parametrize("code", ["corrupt_log", "output_unreadable"])
async def test_an_error_that_stays_is_told_at_once_and_one_that_passes_is_tried_again(
    server: ConductedServer, client: Client, code: str
):
    example = Example()
    [task] = following(client, example)
    side = await server.connected()
    error = {"type": "error", "message": "The broker is away.", "executionId": example.id}
    assert (await side.next())["type"] == "subscribe"
    await side.send({**error, "code": "log_unavailable"})
    assert (await side.next())["type"] == "subscribe"
    await side.send({**error, "code": code, "message": "It contradicts itself."})
    with pytest.raises(RequestRefused, match="contradicts itself") as caught:
        await task
    assert caught.value.code == code


async def test_an_error_that_names_nobody_is_for_who_has_no_answer_yet(server: ConductedServer, client: Client):
    one, other = Example(), Example()
    tasks = following(client, one)
    side = await server.connected()
    await side.accept()
    await side.send(run_of(one)[0])
    tasks += following(client, other)
    await side.next()
    await side.send({"type": "error", "message": "Invalid message format"})
    assert await side.next() == {"type": "unsubscribe", "executionId": other.id}
    await side.send({"type": "unsubscribed", "executionId": other.id})
    assert (await side.accept())["executionId"] == other.id
    await side.send(*run_of(one)[1:], *run_of(other))
    assert await asyncio.gather(*tasks) == [[0, 1, 2]] * 2


async def test_what_is_no_json_object_does_not_come_from_a_gateway(server: ConductedServer, client: Client):
    example = Example()
    [task] = following(client, example)
    side = await server.connected()
    await side.accept()
    await side.send("[1, 2]")
    side = await server.connected()
    await side.accept()
    await side.send(*run_of(example))
    assert await task == [0, 1, 2]


async def test_a_socket_that_is_dead_without_a_word_is_noticed(server: ConductedServer):
    connections = Connections(Dialer(GatewayAddress.of(server.url, None), ping_seconds=0.2))
    example = Example()
    async with asyncio.timeout(WAIT_SECONDS):
        _, arrivals = await connections.subscribe(Subscribe(execution_id=example.id))
        side = await server.connected()
        await side.next()
        side.connection.transport.pause_reading()  # it neither answers nor goes
        ending = await arrivals.next()
    assert getattr(ending, "code", 0) in (None, 1006, 1011)
    side.connection.transport.abort()
    await connections.close()


async def test_a_gateway_that_was_never_reached_is_told_at_once(server: ConductedServer, client: Client):
    server.refusals.append((503, ""))
    with pytest.raises(GatewayUnreachable):
        await follow(client, Example())
    assert len(server.headers) == 1


async def test_a_socket_is_asked_no_more_often_than_a_gateway_takes_from_it(server: ConductedServer, client: Client):
    async def serve(side: Side) -> int:
        asked = 0
        with suppress(ConnectionClosed):
            while True:
                request = await side.accept()
                asked += 1
                end = as_json(Example(request["executionId"]).completed(0))
                await side.send(end)
        return asked

    async def serve_all() -> None:
        while True:
            sides.append(asyncio.create_task(serve(await server.connected())))

    sides: list[asyncio.Task[int]] = []
    serving = asyncio.create_task(serve_all())
    begun = time.monotonic()
    for _ in range(600):
        assert await follow(client, Example()) == [0]
    elapsed = time.monotonic() - begun
    await client.__aexit__(None, None, None)
    serving.cancel()
    asked = await asyncio.gather(*sides)
    assert sum(asked) == 600
    assert asked[0] <= 321 + 40 * elapsed  # a gateway takes 500 and 50 a second
