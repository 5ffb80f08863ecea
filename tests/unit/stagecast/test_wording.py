"""How times, costs, tokens and foreign text read."""

import pytest

from stagecast.wording import one_line, printable, word_cost, word_duration, word_tokens


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
    assert word_cost(float("nan")) == word_cost(float("inf")) == "unknown"
    assert word_cost(0, is_complete=False) == "unknown"
    assert word_cost(0.0012, is_complete=False) == "≥ $0.0012"
    assert word_cost(0.00001) == "< $0.0001"


def test_costs_have_as_many_digits_as_anybody_cares_for():
    assert [word_cost(cost) for cost in (0.00012, 0.05, 0.1184, 0.99999, 1.239, 1234.5)] == [
        *("$0.0001", "$0.05", "$0.1184"),
        *("$1.00", "$1.24", "$1,234.50"),
    ]


def test_tokens_are_told_as_read_and_written():
    assert word_tokens(31_204, 12) == "31,204 → 12"
    assert word_tokens(0, 0) == ""


def test_control_characters_are_left_out():
    assert printable("a\x1b[31mb\nc\x07") == "a [31mb\nc "
    assert one_line("a\n  b\tc") == "a b c"
