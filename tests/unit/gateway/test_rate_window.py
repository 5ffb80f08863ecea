"""No stretch of time has more than the limit, and who waits as long as they are told gets in."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from gateway import rate_window
from gateway.rate_window import RateWindow


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(1, 5), st.lists(st.floats(0, 30), max_size=60))
def test_any_minute_has_at_most_the_limit_and_nobody_is_refused_without_need(limit: int, pauses: list[float]) -> None:
    clock = Clock()
    window = RateWindow(limit, clock=clock)
    taken: deque[float] = deque()
    for pause in pauses:
        clock.now += pause
        recent = [moment for moment in taken if moment > clock.now - 60]
        wait = window.take("a")
        assert (wait == 0) is (len(recent) < limit)
        if wait == 0:
            taken.append(clock.now)


@given(st.integers(1, 5), st.lists(st.floats(0, 30), min_size=1, max_size=40))
def test_who_waits_as_long_as_told_gets_in(limit: int, pauses: list[float]) -> None:
    clock = Clock()
    window = RateWindow(limit, clock=clock)
    for pause in pauses:
        clock.now += pause
        wait = window.take("a")
        assert 0 <= wait <= 60
        if wait > 0:
            clock.now += wait + 1e-6
            assert window.take("a") == 0


def test_each_key_is_counted_for_itself() -> None:
    window = RateWindow(1, clock=Clock())
    assert window.take("a") == 0
    assert window.take("a") > 0
    assert window.take("b") == 0


def test_zero_is_no_limit() -> None:
    window = RateWindow(0, clock=Clock())
    assert all(window.take("a") == 0 for _ in range(1000))
    assert window.key_count == 0


def test_a_key_that_is_not_used_any_more_is_forgotten() -> None:
    clock = Clock()
    window = RateWindow(5, clock=clock)
    for number in range(1000):
        window.take(str(number))
    clock.now += 61
    for _ in range(600):
        window.take("last")
        clock.now += 15
    assert window.key_count == 1


def test_an_attack_from_any_number_of_addresses_takes_bounded_room() -> None:
    window = RateWindow(5, clock=Clock())
    most = rate_window._MAX_KEYS  # pyright: ignore[reportPrivateUsage]
    for number in range(most + 5000):
        window.take(str(number))
    assert window.key_count <= most + 1
