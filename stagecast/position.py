"""How far an execution has been read, and what the server's next message means: the reading side of `/ws`, pure.

The promise is the design's: in order, each once, and after a reconnect on from the last `seq` that was seen.
"""

from collections.abc import Mapping
from typing import Any, Literal

from contracts.events import ExecutionCompleted, wire_name
from contracts.messages import Subscribe

_END = wire_name(ExecutionCompleted)

Verdict = Literal["event", "snapshot", "dropped", "ignore", "again", "failed", "unknown"]


class Position:
    """One reader's place in one execution.

    | message | verdict | last number |
    |---|---|---|
    | `subscribed` without success | unknown | |
    | `subscribed`, not recovered | snapshot | `to` |
    | any other `subscribed` | ignore | |
    | `caught_up`: events up to its number were given; what was not seen was not for us | ignore | its `seq` |
    | the same where all events were asked for and one is missing | again | |
    | `dropped` | dropped | |
    | `error`: the server could not serve us | failed | |
    | event without `seq`: live text, or the end of an execution whose log has expired | event | |
    | event with the next `seq` | event | its own |
    | terminal event with an older `seq`: told again to who resumes after the end | event | |
    | another event with an older `seq`: a repetition | ignore | |
    | event with a later `seq`: those between were not for us | event | its own |
    | the same where all events were asked for: one was lost | again | |

    `again` is: subscribe again from here. Servers that know neither `recovered` nor `caught_up` are understood.

    Args:
        execution_id: which execution.
        after: the last number that was seen; -1 for none.
        with_journal: whether all events are asked for; without it there are gaps in the numbers.
    """

    def __init__(self, execution_id: str, after: int = -1, *, with_journal: bool = False) -> None:
        self.last_seq = after
        self._execution_id = execution_id
        self._with_journal = with_journal

    def request(self) -> Subscribe:
        """Make the message that asks for what follows."""
        return Subscribe(
            execution_id=self._execution_id,
            after=self.last_seq if self.last_seq >= 0 else None,
            events="all" if self._with_journal else None,
        )

    def take(self, message: Mapping[str, Any]) -> Verdict:
        """Say what the next message means, and move on by it."""
        match message.get("type"):
            case "subscribed":
                return self._take_subscribed(message)
            case "caught_up":
                return self._take_caught_up(message.get("seq"))
            case "dropped":
                return "dropped"
            case "error":
                return "failed"
            case "unsubscribed" | "authenticated" | "gap":
                return "ignore"
            case kind:
                return self._take_event(message.get("seq"), is_end=kind == _END)

    def _take_subscribed(self, message: Mapping[str, Any]) -> Verdict:
        if not message.get("success"):
            return "unknown"
        if message.get("recovered") is not False:
            return "ignore"
        to = message.get("to")
        self.last_seq = to if isinstance(to, int) else self.last_seq
        return "snapshot"

    def _take_caught_up(self, seq: object) -> Verdict:
        if not isinstance(seq, int) or seq <= self.last_seq:
            return "ignore"
        if self._with_journal:
            return "again"
        self.last_seq = seq
        return "ignore"

    def _take_event(self, seq: object, *, is_end: bool) -> Verdict:
        if not isinstance(seq, int):
            return "event"
        if seq <= self.last_seq:
            return "event" if is_end else "ignore"
        if seq > self.last_seq + 1 and self._with_journal:
            return "again"
        self.last_seq = seq
        return "event"
