"""The faults of the chaos suite: a schedule made from the seed, and how each is done. Who notices is not here."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tests.chaos.clock import elapse
from tests.chaos.fleet import Fleet

KILL_RUNNER = "kill -9 a runner"
FREEZE_RUNNER = "freeze a runner beyond its lease"
DRAIN_RUNNER = "SIGTERM a runner"
KILL_GATEWAY = "kill -9 a gateway"
STRIKE_BROKER = "strike the broker"

_FIRST_SECONDS = 3.0
_JITTER = 0.35  # of the distance between two faults
_CALM_SECONDS = 4.0  # at the end, so that the last fault falls into the load, too


class Struck(Protocol):
    """A broker that can be hit."""

    @property
    def fault(self) -> str:
        """What is done to it."""
        ...

    async def strike(self, seconds: float) -> None:
        """Take it, or the part of it that matters most, away for so long, and bring it back."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the schedule.

    Attributes:
        at_seconds: after the services got busy.
        seconds: how long it lasts, where that is chosen here.
    """

    at_seconds: float
    kind: str
    seconds: float = 0.0

    def __str__(self) -> str:
        """Write it for people."""
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at_seconds:7.1f} s  {self.kind}{lasting}"


def make_schedule(
    seed: int, seconds: float, *, every_seconds: float, outage_seconds: tuple[float, float]
) -> list[Fault]:
    """Spread faults over a load of so many seconds; each kind comes before any comes again.

    Args:
        seed: the same one gives the same schedule.
        seconds: how long the load lasts.
        every_seconds: the distance between two faults, about.
        outage_seconds: the shortest and the longest absence of the broker.
    """
    chance = random.Random(f"{seed}/schedule")
    count = max(5, int((seconds - _FIRST_SECONDS - _CALM_SECONDS) / every_seconds))
    step = (seconds - _FIRST_SECONDS - _CALM_SECONDS) / count
    kinds: list[str] = []
    while len(kinds) < count:
        deck = [KILL_RUNNER, FREEZE_RUNNER, DRAIN_RUNNER, KILL_GATEWAY, STRIKE_BROKER]
        chance.shuffle(deck)
        if kinds and deck[0] == kinds[-1]:  # each fault gets time to show what it does
            deck.reverse()
        kinds += deck
    return [
        Fault(
            round(_FIRST_SECONDS + step * (place + chance.uniform(-_JITTER, _JITTER)), 1),
            kind,
            round(chance.uniform(*outage_seconds), 1) if kind == STRIKE_BROKER else 0.0,
        )
        for place, kind in enumerate(kinds[:count])
    ]


@dataclass
class Faults:
    """Carries out a schedule."""

    fleet: Fleet
    broker: Struck
    seed: int
    injected: Counter[str] = field(default_factory=Counter[str])
    _striking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def inject(self, schedule: list[Fault]) -> None:
        """Do all that is planned, each at its time whatever the others do; return when all is repaired."""
        async with asyncio.TaskGroup() as group:
            for number, fault in enumerate(schedule):
                group.create_task(self._inject(fault, random.Random(f"{self.seed}/fault/{number}")))

    async def _inject(self, fault: Fault, chance: random.Random) -> None:
        """Wait for its time, and do it; it is not counted where everything that it could hit is being hit already."""
        await elapse(fault.at_seconds)
        means: Mapping[str, Callable[[random.Random], Awaitable[bool]]] = {
            KILL_RUNNER: self.fleet.kill_runner,
            FREEZE_RUNNER: self.fleet.freeze_runner,
            DRAIN_RUNNER: self.fleet.drain_runner,
            KILL_GATEWAY: self.fleet.kill_gateway,
        }
        if fault.kind == STRIKE_BROKER:
            async with self._striking:  # one absence after the other
                await self.broker.strike(fault.seconds)
            self.injected[self.broker.fault] += 1
        else:
            self.injected[fault.kind] += await means[fault.kind](chance)
