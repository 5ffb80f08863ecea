"""Rounds of attacks on one gateway while good clients are at work, and what must hold afterwards."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz import http_attacks, socket_attacks
from tests.fuzz.frozen import frozen_client
from tests.fuzz.target import Target
from tests.fuzz.witness import Witness
from tests.integration.logs import jetstream_log
from tests.nats_server import NatsServer
from tests.processes import ServiceProcess, running_stack
from tests.raw_connection import RawConnection, raw_connection

MAX_GROWTH_BYTES = 12 * 1024 * 1024
"""Between the end of the warm-up and the end. Measured: 3 MiB in 13 rounds, up and down. A round makes some 400
connections, each of which costs 20 to 50 KiB: if all were kept, or waited for the garbage collector, one round would
show it; if one in ten, eight rounds.
"""
SETTLE_SECONDS = 20.0  # for memory to come down, while good clients go on

MAX_ANSWER_SECONDS = 10.0  # for `/healthz`, asked from a process and on cores that the attackers share
_ACK_WAIT_SECONDS = 20.0  # the services' default: what looks at the log must not change it
_LOOK_AGAIN_SECONDS = 0.5
_SHOWN_CHARACTERS = 1200  # of a trace
_WARM_UP_ROUNDS = 1  # until what is loaded, compiled and cached once has been
SHED_SECONDS = 30.0  # for the last bad client to be gone: the limits below, and five seconds to close

_SETTINGS = {
    "STAGECAST_REQUEST_TIMEOUT_SECONDS": "1",
    "STAGECAST_WS_PING_SECONDS": "1",
    "STAGECAST_WS_SEND_TIMEOUT_SECONDS": "1",
    "STAGECAST_WS_IDLE_SECONDS": "2",
    "STAGECAST_WS_MESSAGES_PER_SECOND": "1000",
    "STAGECAST_MAX_CONNECTIONS_PER_CLIENT": "100000",
    # What is freed goes back to the system at once, so that the process's memory is what it uses and not what it keeps.
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "MALLOC_ARENA_MAX": "1",
}
_CHATTER = """
id: chatter-v1
name: Chatter
version: 1.0.0
stages:
  - {id: talk, name: Talk, model: talker, prompt: {user: "{{ inputs.input }}"}}
models: {talker: {use: "scripted:echo"}}
"""
Attack = Callable[[Target, random.Random], Awaitable[None]]
Holding = Callable[[Target, random.Random, RawConnection], Awaitable[None]]

_ATTACKS: dict[Attack, int] = {
    http_attacks.garbage: 10,
    http_attacks.damaged_requests: 20,
    http_attacks.crowded_handshake: 10,
    http_attacks.slow_request: 8,
    http_attacks.silence: 10,
    http_attacks.endless_head: 3,
    http_attacks.unread_answers: 2,
    http_attacks.event_streams: 15,
    http_attacks.leaving_in_the_middle: 20,
    socket_attacks.random_bytes: 10,
    socket_attacks.damaged_frames: 20,
    socket_attacks.bytes_behind_the_handshake: 15,
    socket_attacks.random_messages: 8,
    socket_attacks.subscribe_storm: 3,
    socket_attacks.oversized: 5,
    socket_attacks.endless_fragments: 2,
    socket_attacks.slow_frames: 5,
    socket_attacks.opening_and_closing: 8,
}
"""How many clients of each kind a round has."""

_HOLDING: dict[Holding, int] = {
    socket_attacks.unread_pongs: 2,
    socket_attacks.unread_events: 5,
    socket_attacks.close_without_reply: 5,
}
"""The same for those that stay until the gateway has cut them off."""


@dataclass
class Findings:
    """What came of it."""

    rounds: int = 0
    executions: int = 0
    slowest_seconds: float = 0.0
    resident: list[int] = field(default_factory=list[int])
    faults: list[str] = field(default_factory=list[str])

    @property
    def grown_bytes(self) -> int:
        """By how much memory has grown since the warm-up."""
        return self.resident[-1] - self.resident[-1 - self.rounds]

    def __str__(self) -> str:
        """Tell it in a line, and the faults in one each."""
        return "\n".join(
            [
                f"{self.rounds} rounds, {self.executions} executions watched to their end by good clients",
                f"slowest /healthz {self.slowest_seconds:.2f} s",
                f"MiB in use after each round: {', '.join(f'{each / 2**20:.1f}' for each in self.resident)}; "
                f"since the warm-up {self.grown_bytes / 2**20:+.1f}",
                *(f"FAULT: {fault}" for fault in self.faults),
            ]
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """How a gateway is attacked.

    Attributes:
        seed: gives the same attacks again; how they meet is up to the machine.
        seconds: for how long at least; further rounds follow until then.
        rounds: how many after the warm-up, at least.
        share: of the clients that a whole round has.
    """

    seed: int
    seconds: float = 0.0
    rounds: int = 2
    share: float = 1.0


async def run_trial(directory: Path, plan: Plan) -> Findings:
    """Attack a gateway.

    Args:
        directory: for data and logs.
        plan: how.
    """
    (directory / "nats").mkdir(parents=True)
    (directory / "stack" / "pipelines").mkdir(parents=True)
    (directory / "stack" / "pipelines" / "chatter-v1.yaml").write_text(_CHATTER)
    async with (
        NatsServer.start(directory / "nats") as nats,
        running_stack(nats.url, directory / "stack", env=_SETTINGS) as stack,
        jetstream_log(nats.url, ack_wait_seconds=_ACK_WAIT_SECONDS) as log,
    ):
        [gateway] = stack.gateways
        target = Target(stack.url, gateway.process.pid)
        witness, findings = Witness(target, log), Findings()
        async with witness.watching():
            await _Trial(target, witness, plan, findings).run()
    findings.faults += [*witness.faults, *_faults_of(gateway)]
    findings.executions, findings.slowest_seconds = witness.executions, witness.slowest_seconds
    if witness.slowest_seconds > MAX_ANSWER_SECONDS:
        findings.faults.append(f"/healthz took {witness.slowest_seconds:.1f} s")
    if findings.grown_bytes > MAX_GROWTH_BYTES:
        findings.faults.append("memory grows")
    return findings


class _Trial:
    def __init__(self, target: Target, witness: Witness, plan: Plan, findings: Findings) -> None:
        self._target = target
        self._witness = witness
        self._plan = plan
        self._rng = random.Random(plan.seed)
        self._findings = findings
        self._calm_sockets = target.socket_count()

    async def run(self) -> None:
        until = time.monotonic() + self._plan.seconds
        for _ in range(_WARM_UP_ROUNDS):
            await self._round()
        while self._findings.rounds < self._plan.rounds or time.monotonic() < until:
            await self._round()
            self._findings.rounds += 1
        give_up_at = time.monotonic() + SETTLE_SECONDS
        while self._findings.grown_bytes > MAX_GROWTH_BYTES and time.monotonic() < give_up_at:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            self._findings.resident[-1] = await self._resident()

    async def _resident(self) -> int:
        async with self._witness.at_work:  # what an execution under way takes is no growth
            return self._target.resident_bytes()

    async def _round(self) -> None:
        """Attack in every way at once, and wait until all are shed, also those that still hold on."""
        async with AsyncExitStack() as held:
            await held.enter_async_context(frozen_client(self._target))
            attacks: list[Awaitable[None]] = [
                self._attack(attack, self._fork())
                for attack, count in _ATTACKS.items()
                for _ in range(self._share_of(count))
            ]
            for attack, count in _HOLDING.items():
                for _ in range(self._share_of(count)):
                    connection = await held.enter_async_context(raw_connection(self._target.url, receive_buffer=4096))
                    attacks.append(self._hold(attack, self._fork(), connection))
            self._rng.shuffle(attacks)
            await asyncio.gather(*attacks)
            await self._wait_shed()
        self._findings.resident.append(await self._resident())

    async def _attack(self, attack: Attack, rng: random.Random) -> None:
        try:
            await attack(self._target, rng)
        except TimeoutError:
            self._findings.faults.append(f"the gateway did not let go of {attack.__name__}")
        except (ConnectionError, asyncio.IncompleteReadError, AssertionError):
            pass  # it was cut off before it came to its end, as it should be

    async def _hold(self, attack: Holding, rng: random.Random, connection: RawConnection) -> None:
        await connection.upgrade()
        try:
            async with asyncio.timeout(SHED_SECONDS):
                await attack(self._target, rng, connection)
        except TimeoutError:
            self._findings.faults.append(f"the gateway neither reads nor cuts off {attack.__name__}")

    async def _wait_shed(self) -> None:
        """Wait until the gateway holds no sockets but those of good clients."""
        # One more may be there at any moment: the one that asks whether it is alive.
        try:
            async with asyncio.timeout(SHED_SECONDS):
                while self._target.socket_count() > self._calm_sockets + 1:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.05)
        except TimeoutError:
            left = self._target.socket_count() - self._calm_sockets
            self._findings.faults.append(f"{left} sockets of bad clients are still there")

    def _share_of(self, count: int) -> int:
        return max(1, round(count * self._plan.share))

    def _fork(self) -> random.Random:
        return random.Random(self._rng.random())


def _faults_of(gateway: ServiceProcess) -> list[str]:
    """Return what the gateway logged that it should not have, and whether it is still there."""
    lines = [line for line in gateway.lines if line["level"] in {"error", "critical", "raw"}]
    told = Counter(_brief(line) for line in lines if line["event"] != "process ended")
    ended = [] if gateway.process.returncode in {None, 0} else [f"the gateway ended with {gateway.process.returncode}"]
    return [*(f"{count} times in the gateway's log: {line}" for line, count in told.items()), *ended]


def _brief(line: dict[str, Any]) -> str:
    """Tell a line of the log with the end of its trace, which is where it differs from others."""
    return f"{str(line['event']).strip()} {str(line.get('exception', ''))[-_SHOWN_CHARACTERS:]}"
