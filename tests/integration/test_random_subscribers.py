"""Subscribers that come, leave, break off and resume at random, on two gateways, while executions run.

Each sees exactly the log after its point, in order, each event once. Real sockets, a real broker; Hypothesis draws who
does what.
"""

import asyncio
import json
import threading
from collections.abc import Coroutine, Generator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.events import JOURNAL_TYPES, LogEvent
from stagecast.jetstream_log import JetStreamLog
from tests.example_events import Example
from tests.gateway_server import RunningGateway, running_gateway
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.sockets import Message, Socket

T = TypeVar("T")
WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Visit:
    """One stay of a subscriber.

    Attributes:
        gateway: on which one.
        begins_at: how many events, of all executions together, are stored before it begins.
        takes: how many messages it takes before it leaves.
        leaves: how.
        transport: over what.
    """

    gateway: int
    begins_at: int
    takes: int
    leaves: Literal["unsubscribe", "close", "abort"]
    transport: Literal["socket", "stream"]


@dataclass(frozen=True)
class Subscriber:
    """Who watches an execution.

    Attributes:
        execution: which one.
        after: where it begins.
        with_journal: whether it wants all events.
        visits: it resumes with each; on a last one, not in here, it stays to the end.
    """

    execution: int
    after: int
    with_journal: bool
    visits: tuple[Visit, ...]


@dataclass(frozen=True)
class Plan:
    """What happens.

    Attributes:
        retries: how long each execution's log is.
        order: which execution's next event is stored, one after the other.
    """

    retries: tuple[int, ...]
    order: tuple[int, ...]
    subscribers: tuple[Subscriber, ...]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    retries = draw(st.lists(st.integers(0, 20), min_size=1, max_size=3))
    sizes = [len(log_of(Example(), each)) for each in retries]
    total = sum(sizes)
    visits = st.builds(
        Visit,
        gateway=st.integers(0, 1),
        begins_at=st.integers(0, total),
        takes=st.integers(0, 12),
        leaves=st.sampled_from(["unsubscribe", "close", "abort"]),
        transport=st.sampled_from(["socket", "socket", "stream"]),
    )
    subscribers = st.builds(
        Subscriber,
        execution=st.integers(0, len(retries) - 1),
        after=st.integers(-1, 4),
        with_journal=st.booleans(),
        visits=st.lists(visits, max_size=4).map(tuple),
    )
    order = draw(st.permutations([number for number, size in enumerate(sizes) for _ in range(size)]))
    return Plan(tuple(retries), tuple(order), tuple(draw(st.lists(subscribers, min_size=1, max_size=8))))


def log_of(example: Example, retries: int) -> list[LogEvent]:
    """Write a log as a runner would: claimed, one stage that calls a model and retries, another runner, the end."""
    events: list[LogEvent] = [example.queued(), example.started(), example.stage_started(2)]
    for number in range(retries):
        events.append(example.call_completed(len(events)))
        events.append(example.stage_retrying(len(events)))
        if number == 3:
            events += [example.released(len(events)), example.resumed(len(events) + 1)]
            events.append(example.stage_started(len(events)))
    events.append(example.stage_completed(len(events)))
    return [*events, example.ending(len(events)), example.completed(len(events) + 1)]


@dataclass
class Stage:
    """Two gateways on one broker, in a loop and a thread of their own, so that Hypothesis can call in."""

    loop: asyncio.AbstractEventLoop
    log: JetStreamLog
    gateways: Sequence[RunningGateway]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_SECONDS)


@pytest.fixture(scope="module")
def stage(shared_nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    cleanup = AsyncExitStack()

    async def enter() -> Stage:
        directory: Path = tmp_path_factory.mktemp("random-subscribers")
        logs = [await cleanup.enter_async_context(jetstream_log(shared_nats.url)) for _ in range(3)]
        gateways = [
            await cleanup.enter_async_context(running_gateway(log, directory, silence_seconds=1.0)) for log in logs[1:]
        ]
        return Stage(loop, logs[0], gateways)

    try:
        yield asyncio.run_coroutine_threadsafe(enter(), loop).result(WAIT_SECONDS)
    finally:
        asyncio.run_coroutine_threadsafe(cleanup.aclose(), loop).result(WAIT_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Performance:
    """A plan being carried out."""

    stage: Stage
    plan: Plan
    stored: int = 0
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    examples: list[Example] = field(default_factory=list[Example])

    async def run(self) -> list[list[Message]]:
        """Store everything, and return what each subscriber saw."""
        self.examples = [Example() for _ in self.plan.retries]
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(self._watch(each)) for each in self.plan.subscribers]
            group.create_task(self._store())
        return [task.result() for task in watching]

    async def _store(self) -> None:
        logs = [iter(log_of(*each)) for each in zip(self.examples, self.plan.retries, strict=True)]
        for number in self.plan.order:
            event = next(logs[number])
            await self.stage.log.append(event)
            if event.type == "stage:started":
                await self.stage.log.publish_text(self.examples[number].stage_output("as it is written"))
            async with self.grown:
                self.stored += 1
                self.grown.notify_all()

    async def _watch(self, subscriber: Subscriber) -> list[Message]:
        seen: list[Message] = []
        after = subscriber.after
        for visit in (*subscriber.visits, None):
            begins_at = 0 if visit is None else visit.begins_at
            async with self.grown:
                await self.grown.wait_for(lambda least=begins_at: self._may_begin(subscriber, least))
            got = await self._visit(subscriber, visit, after)
            seen += got
            after = max([after, *(message["seq"] for message in got)])
            if got and got[-1]["type"] == "execution:completed":
                break
        return seen

    def _may_begin(self, subscriber: Subscriber, begins_at: int) -> bool:
        # Not before the execution has begun, or it would be unknown, nor before it has what the subscriber has seen.
        mine = sum(number == subscriber.execution for number in self.plan.order[: self.stored])
        return mine > max(0, subscriber.after) and self.stored >= begins_at

    async def _visit(self, subscriber: Subscriber, visit: Visit | None, after: int) -> list[Message]:
        gateway = self.stage.gateways[0 if visit is None else visit.gateway]
        execution_id = self.examples[subscriber.execution].id
        more: dict[str, str] = {"events": "all"} if subscriber.with_journal else {}
        if visit is not None and visit.transport == "stream":
            return await self._read_stream(gateway, f"/api/executions/{execution_id}/events", visit, after, more)
        connection = await gateway.connection(close_timeout=0.2)  # it may have stopped reading, with much unread
        socket = Socket(connection)
        welcome = await socket.subscribe(execution_id, after=after, **more)
        assert (welcome["success"], welcome["recovered"]) == (True, True)
        leaves_after = None if visit is None else visit.takes
        taken = await _take(socket, leaves_after)
        if visit is not None and visit.leaves == "unsubscribe":
            await socket.send({"type": "unsubscribe", "executionId": execution_id})
            taken += (await socket.until(lambda message: message["type"] == "unsubscribed"))[:-1]
        if visit is not None and visit.leaves == "abort":
            connection.transport.abort()
        await connection.close()
        _check_marker(welcome, socket.received)
        return [message for message in taken if "seq" in message]

    async def _read_stream(
        self, gateway: RunningGateway, path: str, visit: Visit, after: int, more: dict[str, str]
    ) -> list[Message]:
        seen: list[Message] = []
        async with gateway.http.stream("GET", path, params={"after": after, **more}) as reply:
            assert reply.status_code == 200
            lines = reply.aiter_lines()
            taken = 0
            async for line in lines:
                if line.startswith("data: "):
                    message: Message = json.loads(line.removeprefix("data: "))
                    taken += 1
                    if isinstance(message.get("seq"), int) and message["type"] != "caught_up":
                        seen.append(message)
                    if taken > visit.takes or message["type"] == "execution:completed":
                        break
        return seen


async def _take(socket: Socket, count: int | None) -> list[Message]:
    """Take so many messages, or all up to the end."""
    taken: list[Message] = []
    while count is None or len(taken) < count:
        taken.append(await socket.next())
        if taken[-1]["type"] == "execution:completed":
            break
    return taken


def _check_marker(welcome: Message, received: Sequence[Message]) -> None:
    """The marker comes right behind the last event of the history, once; who leaves early may not see it."""
    marks = [place for place, message in enumerate(received) if message["type"] == "caught_up"]
    assert len(marks) <= 1
    for place in marks:
        before = [message["seq"] for message in received[:place] if "seq" in message]
        behind = [message["seq"] for message in received[place + 1 :] if "seq" in message]
        ended = [message["type"] for message in received].count("execution:completed")
        assert all(seq <= welcome["to"] for seq in before)
        assert all(seq > welcome["to"] for seq in behind) or ended


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=plans())
def test_whoever_comes_leaves_and_resumes_sees_exactly_the_log_after_its_point(stage: Stage, plan: Plan) -> None:
    async def perform() -> None:
        performance = Performance(stage, plan)
        seen = await performance.run()
        for subscriber, messages in zip(plan.subscribers, seen, strict=True):
            log = await stage.log.read(performance.examples[subscriber.execution].id)
            shown = [entry for entry in log if subscriber.with_journal or entry.type not in JOURNAL_TYPES]
            wanted = [
                json.loads(entry.data) for entry in shown if entry.seq is not None and entry.seq > subscriber.after
            ]
            assert messages == wanted

    stage.run(perform())
