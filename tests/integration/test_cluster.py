"""The log's promises on three nodes with three replicas: the fence, the loss of the leader, reads on another node."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.msg import Msg

from contracts.errors import Fenced, LogUnavailable
from contracts.events import LogEvent, encode
from stagecast.broker import Broker, BrokerSettings
from stagecast.jetstream_log import JetStreamLog, LogSettings
from stagecast.topology import EXECUTIONS
from tests.example_events import Example
from tests.integration.logs import WAIT_SECONDS
from tests.nats_cluster import NatsCluster

BEING_WRITTEN = b'"err_code":10164'
SLOTS = 300
READS = 300


class NotingBroker(Broker):
    """Counts the answers that say that a slot is being written."""

    being_written = 0

    async def request(
        self,
        subject: str,
        data: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
    ) -> Msg:
        """See `Broker.request`."""
        answer = await super().request(subject, data, headers=headers, timeout_seconds=timeout_seconds)
        self.being_written += BEING_WRITTEN in answer.data
        return answer


@asynccontextmanager
async def log_on(url: str) -> AsyncGenerator[tuple[JetStreamLog, NotingBroker]]:
    broker = NotingBroker(BrokerSettings(nats_url=url), name="test")
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    log = JetStreamLog(broker, LogSettings(log_replicas=3))
    await when_possible(log)
    yield log, broker
    await log.close()
    await broker.close()


async def when_possible(log: JetStreamLog) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                return await log.open()
            except LogUnavailable:
                await asyncio.sleep(0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[NatsCluster]:
    async with NatsCluster.start(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
async def nodes(shared_cluster: NatsCluster) -> AsyncGenerator[list[tuple[JetStreamLog, NotingBroker]]]:
    """One log for each node, connected to that node alone."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(log_on(url)) for url in shared_cluster.urls]


async def try_append(log: JetStreamLog, event: LogEvent) -> bool:
    try:
        await log.append(event)
    except Fenced:
        return False
    return True


async def append_surely(log: JetStreamLog, event: LogEvent) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                await log.append(event)
            except LogUnavailable:
                await asyncio.sleep(0)
            else:
                return


async def test_of_racing_writers_on_three_nodes_exactly_one_wins_each_slot(
    nodes: list[tuple[JetStreamLog, NotingBroker]],
) -> None:
    example = Example()
    await nodes[0][0].append(example.queued())
    winners: Counter[int] = Counter()
    for seq in range(1, SLOTS + 1):
        events = [example.resumed(seq, runner=f"runner-{index}") for index in range(3)]
        won = await asyncio.gather(*(try_append(log, event) for (log, _), event in zip(nodes, events, strict=True)))
        assert won.count(True) == 1, seq
        winners[won.index(True)] += 1
        newest = (await nodes[seq % 3][0].read(example.id, after=seq - 1))[0]
        assert newest.data == encode(events[won.index(True)])
    assert sum(winners.values()) == SLOTS
    assert sum(broker.being_written for _, broker in nodes) > 0  # the code that only replicated streams give


async def test_what_was_appended_is_read_at_once_on_every_node(nodes: list[tuple[JetStreamLog, NotingBroker]]) -> None:
    for number in range(READS):
        example = Example()
        (writer, _), *others = nodes[number % 3 :] + nodes[: number % 3]
        await writer.append(example.queued())
        assert [len(entries) for entries in await asyncio.gather(*(log.read(example.id) for log, _ in others))] == [
            1,
            1,
        ]
        await writer.append(example.started())
        assert [entry.seq for entry in await others[0][0].read(example.id, after=0)] == [1]


async def test_a_large_event_is_read_whole_at_once_on_every_node(
    nodes: list[tuple[JetStreamLog, NotingBroker]],
) -> None:
    for number in range(6):
        example = Example()
        (writer, _), *others = nodes[number % 3 :] + nodes[: number % 3]
        event = example.queued("x" * 2_000_000)
        await writer.append(event)
        for log, _ in others:
            assert [entry.data for entry in await log.read(example.id)] == [encode(event)]


async def test_a_key_has_one_value_on_all_nodes(nodes: list[tuple[JetStreamLog, NotingBroker]]) -> None:
    for number in range(60):
        key = Example().id
        kept = await asyncio.gather(
            *(log.remember_first(key, f"{number} {index}".encode()) for index, (log, _) in enumerate(nodes))
        )
        assert len(set(kept)) == 1


async def test_what_is_purged_on_one_node_is_gone_on_all(nodes: list[tuple[JetStreamLog, NotingBroker]]) -> None:
    example = Example()
    log = nodes[0][0]
    for event in (example.queued(), example.started(), example.completed(2)):
        await log.append(event)
    await log.purge(example.id)
    async with asyncio.timeout(WAIT_SECONDS):  # a replica may lag behind a purge: what is gone may be seen once more
        for other, _ in nodes:
            while await other.read(example.id):  # noqa: ASYNC110  nothing tells it
                await asyncio.sleep(0)


async def test_no_acknowledged_append_is_lost_when_the_leader_is_killed_under_writers(tmp_path: Path) -> None:
    async with NatsCluster.start(tmp_path) as cluster, AsyncExitStack() as stack:
        logs = [(await stack.enter_async_context(log_on(cluster.url)))[0] for _ in range(4)]
        stop = asyncio.Event()
        written: dict[str, list[bytes]] = {}
        progress = asyncio.Event()

        async def write(log: JetStreamLog) -> None:
            example = Example()
            stored: list[bytes] = []
            written[example.id] = stored
            for seq in itertools.count():
                event = example.queued() if seq == 0 else example.resumed(seq)
                await append_surely(log, event)
                stored.append(encode(event))
                progress.set()
                if stop.is_set():
                    return

        writers = [asyncio.create_task(write(log)) for log in logs for _ in range(5)]
        for _ in range(2):
            await until_written(written, progress, len(writers) * 20)
            leader = await cluster.leader_of(EXECUTIONS)
            await cluster.kill(leader)
            assert await cluster.leader_of(EXECUTIONS) != leader
            await until_written(written, progress, len(writers) * 20)
            await cluster.restart(leader)
        stop.set()
        await asyncio.gather(*writers)
        for execution_id, stored in written.items():
            assert [entry.data for entry in await logs[0].read(execution_id)] == stored


async def until_written(written: Mapping[str, list[bytes]], progress: asyncio.Event, more: int) -> None:
    """Return when so many events more are acknowledged."""
    wanted = sum(map(len, written.values())) + more
    async with asyncio.timeout(WAIT_SECONDS):
        while sum(map(len, written.values())) < wanted:
            progress.clear()
            await progress.wait()
