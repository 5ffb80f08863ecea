"""What the log's contract runs on: each implementation as two handles on the same log, like two services have."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from stagecast.broker import Broker, BrokerSettings
from stagecast.jetstream_log import JetStreamLog, LogSettings
from stagecast.memory_log import MemoryLog

WAIT_SECONDS = 30.0  # for what must happen; a failure, not a delay
ACK_WAIT_SECONDS = 1.0

AnyLog = JetStreamLog | MemoryLog


@dataclass(frozen=True)
class LogPair:
    """Two handles on one log; they are the same object where the log lives in one process."""

    log: AnyLog
    other: AnyLog


@asynccontextmanager
async def jetstream_log(
    url: str, *, ack_wait_seconds: float = ACK_WAIT_SECONDS, **settings: Any
) -> AsyncGenerator[JetStreamLog]:
    """Connect a log of its own connection, as a service does; `settings` are those of `LogSettings`."""
    broker = Broker(BrokerSettings(nats_url=url), name="test")
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    log = JetStreamLog(broker, LogSettings(ack_wait_seconds=ack_wait_seconds, **settings))
    try:
        await log.open()
        yield log
    finally:
        await log.close()
        await broker.close()


@asynccontextmanager
async def jetstream_pair(url: str) -> AsyncGenerator[LogPair]:
    """Connect two."""
    async with jetstream_log(url) as log, jetstream_log(url) as other:
        yield LogPair(log, other)


@asynccontextmanager
async def memory_pair() -> AsyncGenerator[LogPair]:
    """Make one in memory."""
    log = MemoryLog(ack_wait_seconds=ACK_WAIT_SECONDS)
    yield LogPair(log, log)
    await log.close()
