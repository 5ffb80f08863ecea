"""Where the marks of charts are."""

import pytest

from contracts.evidence import SignTest
from stagecast.report.charts import Span, Tile, interval, tiles
from tests.evidence_examples import sign_test


def test_few_cases_are_a_tile_each_and_fill_the_bar():
    made = tiles(sign_test(2, 1, 1))
    assert made == [
        Tile("win", 0.0, 25.0, "▲"),
        Tile("win", 25.0, 25.0, "▲"),
        Tile("tie", 50.0, 25.0, "="),
        Tile("loss", 75.0, 25.0, "▼"),
    ]


def test_many_cases_are_a_tile_for_each_outcome_named_where_there_is_room():
    made = tiles(SignTest(wins=90, ties=9, losses=1))
    assert [(tile.outcome, tile.width, tile.label) for tile in made] == [
        ("win", 90.0, "▲"),
        ("tie", 9.0, "="),
        ("loss", 1.0, ""),
    ]
    assert sum(tile.width for tile in made) == pytest.approx(100.0)


def test_without_cases_there_is_no_bar_and_no_interval():
    assert tiles(SignTest()) == []
    assert interval(SignTest(ties=3)) is None


def test_an_interval_holds_its_point_whatever_it_is_given():
    assert interval(SignTest(wins=1, losses=1, win_share_low=0.9, win_share_high=float("nan"))) == Span(
        50.0, 50.0, 50.0
    )
