"""The connection: who we are, what is told when it is not there, and that it comes back."""

import asyncio
from pathlib import Path

import pytest

from contracts.errors import LogUnavailable, MissingSetting
from stagecast.broker import Broker, BrokerSettings
from stagecast.inbox import NoResponders
from tests.integration.logs import WAIT_SECONDS
from tests.nats_server import NatsServer

PASSWORD = "authorization {{ user: ours, password: {} }}"


async def test_a_broker_that_is_not_there_is_waited_for_without_holding_anything_up(nats_server: NatsServer) -> None:
    await nats_server.stop()
    broker = Broker(BrokerSettings(nats_url=nats_server.url), name="test")
    await asyncio.wait_for(broker.start(), 1)
    with pytest.raises(LogUnavailable, match=r"127\.0\.0\.1"):
        await broker.wait_ready(0.05)
    assert not broker.is_connected
    await nats_server.restart()
    await broker.wait_ready(WAIT_SECONDS)
    assert broker.is_connected
    await broker.close()
    assert not broker.is_connected


async def test_closing_is_quick_whether_connected_or_not(nats_server: NatsServer) -> None:
    for is_there in (True, False):
        broker = Broker(BrokerSettings(nats_url=nats_server.url), name="test")
        await broker.start()
        if is_there:
            await broker.wait_ready(WAIT_SECONDS)
        else:
            await nats_server.stop()
        await asyncio.wait_for(broker.close(), 1)
        await broker.close()


async def test_closing_is_quick_while_reconnecting(nats_server: NatsServer) -> None:
    broker = Broker(BrokerSettings(nats_url=nats_server.url), name="test")
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    await nats_server.stop()
    await asyncio.wait_for(broker.close(), 1)


async def test_a_request_that_nobody_serves_is_answered_at_once(shared_nats: NatsServer) -> None:
    broker = Broker(BrokerSettings(nats_url=shared_nats.url), name="test")
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    with pytest.raises(NoResponders):
        await asyncio.wait_for(broker.request("nobody.is.here"), 1)
    with pytest.raises(NoResponders):
        await asyncio.wait_for(broker.request_batch("nobody.is.here", b""), 1)
    await asyncio.wait_for(broker.flush(), 1)
    await broker.close()


async def test_requests_in_flight_fail_when_the_connection_breaks(nats_server: NatsServer) -> None:
    broker = Broker(BrokerSettings(nats_url=nats_server.url, nats_timeout_seconds=60), name="test")
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    silent = await broker.client.subscribe("silent")  # pyright: ignore[reportUnknownMemberType]
    asking = asyncio.create_task(broker.request("silent"))
    await silent.next_msg(WAIT_SECONDS)
    await nats_server.kill()
    with pytest.raises(LogUnavailable):
        await asyncio.wait_for(asking, WAIT_SECONDS)
    with pytest.raises(LogUnavailable):
        await asyncio.wait_for(broker.flush(), 1)
    await broker.close()


async def test_an_answer_that_does_not_come_is_given_up(shared_nats: NatsServer) -> None:
    broker = Broker(BrokerSettings(nats_url=shared_nats.url, nats_timeout_seconds=0.05), name="test")
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    await broker.client.subscribe("mute")  # pyright: ignore[reportUnknownMemberType]
    with pytest.raises(LogUnavailable, match=r"0\.05 s"):
        await broker.request("mute")
    await broker.close()


async def test_user_and_password_are_used_and_never_shown(tmp_path: Path) -> None:
    async with NatsServer.start(tmp_path, extra=PASSWORD.format("secret-word")) as server:
        settings = BrokerSettings.model_validate(
            {"nats_url": server.url, "nats_user": "ours", "nats_password": "secret-word"}
        )
        assert "secret-word" not in repr(settings)
        broker = Broker(settings, name="test")
        await broker.start()
        await broker.wait_ready(WAIT_SECONDS)
        await broker.close()


async def test_a_password_in_the_url_is_not_told(nats_server: NatsServer) -> None:
    await nats_server.stop()
    url = nats_server.url.replace("//", "//ours:secret-word@")
    broker = Broker(BrokerSettings(nats_url=url), name="test")
    await broker.start()
    with pytest.raises(LogUnavailable) as told:
        await broker.wait_ready(0.05)
    assert "secret-word" not in str(told.value)
    await broker.close()


async def test_a_refused_password_is_tried_again(tmp_path: Path) -> None:
    async with NatsServer.start(tmp_path, extra=PASSWORD.format("other")) as server:
        settings = BrokerSettings.model_validate(
            {"nats_url": server.url, "nats_user": "ours", "nats_password": "right"}
        )
        broker = Broker(settings, name="test")
        await broker.start()
        with pytest.raises(LogUnavailable):
            await broker.wait_ready(0.1)
        await server.restart(extra=PASSWORD.format("right"))
        await broker.wait_ready(WAIT_SECONDS)
        await broker.close()


@pytest.mark.parametrize("name", ["nats_creds", "nats_tls_ca"])
async def test_a_file_that_is_not_there_is_named_by_its_setting(name: str, tmp_path: Path) -> None:
    broker = Broker(BrokerSettings.model_validate({name: tmp_path / "missing"}), name="test")
    with pytest.raises(MissingSetting, match=f"STAGECAST_{name.upper()}"):
        await broker.start()
    await broker.close()
