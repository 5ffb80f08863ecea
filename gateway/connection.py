"""A gateway's own connection to the broker: made in the background, for as long as the gateway runs.

What is kept at the broker is `stagecast.jetstream_log`'s affair; here it is opened, again and again until it can be.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from contracts.errors import StagecastError
from stagecast.broker import Broker, BrokerSettings
from stagecast.jetstream_log import JetStreamLog, LogSettings
from stagecast.presence import PresenceBucket
from stagecast.settings import read_settings

_OPEN_RETRY_SECONDS = 1.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Connection:
    """The broker and what is kept in it, when the gateway has one of its own.

    Attributes:
        is_open: set when the broker was connected once and all that we need is there.
    """

    broker: Broker
    log: JetStreamLog
    runners: PresenceBucket
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def from_environment(cls) -> "Connection":
        """Make one that is not connected yet.

        Raises:
            MissingSetting: the environment does not hold.
        """
        settings = read_settings(LogSettings)
        broker = Broker(read_settings(BrokerSettings), name="gateway")
        return cls(
            broker,
            JetStreamLog(broker, settings),
            PresenceBucket(broker, lease_seconds=settings.ack_wait_seconds, replicas=settings.log_replicas),
        )

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Connect in the background for as long as the context lasts."""
        await self.broker.start()
        opening = asyncio.create_task(self._open())
        try:
            yield
        finally:
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            await self.log.close()
            await self.broker.close()

    async def _open(self) -> None:
        told = ""
        while True:
            try:
                await self.broker.wait_ready()
                await self.log.open()
                await self.runners.open()
            except StagecastError as error:  # also a stream that cannot be used: an operator may mend it
                if error.message != told:  # it may be long until a runner has made what only runners may make
                    _log.warning("waiting for the broker", reason=error.message)
                told = error.message
                await asyncio.sleep(_OPEN_RETRY_SECONDS)
            else:
                self.is_open.set()
                return
