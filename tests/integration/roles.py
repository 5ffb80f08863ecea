"""A broker with the users of `deploy/nats-roles.conf`, and each user as a client that hears when it is refused."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from contracts.envelope import utc_now
from contracts.presence import RunnerPresence
from stagecast.broker import Broker, BrokerSettings
from stagecast.jetstream_log import JetStreamLog, LogSettings
from stagecast.presence import PresenceBucket
from tests.example_events import Example
from tests.integration.logs import WAIT_SECONDS
from tests.nats_server import PASSWORDS, NatsServer

PRESENT = RunnerPresence(name="runner-a", version="1", concurrency=1, keys=(), started_at=utc_now())
LARGE = "x" * 3_000_000
MAY_HEAR = {
    "gateway": ("exec.>", "_INBOX_gateway.>"),
    "runner": ("exec.*.execution_cancel_requested", "exec.*.execution_finish_requested", "_INBOX_runner.>"),
    "observer": ("exec.>",),
}


def login(role: str, url: str = "") -> dict[str, str]:
    """Return the environment of a service that is this user."""
    where = {"STAGECAST_NATS_URL": url} if url else {}
    return {"STAGECAST_NATS_USER": role, "STAGECAST_NATS_PASSWORD": PASSWORDS[role], **where}


async def settle(client: Client) -> None:
    """Return when the server has taken in all that was sent; nats-py lets the ping of a flush go first."""
    await client.flush()
    await client.flush()


@asynccontextmanager
async def broker_as(role: str, url: str, **settings: Any) -> AsyncGenerator[Broker]:
    """Connect as a service does."""
    chosen = {"nats_url": url, "nats_user": role, "nats_password": PASSWORDS[role], **settings}
    broker = Broker(BrokerSettings.model_validate(chosen), name=role)
    await broker.start()
    await broker.wait_ready(WAIT_SECONDS)
    try:
        yield broker
    finally:
        await broker.close()


@dataclass
class Person:
    """One user with a plain client: what it was refused, and what it hears of all that it may."""

    role: str
    client: Client
    violations: asyncio.Queue[str] = field(default_factory=asyncio.Queue[str])
    ears: list[Subscription] = field(default_factory=list[Subscription])

    @classmethod
    @asynccontextmanager
    async def connect(cls, role: str, url: str) -> "AsyncGenerator[Person]":
        """Log in and listen."""
        person = cls(role, Client())

        async def note(error: Exception) -> None:
            person.violations.put_nowait(str(error))

        await person.client.connect(
            url,
            user=role,
            password=PASSWORDS[role],
            inbox_prefix=f"_INBOX_{role}",
            error_cb=note,
            allow_reconnect=False,
        )
        try:
            person.ears = [await person.subscribe(subject) for subject in MAY_HEAR[role]]
            await settle(person.client)
            yield person
            assert person.violations.empty(), person.violations
        finally:
            await person.client.close()

    async def subscribe(self, subject: str) -> Subscription:
        """Subscribe without reading: what comes is counted."""
        return await self.client.subscribe(subject)  # pyright: ignore[reportUnknownMemberType] # nats-py's types

    async def refused(self, verb: str, subject: str) -> None:
        """Wait for the server's violation; fail when it is about something else, or does not come."""
        async with asyncio.timeout(WAIT_SECONDS):
            told = await self.violations.get()
        assert told == f'nats: permissions violation for {verb} to "{subject.lower()}"'

    async def heard(self, subscriptions: list[Subscription] | None = None) -> int:
        """Return how many messages have come, after whatever the server had for us."""
        await settle(self.client)
        return sum(each.pending_msgs for each in (self.ears if subscriptions is None else subscriptions))


@dataclass(frozen=True)
class World:
    """A broker in use: streams, an execution with a large payload, a runner that is there, and everybody listening."""

    server: NatsServer
    log: JetStreamLog
    gateway_log: JetStreamLog
    presence: PresenceBucket
    persons: Mapping[str, Person]
    example: Example

    async def stored(self) -> object:
        """Return everything that is kept: streams, consumers, numbers of messages, as the server itself tells it."""
        async with httpx.AsyncClient(base_url=self.server.monitoring_url, trust_env=False) as http:
            told = (await http.get("/jsz?streams=true&consumers=true&config=true")).raise_for_status().json()
        (account,) = told["account_details"]
        return sorted(
            [
                each["name"],
                each["config"],
                [each["state"].get(name) for name in ("messages", "bytes", "last_seq", "num_deleted")],
                [[one["config"], one["delivered"], one["ack_floor"]] for one in each.get("consumer_detail", [])],
            ]
            for each in account["stream_detail"]
        )

    async def heard(self) -> int:
        """Return how many messages everybody has heard and nobody has read."""
        return sum([await person.heard() for person in self.persons.values()])

    async def make_noise(self) -> None:
        """Let services do what they do: on every kind of subject something is published."""
        example = Example()
        await self.gateway_log.append(example.queued(LARGE))
        await self.gateway_log.remember_first(example.id, b"kept")
        await self.log.append(example.started())
        await self.gateway_log.append(example.finish_requested(2))
        await self.gateway_log.append(example.cancel_requested(3))
        await self.presence.announce(PRESENT)
        delivery = await self.log.next_delivery(timeout_seconds=WAIT_SECONDS)
        assert delivery is not None
        await delivery.ack()


@asynccontextmanager
async def world_on(server: NatsServer) -> AsyncGenerator[World]:
    """Bring a broker into use, by the users that do so in production."""
    example = Example()
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(broker_as("runner", server.url))
        gateway_broker = await stack.enter_async_context(broker_as("gateway", server.url))
        settings = LogSettings()
        log, gateway_log = JetStreamLog(broker, settings), JetStreamLog(gateway_broker, settings)
        stack.push_async_callback(log.close)
        presence = PresenceBucket(broker, lease_seconds=60)
        await log.open()
        await presence.open()
        await presence.announce(PRESENT)
        await gateway_log.append(example.queued(LARGE))
        await log.append(example.started())
        persons = {role: await stack.enter_async_context(Person.connect(role, server.url)) for role in MAY_HEAR}
        yield World(server, log, gateway_log, presence, persons, example)


async def answer_to_login(url: str, **login: object) -> bytes:
    """Say who we are by hand, and return the server's first word: nats-py leaves its socket open when refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
    async with asyncio.timeout(WAIT_SECONDS):
        assert (await reader.readline()).startswith(b"INFO ")
        writer.write(b"CONNECT " + body(verbose=False, **login) + b"\r\nPING\r\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
    return answer.strip()


def body(**fields: object) -> bytes:
    """Encode a request."""
    return json.dumps(fields).encode()
