"""What a bench found: figures with their targets, as JSON in `bench/results/`. How it is shown is in `bench.page`."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number.

    Attributes:
        target: what it should come to, if that was said.
        wanted: on which side of the target it should be.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    wanted: Literal["at least", "at most"] = "at least"

    @property
    def is_missed(self) -> bool:
        """Whether there is a target and it was not reached."""
        if self.target is None:
            return False
        return self.value < self.target if self.wanted == "at least" else self.value > self.target


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one bench found.

    Attributes:
        key: the letter by which it is picked.
        title: what was measured, in a sentence.
        figures: medians over the rounds, where there are several.
        rounds: everything as it was measured, for whoever doubts the medians.
    """

    key: str
    title: str
    figures: Sequence[Figure]
    rounds: Sequence[Mapping[str, Any]] = ()
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    machine: Mapping[str, Any] = field(default_factory=lambda: describe_machine())

    @property
    def command(self) -> str:
        """What to type to measure it again."""
        return f'make bench ARGS="{self.key}"'

    def save(self) -> Path:
        """Write it where the page is made from."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.key}.json"
        fields: dict[str, Any] = {"command": self.command, **asdict(self), "rounds": []}
        rounds = ",\n  ".join(map(json.dumps, self.rounds))  # a line for each
        text = json.dumps(fields, indent=1).replace('"rounds": []', f'"rounds": [\n  {rounds}\n ]')
        path.write_text(text + "\n")
        return path


def read_outcomes() -> list[Outcome]:
    """Return what was measured last, by key."""
    found: list[Outcome] = []
    for path in sorted(RESULTS.glob("*.json")):
        fields = json.loads(path.read_text())
        del fields["command"]
        fields["figures"] = [Figure(**figure) for figure in fields["figures"]]
        found.append(Outcome(**fields))
    return found


def describe_machine() -> dict[str, Any]:
    """Return what figures depend on. The load is that of the last minute, the bench's own included."""
    return {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
