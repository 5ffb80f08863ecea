"""Numbers in words."""

import math

import pytest

from stagecast.report.figures import fraction, word_chance, word_change, word_count, word_mean, word_share

NOT_A_NUMBER = float("nan")


def plain(words: str) -> str:
    return words.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "0 %"),
        (0.0004, "less than 0.1 %"),
        (0.004, "0.4 %"),
        (0.021484375, "2 %"),
        (0.125, "13 %"),
        (0.9974, "99.7 %"),
        (0.99999, "over 99.9 %"),
        (1.0, "100 %"),
        (None, "unknown"),
        (NOT_A_NUMBER, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_a_share_that_is_not_quite_all_or_nothing_is_not_rounded_to_it(share: float | None, words: str):
    assert plain(word_share(share)) == words


def test_a_chance_beside_the_limit_is_told_apart_from_it():
    assert plain(word_chance(0.0537, 0.05)) == "5.4 %"
    assert plain(word_chance(0.0215, 0.05)) == "2 %"
    assert plain(word_chance(0.05, 0.05)) == "5 %"


def test_changes_are_told_only_where_both_sides_are_known():
    assert plain(word_change(2.0, 1.0)) == "\N{MINUS SIGN}50 %"
    assert plain(word_change(1.0, 12.5)) == "+1,150 %"
    assert word_change(3.0, 3.0) == word_change(0.0, 0.0) == "the same"
    assert word_change(1000.0, 1001.0) == "about the same"
    assert [word_change(None, 1.0), word_change(1.0, None), word_change(0.0, 1.0), word_change(1.0, NOT_A_NUMBER)] == [
        ""
    ] * 4


def test_counts_and_means_read_like_a_sentence():
    assert [word_count(1, "case"), word_count(2_100, "case"), word_count(2, "reply", "replies")] == [
        *("1 case", "2,100 cases", "2 replies"),
    ]
    assert [word_mean(None), word_mean(NOT_A_NUMBER), word_mean(0), word_mean(3.14), word_mean(1234.5)] == [
        *("unknown", "unknown", "0", "3.1", "1,234"),
    ]


def test_a_bar_is_never_longer_than_its_place_nor_less_than_nothing():
    assert [fraction(part, 2.0) for part in (None, NOT_A_NUMBER, -1.0, 0.5, 9.0)] == [0.0, 0.0, 0.0, 0.25, 1.0]
    assert fraction(1.0, 0.0) == fraction(1.0, NOT_A_NUMBER) == 0.0
