"""Requests that go out together, on a real broker: all are answered, and none is sent that nobody waits for."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from nats.aio.msg import Msg

from contracts.errors import LogUnavailable
from stagecast.broker import Broker, BrokerSettings
from stagecast.outbox import FEW
from tests.integration.logs import WAIT_SECONDS
from tests.nats_server import NatsServer

MANY = 5 * FEW


@pytest.fixture
async def broker(nats_server: NatsServer) -> AsyncGenerator[Broker]:
    broker = Broker(BrokerSettings(nats_url=nats_server.url, nats_timeout_seconds=WAIT_SECONDS), name="test")
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    yield broker
    await broker.close()


async def listen(broker: Broker) -> list[Msg]:
    """Answer nothing, and return what is heard."""
    heard: list[Msg] = []

    async def take(message: Msg) -> None:
        heard.append(message)

    await broker.client.subscribe("silent.*", cb=take)  # pyright: ignore[reportUnknownMemberType]
    return heard


async def test_each_of_many_requests_gets_its_own_answer(broker: Broker) -> None:
    async def reply(message: Msg) -> None:
        await message.respond(message.data)

    await broker.client.subscribe("loud", cb=reply)  # pyright: ignore[reportUnknownMemberType]
    answers = await asyncio.gather(*(broker.request("loud", str(number).encode()) for number in range(MANY)))
    assert [int(answer.data) for answer in answers] == list(range(MANY))


async def test_a_request_that_is_given_up_while_it_is_held_is_not_sent(broker: Broker) -> None:
    heard = await listen(broker)
    asking = [asyncio.create_task(broker.request(f"silent.{number}")) for number in range(MANY)]
    await asyncio.sleep(0)  # all of them are made, and those beyond the first few are held
    asking[-1].cancel()
    await asyncio.gather(asking[-1], return_exceptions=True)
    await broker.flush()
    while len(heard) < MANY - 1:
        await broker.flush()
    assert f"silent.{MANY - 1}" not in {message.subject for message in heard}
    for each in asking:
        each.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def test_requests_that_are_held_fail_when_the_connection_breaks(broker: Broker, nats_server: NatsServer) -> None:
    await listen(broker)
    asking = [asyncio.create_task(broker.request(f"silent.{number}")) for number in range(MANY)]
    await asyncio.sleep(0)
    await nats_server.kill()
    outcomes = await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), WAIT_SECONDS)
    assert {type(outcome) for outcome in outcomes} == {LogUnavailable}
