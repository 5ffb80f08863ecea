"""How times, costs and events read."""

import pytest

from stagecast.commands.wording import one_line, printable, word_cost, word_duration, word_event
from tests.story_server import demo_events, live_text


@pytest.mark.parametrize(
    ("duration_ms", "words"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1523, "1.5 s"),
        (42_000, "42 s"),
        (185_000, "3 min 05 s"),
        (3_600_000, "60 min 00 s"),
    ],
)
def test_durations(duration_ms: int, words: str):
    assert word_duration(duration_ms) == words


def test_an_unknown_cost_is_never_shown_as_nothing():
    assert word_cost(0) == "$0"
    assert word_cost(None) == "unknown"
    assert word_cost(0, is_complete=False) == "unknown"
    assert word_cost(0.0012, is_complete=False) == "≥ $0.0012"
    assert word_cost(0.00001) == "< $0.0001"


def test_every_stored_event_has_a_line_and_live_text_has_none():
    lines = [word_event(event) for event in demo_events("failed")]  # type: ignore[arg-type]
    assert lines[2:7] == [
        "[1/3] First: started",
        "[1/3] First: completed in 1.5 s, $0.0012, 120 → 0 tokens, scripted:echo",
        "[2/3] Second: skipped, nothing to do",
        "[3/3] Third: started",
        "[3/3] Third: failed, the model refused",
    ]
    assert all(lines)
    assert word_event(live_text("hello")) is None


def test_control_characters_are_left_out():
    assert printable("a\x1b[31mb\nc\x07") == "a [31mb\nc "
    assert one_line("a\n  b\tc") == "a b c"
