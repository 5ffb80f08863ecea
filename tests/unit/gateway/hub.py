"""A log with a broker's faults, its relay and its subscriptions, put together for tests."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from contracts.events import LogEvent
from gateway.feed import FeedOptions
from gateway.relay import Relay
from gateway.subscription import FROM_START, Subscription, View
from gateway.subscriptions import Subscriptions
from stagecast.log import Entry
from tests.example_events import Example
from tests.unit.gateway.faulty_log import WAIT_SECONDS, FaultyLog


class Hub:
    """A log with its relay and subscriptions."""

    def __init__(self, *, silence_seconds: float = 60.0) -> None:
        self.log = FaultyLog()
        self.relay = Relay(self.log, FeedOptions(silence_seconds=silence_seconds, retry_seconds=0.001))
        self.subscriptions = Subscriptions(self.log, self.relay)

    @asynccontextmanager
    async def subscribed(self, example: Example, after: int = FROM_START) -> AsyncGenerator[Subscription]:
        subscription = await self.subscriptions.open(example.id, View(after))
        try:
            yield subscription
        finally:
            subscription.close()
            await self.relay.close()
            assert self.log.open_watches == 0

    async def append(self, *events: LogEvent) -> None:
        for event in events:
            await self.log.append(event)


async def collect(subscription: Subscription) -> list[Entry]:
    async with asyncio.timeout(WAIT_SECONDS):
        return [entry async for entry in subscription]
