import pytest

from contracts.errors import ModelError
from contracts.pipeline import Retries
from runner.retry import GIVE_UP, LONGEST_RETRY_AFTER_SECONDS, RetryDecision, decide_retry

POLICY = Retries(max=3, delay=1.0, max_delay=3.0)


def failure(*, retry_after: float | None = None, is_retryable: bool = True) -> ModelError:
    return ModelError("busy", is_retryable=is_retryable, retry_after_seconds=retry_after)


def test_waits_double_up_to_the_longest_and_then_it_is_given_up() -> None:
    decisions = [decide_retry(POLICY, made, failure(), 1.0) for made in (1, 2, 3, 4)]
    assert decisions == [RetryDecision(1.0), RetryDecision(2.0), RetryDecision(3.0), GIVE_UP]


def test_chance_takes_any_part_of_the_wait() -> None:
    assert [decide_retry(POLICY, 2, failure(), chance).delay_seconds for chance in (0.0, 0.25)] == [0.0, 0.5]


@pytest.mark.parametrize(("asked", "waited"), [(7.0, 7.0), (0.1, 1.0)])
def test_the_wait_is_never_shorter_than_the_other_side_asked_for(asked: float, waited: float) -> None:
    assert decide_retry(POLICY, 1, failure(retry_after=asked), 1.0) == RetryDecision(waited)


def test_a_wait_that_would_take_too_long_is_not_begun() -> None:
    assert decide_retry(POLICY, 1, failure(retry_after=LONGEST_RETRY_AFTER_SECONDS + 1), 1.0) is GIVE_UP


def test_what_cannot_get_better_is_not_repeated() -> None:
    assert decide_retry(POLICY, 1, failure(is_retryable=False), 1.0) is GIVE_UP


def test_no_retries_means_one_attempt() -> None:
    assert not decide_retry(Retries(max=0), 1, failure(), 1.0).is_again
