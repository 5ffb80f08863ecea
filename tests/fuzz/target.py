"""The gateway under attack, seen from outside: its addresses, its process, and what can be subscribed to."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

KIB = 1024


@dataclass
class Target:
    """One gateway process.

    Attributes:
        executions: ids of executions that there are, the newest ones last.
    """

    url: str
    pid: int
    executions: list[str] = field(default_factory=list[str])

    def resident_bytes(self) -> int:
        """Return how much memory the process has in use."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * KIB
        raise ProcessLookupError(self.pid)

    def socket_count(self) -> int:
        """Return how many sockets the process holds: those that listen, the broker's, and its clients'."""
        directory = Path(f"/proc/{self.pid}/fd")
        count = 0
        for name in os.listdir(directory):  # noqa: PTH208 - descriptors come and go while they are looked at
            with suppress(OSError):
                count += os.readlink(directory / name).startswith("socket:")  # noqa: PTH115 - of a link to no file
        return count
