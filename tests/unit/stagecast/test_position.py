"""The reading side of `/ws`: each row of its table, and that no series of lost connections loses anything."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagecast.position import Position, Verdict

ID = "exec_1790000000000_aaaaaaaaaaaaaaaa"
JOURNAL = "call:completed"
Json = dict[str, Any]


def event(seq: int | None, kind: str = "stage:started") -> Json:
    return {"type": kind, "executionId": ID, "seq": seq}


def taken(messages: list[Json], *, after: int = -1, with_journal: bool = False) -> tuple[list[Verdict], int]:
    position = Position(ID, after, with_journal=with_journal)
    return [position.take(message) for message in messages], position.last_seq


@pytest.mark.parametrize(
    ("message", "after", "verdict", "last"),
    [
        ({"type": "subscribed", "success": False}, 3, "unknown", 3),
        ({"type": "subscribed", "success": True}, 3, "ignore", 3),
        ({"type": "subscribed", "success": True, "from": 4, "to": 9, "recovered": True}, 3, "ignore", 3),
        ({"type": "subscribed", "success": True, "to": 1, "recovered": False}, 3, "snapshot", 1),
        ({"type": "subscribed", "success": True, "recovered": False}, 3, "snapshot", 3),
        ({"type": "caught_up", "seq": 5}, 3, "ignore", 5),
        ({"type": "caught_up"}, 3, "ignore", 3),
        ({"type": "dropped", "dropped": 2}, 3, "dropped", 3),
        ({"type": "error", "message": "no"}, 3, "failed", 3),
        ({"type": "from_the_future"}, 3, "event", 3),
        (event(None, "stage:output"), 3, "event", 3),
        (event(None, "execution:completed"), 3, "event", 3),
        (event(4), 3, "event", 4),
        (event(6), 3, "event", 6),
        (event(3), 3, "ignore", 3),
        (event(2, "execution:completed"), 3, "event", 3),
    ],
)
def test_each_message_means_what_the_table_says(message: Json, after: int, verdict: Verdict, last: int) -> None:
    assert taken([message], after=after) == ([verdict], last)


@pytest.mark.parametrize("message", [event(6), event(6, "execution:completed"), {"type": "caught_up", "seq": 4}])
def test_where_all_events_were_asked_for_a_hole_is_a_loss(message: Json) -> None:
    assert taken([message], after=3, with_journal=True) == (["again"], 3)


def test_it_asks_for_what_follows_the_last_number_seen() -> None:
    position = Position(ID)
    assert position.request().model_dump(exclude_none=True, by_alias=True) == {"type": "subscribe", "executionId": ID}
    position.take(event(0))
    assert position.request().after == 0
    assert Position(ID, with_journal=True).request().events == "all"


class ModelServer:
    """A log of so many events, some of them journal, told as the protocol says, by an old server or a new one."""

    def __init__(self, kinds: list[str], *, is_new: bool) -> None:
        self.log = [event(seq, kind) for seq, kind in enumerate(kinds)]
        self.is_new = is_new

    def tell(self, after: int, stored: int, *, with_journal: bool) -> list[Json]:
        """All that is told to who subscribes after a number, when so many events are stored at that moment."""
        start = after + 1
        shown = [one for one in self.log[start:] if with_journal or one["type"] != JOURNAL]
        if not self.is_new:
            messages = [{"type": "subscribed", "executionId": ID, "success": True}, *shown]
        else:
            messages = [{"type": "subscribed", "success": True, "from": start, "to": stored - 1, "recovered": True}]
            messages += [one for one in shown if one["seq"] < stored]
            messages += [{"type": "caught_up", "executionId": ID, "seq": max(after, stored - 1)}]
            messages += [one for one in shown if one["seq"] >= stored]
        return messages if shown else [*messages, self.log[-1]]  # the end, told once more


@given(
    kinds=st.lists(st.sampled_from(["stage:started", JOURNAL]), max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=6),
    stored=st.integers(0, 13),
    is_new=st.booleans(),
    with_journal=st.booleans(),
)
def test_over_any_number_of_lost_connections_each_event_comes_once_and_in_order(
    kinds: list[str], cuts: list[int], stored: int, is_new: bool, with_journal: bool
) -> None:
    server = ModelServer([*kinds, "execution:completed"], is_new=is_new)
    position, seen = Position(ID, with_journal=with_journal), list[int]()
    for cut in [*cuts, None]:
        for message in server.tell(position.last_seq, min(stored, len(server.log)), with_journal=with_journal)[:cut]:
            verdict = position.take(message)
            assert verdict in ("event", "ignore")
            if verdict == "event":
                seen.append(message["seq"])
        if seen[-1:] == [len(kinds)]:
            break
    assert seen == [one["seq"] for one in server.log if with_journal or one["type"] != JOURNAL]
