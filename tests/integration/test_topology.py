"""Streams and consumer: made by whoever comes first, brought up to date without undoing an operator's work."""

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from nats.js import JetStreamContext

from stagecast.broker import Broker, BrokerSettings
from stagecast.topology import EXECUTIONS, PAYLOADS, REMEMBERED, RUNNERS, LogSettings, TopologyDiffers, describe, ensure
from tests.integration.logs import WAIT_SECONDS
from tests.nats_server import NatsServer

DAY_SECONDS = 86_400


@pytest.fixture
async def broker(nats_server: NatsServer) -> AsyncGenerator[Broker]:
    broker = Broker(BrokerSettings(nats_url=nats_server.url), name="test")
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    yield broker
    await broker.close()


async def test_everything_is_made_with_the_defaults(broker: Broker) -> None:
    await ensure(broker, describe(LogSettings()))
    operator = JetStreamContext(broker.client)
    for name in (EXECUTIONS, PAYLOADS):
        config = (await operator.stream_info(name)).config
        assert (config.max_age, config.max_bytes, config.num_replicas, config.allow_direct) == (0, -1, 1, True)
        assert config.discard == "new"
    assert (await operator.stream_info(REMEMBERED)).config.max_age == DAY_SECONDS
    runners = (await operator.consumer_info(EXECUTIONS, RUNNERS)).config
    assert (runners.ack_wait, runners.max_deliver, runners.filter_subject) == (20, -1, "log.*.execution_queued.*")
    assert runners.max_ack_pending == 100_000


async def test_several_services_may_start_at_once(broker: Broker) -> None:
    await asyncio.gather(*(ensure(broker, describe(LogSettings())) for _ in range(8)))
    differing = [describe(LogSettings(ack_wait_seconds=wait)) for wait in (3, 4, 5, 6)]
    await asyncio.gather(*(ensure(broker, pieces) for pieces in differing))
    runners = (await JetStreamContext(broker.client).consumer_info(EXECUTIONS, RUNNERS)).config
    assert runners.ack_wait in (3, 4, 5, 6)


async def test_what_is_set_is_changed_in_what_exists(broker: Broker) -> None:
    await ensure(broker, describe(LogSettings()))
    await ensure(broker, describe(LogSettings(log_max_bytes=2_000_000, ack_wait_seconds=7)))
    operator = JetStreamContext(broker.client)
    for name in (EXECUTIONS, PAYLOADS):
        assert (await operator.stream_info(name)).config.max_bytes == 2_000_000
    assert (await operator.consumer_info(EXECUTIONS, RUNNERS)).config.ack_wait == 7


async def test_what_is_not_set_stays_as_an_operator_made_it(broker: Broker) -> None:
    await ensure(broker, describe(LogSettings(log_max_bytes=2_000_000, ack_wait_seconds=7)))
    await ensure(broker, describe(LogSettings()))
    operator = JetStreamContext(broker.client)
    for name in (EXECUTIONS, PAYLOADS):
        assert (await operator.stream_info(name)).config.max_bytes == 2_000_000
    assert (await operator.consumer_info(EXECUTIONS, RUNNERS)).config.ack_wait == 7


async def test_a_setting_that_the_log_stands_on_is_put_right(broker: Broker) -> None:
    await ensure(broker, describe(LogSettings()))
    operator = JetStreamContext(broker.client)
    config = (await operator.stream_info(EXECUTIONS)).config.as_dict() | {"allow_direct": False}
    await broker.request(f"$JS.API.STREAM.UPDATE.{EXECUTIONS}", json.dumps(config).encode())
    assert not (await operator.stream_info(EXECUTIONS)).config.allow_direct
    await ensure(broker, describe(LogSettings()))
    assert (await operator.stream_info(EXECUTIONS)).config.allow_direct


@pytest.mark.parametrize("age_seconds", [1, 7 * DAY_SECONDS])
async def test_no_age_cuts_the_log_off_not_even_one_that_an_earlier_version_set(
    broker: Broker, age_seconds: int
) -> None:
    config = {"name": EXECUTIONS, "subjects": ["log.*.*.*"], "max_age": age_seconds * 10**9, "discard": "old"}
    config["duplicate_window"] = 10**9
    await broker.request(f"$JS.API.STREAM.CREATE.{EXECUTIONS}", json.dumps(config).encode())
    made = await ensure(broker, describe(LogSettings()))
    now = (await JetStreamContext(broker.client).stream_info(EXECUTIONS)).config
    assert (now.max_age, now.discard, made[EXECUTIONS]["max_age"]) == (0, "new", 0)


async def test_a_stream_that_cannot_be_used_is_named_with_what_differs(broker: Broker) -> None:
    config = {"name": EXECUTIONS, "subjects": ["log.*.*.*"], "storage": "memory"}
    await broker.request(f"$JS.API.STREAM.CREATE.{EXECUTIONS}", json.dumps(config).encode())
    with pytest.raises(TopologyDiffers, match="storage is 'memory', not 'file'"):
        await ensure(broker, describe(LogSettings()))
