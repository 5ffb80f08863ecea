import pytest

from runner.benchmark.intervals import mean_interval, wilson_interval
from runner.functions.optimizer import sign_test


@pytest.mark.parametrize(
    # Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
    ("right", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_the_published_one(right: int, total: int, low: float, high: float) -> None:
    interval = wilson_interval(right, total)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_an_interval_of_nothing_is_everything_and_of_all_reaches_one() -> None:
    assert (wilson_interval(0, 0).low, wilson_interval(0, 0).high) == (0.0, 1.0)
    assert wilson_interval(20, 20).high == 1.0


@pytest.mark.parametrize(
    # What SciPy's exact binomial test gives.
    ("better", "worse", "p_value"),
    [(0, 0, 1.0), (5, 5, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (8, 1, 0.0390625), (1, 8, 0.0390625), (10, 2, 0.03857)],
)
def test_the_sign_test_is_exact_and_two_sided(better: int, worse: int, p_value: float) -> None:
    assert sign_test.p_value(better, worse) == pytest.approx(p_value, abs=5e-6)


def test_the_interval_of_a_mean_is_students() -> None:
    # Sleep data of Student 1908, R's t.test(extra[1:10]): mean 0.75, 95 % interval -0.5297804 to 2.0297804.
    hours = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    interval = mean_interval([each / 10 for each in hours])
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((-0.052978, 0.202978), abs=2e-5)


def test_the_interval_of_a_mean_ends_where_a_difference_of_shares_must_end() -> None:
    interval = mean_interval([0.9, -0.1])
    assert interval is not None
    assert (interval.low, interval.high) == (-1.0, 1.0)


def test_one_value_tells_nothing_about_its_spread() -> None:
    assert mean_interval([0.3]) is None
    assert mean_interval([]) is None
