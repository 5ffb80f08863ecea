import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.functions.optimizer.sign_test import is_shown, may_change, p_value, sign_test, win_share_interval

COUNTS = st.integers(min_value=0, max_value=60)


@pytest.mark.parametrize(
    ("wins", "losses", "expected"),
    [(0, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (10, 0, 0.001953125), (9, 1, 0.021484375), (8, 2, 0.109375)],
)
def test_p_values_are_those_of_the_tables(wins: int, losses: int, expected: float) -> None:
    assert p_value(wins, losses) == pytest.approx(expected)
    assert p_value(losses, wins) == pytest.approx(expected)


def test_five_cases_can_never_show_anything_and_ten_can() -> None:
    assert not any(is_shown(wins, 5 - wins) for wins in range(6))
    assert is_shown(10, 0)
    assert is_shown(9, 1)


def test_ties_are_told_and_say_nothing() -> None:
    test = sign_test(6, 0, 30)
    assert (test.ties, test.p_value) == (30, 0.03125)


@pytest.mark.parametrize(
    ("wins", "losses", "low", "high"),
    # Clopper-Pearson, as R's binom.test gives it.
    [(9, 1, 0.5550, 0.9975), (5, 5, 0.1871, 0.8129), (10, 0, 0.6915, 1.0), (0, 3, 0.0, 0.7076)],
)
def test_intervals_are_those_of_the_tables(wins: int, losses: int, low: float, high: float) -> None:
    assert win_share_interval(wins, losses) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(COUNTS, COUNTS, st.integers(min_value=0, max_value=12))
def test_what_can_not_change_does_not_whatever_comes(wins: int, losses: int, left: int) -> None:
    def verdict(one: int, two: int) -> int:
        return ((one > two) - (one < two)) if is_shown(one, two) else 0

    ends = {verdict(wins + a, losses + b) for a in range(left + 1) for b in range(left + 1 - a)}
    assert may_change(wins, losses, left) == (ends != {verdict(wins, losses)})


def test_where_both_are_equally_good_a_difference_is_shown_in_at_most_five_of_a_hundred() -> None:
    from math import comb

    for decided in range(1, 41):
        shown = sum(comb(decided, wins) for wins in range(decided + 1) if is_shown(wins, decided - wins))
        assert shown / 2**decided <= 0.05
