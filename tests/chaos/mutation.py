"""Ways to break a runner on purpose, to show that the suite notices. Loaded into runner processes only.

A directory with a `sitecustomize.py` is put on their `PYTHONPATH`; it calls `apply`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nats.aio.msg import Msg

from contracts.journal import FinishedCall, FinishedStep
from runner.journal import Journal
from stagecast import slots
from stagecast.broker import Broker

VARIABLE = "CHAOS_MUTATION"
MUTATIONS = ("no-fence", "no-journal")


def install(directory: Path) -> None:
    """Make a directory that, put on `PYTHONPATH`, breaks a process as its environment says."""
    directory.mkdir(parents=True)
    (directory / "sitecustomize.py").write_text("import tests.chaos.mutation\n\ntests.chaos.mutation.apply()\n")


def apply() -> None:
    """Break this process as its environment says."""
    match os.environ.get(VARIABLE):
        case "no-fence":
            _remove_the_fence()
        case "no-journal":
            _forget_the_journal()
        case other:
            raise ValueError(f"there is no mutation {other}")


def _remove_the_fence() -> None:
    fence = {slots._EXPECTED_HEADER, slots._EXPECTED_SUBJECT_HEADER}  # pyright: ignore[reportPrivateUsage]
    request = Broker.request

    async def unfenced(self: Broker, subject: str, data: bytes = b"", **more: Any) -> Msg:
        headers: Mapping[str, str] = more.pop("headers", None) or {}
        kept = {name: value for name, value in headers.items() if name not in fence}
        return await request(self, subject, data, **more, headers=kept or None)

    Broker.request = unfenced


def _forget_the_journal() -> None:
    def find_call(self: Journal, key: str) -> FinishedCall | None:
        return None

    def find_step(self: Journal, key: str) -> FinishedStep | None:
        return None

    Journal.find_call = find_call
    Journal.find_step = find_step
