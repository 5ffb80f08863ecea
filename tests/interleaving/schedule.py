"""What hypothesis decides about an interleaving: who fails when, how the network is, who cancels. Plain data."""

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

LEASE_SECONDS = 20.0
CALM_AT_SECONDS = 70.0
"""From then on the network is in order, so that everything can come to its end."""


FaultKind = Literal["kill", "freeze", "stop", "finish"]


@dataclass(frozen=True)
class Fault:
    """What befalls a process before one of its steps: it dies, it stands still for a while, or it is told to stop.

    Or it goes on, and somebody asks at that moment that every execution finish.

    Attributes:
        who: the next process of this kind that gets to work (a runner's delivery, a gateway's start).
        step: before which of the process's steps from then on.
        seconds: how long it stands still, or how long after its end it is replaced.
    """

    who: Literal["runner", "gateway"]
    step: int
    kind: FaultKind
    seconds: int


@dataclass(frozen=True)
class Fate:
    """What becomes of one request.

    Attributes:
        there: seconds on the way; None when it never arrives.
        back: seconds of the answer on its way; None when it never arrives.
        is_refused: the sender learns at once that it was not sent.
    """

    there: float | None = 0.0
    back: float | None = 0.0
    is_refused: bool = False


SMOOTH = Fate()
_FATES = (
    SMOOTH,
    Fate(there=0.01),
    Fate(back=0.01),
    Fate(0.05, 0.05),
    Fate(0.3, 0.1),
    Fate(there=1.0),
    Fate(back=2.0),
    Fate(3.0, 1.0),
    Fate(there=0.02),
    Fate(0.1, 0.0),
    Fate(0.0, 0.4),
    Fate(is_refused=True),
    Fate(there=None),
    Fate(back=None),
    Fate(there=7.0),  # arrives after the sender has given up
    Fate(there=4.0, back=4.0),
)


@dataclass(frozen=True)
class Plan:
    """One interleaving.

    Attributes:
        pipeline: which of `pipelines.PIPELINES`.
        runners: how many at once.
        executions: how many are submitted.
        network: the fates of requests, taken in turn; each process begins elsewhere.
        cancels: when somebody asks to cancel, and which execution.
        faults: what befalls whom.
        leaves_after: after how many events the first subscriber goes away and comes back; 0 for never.
        doubts: how often a dead runner may be taken for living.
        thinks: seconds that a model needs for an answer.
    """

    pipeline: str
    runners: int = 2
    executions: int = 1
    network: bytes = b"\0"
    cancels: tuple[tuple[float, int], ...] = ()
    faults: tuple[Fault, ...] = ()
    leaves_after: int = 0
    doubts: int = 0
    thinks: int = 1

    def fate(self, place: int, number: int) -> Fate:
        """Return what becomes of a process's request."""
        return _FATES[self.network[(number + place * 7) % len(self.network)] % len(_FATES)]


RUNNER_PLACES = (0, 1, 2)
GATEWAY_PLACES = (3, 4)

_SECONDS = st.sampled_from((22, 21, 45, 23, 19, 13, 1, 70))
"""Most are longer than a lease: it is then that others take over."""


def _faults() -> st.SearchStrategy[Fault]:
    runner = st.builds(
        Fault,
        st.just("runner"),
        st.integers(0, 55),
        st.sampled_from(("freeze", "freeze", "kill", "stop", "finish")),
        _SECONDS,
    )
    gateway = st.builds(Fault, st.just("gateway"), st.integers(0, 60), st.sampled_from(("freeze", "kill")), _SECONDS)
    return st.one_of(runner, runner, runner, runner, gateway)


def _cancels() -> st.SearchStrategy[tuple[tuple[float, int], ...]]:
    moment = st.one_of(st.sampled_from((0.0, 0.01, 0.3, 1.0, 5.0, 21.0)), st.floats(0, 60, width=16))
    some = st.lists(st.tuples(moment, st.integers(0, 1)), min_size=1, max_size=2).map(tuple)
    return st.one_of(st.just(()), st.just(()), some)


def plans(*pipelines: str) -> st.SearchStrategy[Plan]:
    """Return the interleavings of some pipelines."""
    return st.builds(
        Plan,
        st.sampled_from(pipelines),
        runners=st.sampled_from((2, 2, 2, 3)),
        executions=st.sampled_from((1, 1, 2)),
        network=st.binary(min_size=1, max_size=40),
        cancels=_cancels(),
        faults=st.lists(_faults(), min_size=1, max_size=4).map(tuple),
        leaves_after=st.integers(0, 6),
        doubts=st.sampled_from((0, 0, 1)),
        thinks=st.sampled_from((1, 4, 9)),
    )
