"""(b) Deliveries a second from one execution to many sockets, against the `broadcast()` of the library `websockets`.

Both send the same bytes, without compression, each from a process of its own on uvloop, to the same client process. The
gateway's side has the broker in it: events are appended one after the other, each once the one before is stored.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from bench.bare_log import beginning_of, load_pipeline, opened_log, stage_started
from bench.counting_socket import CountingSocket, frame_size
from bench.outcome import Figure, Outcome
from bench.services import cpu_seconds, running_services
from contracts.events import encode
from contracts.ids import new_execution_id
from stagecast.jetstream_log import JetStreamLog
from tests.processes import free_port

KEY = "b"
_ROUNDS = 5
_MESSAGES = {100: 1000, 1000: 200}  # by the number of sockets
_TRIES, _TRY_SECONDS = 200, 0.05
_AHEAD = 64  # events that may be appended before the first socket has them: subscribers' mailboxes are bounded
# No ping may come in between, and a client that is busy with a thousand sockets is not to be taken for a slow one.
_SETTINGS = {
    "STAGECAST_WS_PING_SECONDS": "3600",
    "STAGECAST_WS_SEND_TIMEOUT_SECONDS": "60",
    "STAGECAST_MAX_CONNECTIONS_PER_CLIENT": "10000",
}


@dataclass(slots=True)
class GatewaySide:
    """Sockets that watch one execution through the gateway."""

    log: JetStreamLog
    execution_id: str
    sockets: list[CountingSocket]
    pid: int
    next_seq: int = 3

    @classmethod
    async def open(cls, log: JetStreamLog, port: int, pid: int, count: int) -> "GatewaySide":
        """Begin an execution and watch it so many times; return when all are in the midst of it."""
        execution_id = new_execution_id()
        for event in beginning_of(execution_id, load_pipeline()):
            await log.append(event)
        sockets = await watch(port, execution_id, count)
        # What is told of the history comes before the first live event, so from there on only events come.
        live = stage_started(execution_id, load_pipeline(), 2)
        await log.append(live)
        await asyncio.gather(*(socket.read_to(encode(live)) for socket in sockets))
        for socket in sockets:
            socket.start_counting()
        return cls(log, execution_id, sockets, pid)

    async def send(self, count: int) -> list[bytes]:
        """Append so many events, not too far ahead of the first socket; return them as they are sent."""
        pipeline, sent = load_pipeline(), list[bytes]()
        marks = [self.sockets[0].received]
        for _ in range(0, count, _AHEAD):
            await self.sockets[0].reach(marks[-2] if len(marks) > 1 else 0)
            for _ in range(min(_AHEAD, count - len(sent))):
                event = stage_started(self.execution_id, pipeline, self.next_seq)
                await self.log.append(event)
                self.next_seq += 1
                sent.append(encode(event))
            marks.append(marks[0] + sum(map(frame_size, sent)))
        return sent


@dataclass(slots=True)
class BroadcastSide:
    """Sockets on the other server."""

    control: ClientConnection
    sockets: list[CountingSocket]
    pid: int

    @classmethod
    async def open(cls, port: int, pid: int, count: int) -> "BroadcastSide":
        """Connect so many times; return when the server knows all."""
        control = await _connect_soon(f"ws://127.0.0.1:{port}/control")
        sockets = [await CountingSocket.open(port, "/") for _ in range(count)]
        for socket in sockets:
            socket.start_counting()
        while int(await _ask(control, [])) < count:
            pass
        return cls(control, sockets, pid)

    async def send(self, messages: list[bytes]) -> list[bytes]:
        """Let the server broadcast."""
        await self.control.send(json.dumps([message.decode() for message in messages]))
        return messages


async def watch(port: int, execution_id: str, count: int) -> list[CountingSocket]:
    """Open so many sockets that watch an execution; return when all have read what is known of it."""
    sockets = [await CountingSocket.open(port, "/ws") for _ in range(count)]
    for socket in sockets:
        socket.send(json.dumps({"type": "subscribe", "executionId": execution_id}))
    await asyncio.gather(*(socket.read_to(b'"type":"execution:started"') for socket in sockets))
    return sockets


async def measure() -> Outcome:
    """Measure both sides in turn, with each number of sockets."""
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        for count, messages in _MESSAGES.items():
            async with AsyncExitStack() as stack:
                services = await stack.enter_async_context(
                    running_services(Path(name) / str(count), env=_SETTINGS, has_runner=False)
                )
                log = await stack.enter_async_context(opened_log(services.broker.url))
                ours = await GatewaySide.open(log, services.port, services.gateway.child.pid, count)
                theirs = await _start_broadcast(stack, count)
                for number in range(_ROUNDS + 1):
                    sent, gateway = await _time(ours, ours.send(messages), messages)
                    _, broadcast = await _time(theirs, theirs.send(sent), messages)
                    if number:  # the first round warms up
                        rounds.append({"sockets": count, "gateway": gateway, "broadcast": broadcast})
                for socket in [*ours.sockets, *theirs.sockets]:
                    socket.close()
    return _outcome(rounds)


async def _time(
    side: GatewaySide | BroadcastSide, sending: Awaitable[list[bytes]], messages: int
) -> tuple[list[bytes], dict[str, float]]:
    """Return what was sent, and how fast every socket had it."""
    already, used = side.sockets[0].received, cpu_seconds(side.pid)
    began = time.perf_counter()
    sent = await sending
    size = already + sum(map(frame_size, sent))
    await asyncio.gather(*(socket.reach(size) for socket in side.sockets))
    took = time.perf_counter() - began
    deliveries = messages * len(side.sockets)
    for socket in side.sockets:
        socket.check_end(size, sent[-1])
    return sent, {
        "deliveries_per_second": deliveries / took,
        "cpu_us_per_delivery": (cpu_seconds(side.pid) - used) / deliveries * 1e6,
    }


async def _start_broadcast(stack: AsyncExitStack, count: int) -> BroadcastSide:
    port = free_port()
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.broadcast_server", str(port))
    stack.push_async_callback(child.wait)
    stack.callback(child.kill)
    side = await BroadcastSide.open(port, child.pid, count)
    stack.push_async_callback(side.control.close)
    return side


async def _connect_soon(url: str) -> ClientConnection:
    for _ in range(_TRIES):
        try:
            return await connect(url, compression=None, proxy=None)
        except OSError:  # the process is still starting
            await asyncio.sleep(_TRY_SECONDS)
    raise RuntimeError(f"nobody listens at {url}")


async def _ask(control: ClientConnection, messages: list[str]) -> str:
    await control.send(json.dumps(messages))
    return str(await control.recv())


def _outcome(rounds: list[dict[str, Any]]) -> Outcome:
    figures: list[Figure] = []
    for count in _MESSAGES:
        some = [one for one in rounds if one["sockets"] == count]

        def rate(side: str, some: list[dict[str, Any]] = some) -> list[float]:
            return [one[side]["deliveries_per_second"] for one in some]

        ratio = statistics.median(
            ours / theirs for ours, theirs in zip(rate("gateway"), rate("broadcast"), strict=True)
        )
        figures += [
            Figure(f"{count:,} sockets, gateway", statistics.median(rate("gateway")), "deliveries/s"),
            Figure(f"{count:,} sockets, broadcast()", statistics.median(rate("broadcast")), "deliveries/s"),
            Figure("… gateway of broadcast()", ratio, "times", 0.5 if count == max(_MESSAGES) else None),
        ]
    title = "Deliveries of one execution's events to many sockets, against `broadcast()` of `websockets`"
    return Outcome(KEY, title, figures, rounds)
