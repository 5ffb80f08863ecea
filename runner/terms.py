"""Under which terms executions are held: for how long without renewal, and how far their logs may grow."""

from dataclasses import dataclass

from contracts.errors import LimitReached


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms executions are held.

    Attributes:
        lease_seconds: how long a claim lives without renewal; the queue's `ack_wait`.
        max_events: how many events an execution's log may have; calls in flight and its end come on top.
        max_bytes: how large they may be together, without their end.
    """

    lease_seconds: float = 20.0
    max_events: int = 50_000
    max_bytes: int = 256 * 1024 * 1024

    def check_growth(self, events: int, size: int) -> None:
        """Look whether a log with so many events and bytes may take one more.

        Raises:
            LimitReached: it may not; the code is `event_limit` or `byte_limit`.
        """
        if events >= self.max_events:
            raise LimitReached(
                f"The execution's log has {events} events, {self.max_events} are the most.", code="event_limit"
            )
        if size >= self.max_bytes:
            raise LimitReached(
                f"The execution's log has {size} bytes, {self.max_bytes} are the most.", code="byte_limit"
            )


DEFAULT_TERMS = Terms()
