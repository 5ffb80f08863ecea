import pytest

from runner.benchmark.rows import build_rows, build_summaries
from tests.unit.runner.benchmark.outcomes import outcome


def test_a_row_pools_the_seeds_and_pairs_each_item_with_the_originals() -> None:
    outcomes = [
        outcome("original", "+---", seed=0),
        outcome("ours", "++--", seed=0),
        outcome("original", "++--", seed=1),
        outcome("ours", "-+++", seed=1),
    ]
    first, ours = build_rows(outcomes)
    assert (first.method, first.right, first.total, first.better, first.worse) == ("original", 3, 8, 0, 0)
    assert (ours.right, ours.total, ours.better, ours.worse, ours.runs) == (5, 8, 3, 1, 2)
    assert (ours.gain, ours.calls, ours.tokens, ours.cost_usd) == (pytest.approx(0.25), 10, 300, pytest.approx(0.02))
    assert ours.p_value == pytest.approx(0.625)


def test_a_run_that_failed_is_told_and_not_counted() -> None:
    outcomes = [outcome("original", "+-"), outcome("ours", "", error="no."), outcome("ours", "++", seed=1)]
    row = build_rows(outcomes)[1]
    assert (row.runs, row.right, row.total, row.errors) == (1, 2, 2, ("no.",))
    # Seed 1 has no original to be compared with.
    assert (row.better, row.worse) == (0, 0)


def test_the_summary_is_the_mean_over_runs_with_its_interval() -> None:
    outcomes = [
        outcome("original", "----"),
        outcome("ours", "++--"),
        outcome("original", "+---", task="other"),
        outcome("ours", "----", task="other"),
        outcome("theirs", "", error="not installed"),
    ]
    ours, theirs = build_summaries(outcomes)
    assert (ours.method, ours.runs, ours.failed, ours.better, ours.worse) == ("ours", 2, 0, 2, 1)
    assert ours.gain == pytest.approx((0.5 - 0.25) / 2)
    assert ours.interval is not None
    assert (ours.interval.low, ours.interval.high) == (-1.0, 1.0)
    assert (theirs.runs, theirs.failed, theirs.interval) == (0, 1, None)
