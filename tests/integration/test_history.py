"""Reading where a replica lags: what it does not have yet is asked of the stream's leader."""

from collections.abc import AsyncGenerator, Sequence

import pytest

from contracts.events import encode
from stagecast.broker import Broker, BrokerSettings
from stagecast.history import HistoryReader
from stagecast.payloads import PayloadStore
from stagecast.stored import Stored, StreamReader
from stagecast.topology import EXECUTIONS
from tests.example_events import Example
from tests.integration.logs import WAIT_SECONDS, jetstream_log
from tests.nats_server import NatsServer


class LaggingReader(StreamReader):
    """Answers direct gets as a replica does that has not got the newest messages."""

    lag = 0

    async def last_of(self, subjects: Sequence[str]) -> list[Stored]:
        """See `StreamReader.last_of`."""
        found = await super().last_of(subjects)
        return found[: max(len(found) - self.lag, 0)]


@pytest.fixture
async def broker(shared_nats: NatsServer) -> AsyncGenerator[Broker]:
    broker = Broker(BrokerSettings(nats_url=shared_nats.url), name="test")
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    yield broker
    await broker.close()


@pytest.mark.parametrize("lag", [0, 1, 3, 10])
async def test_what_a_replica_does_not_have_yet_is_read_all_the_same(
    shared_nats: NatsServer, broker: Broker, lag: int
) -> None:
    example = Example()
    events = [example.queued(), example.started(), example.stage_started(2), example.stage_completed(3)]
    async with jetstream_log(shared_nats.url) as log:
        for event in events:
            await log.append(event)
    reader = LaggingReader(broker, EXECUTIONS)
    reader.lag = lag
    history = HistoryReader(reader, PayloadStore(broker))
    for after in (-1, 0, 2):
        entries = await history.read(example.id, after)
        assert [entry.data for entry in entries] == [encode(event) for event in events[after + 1 :]]
    assert await history.read(example.id, 3) == []
