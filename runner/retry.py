"""Whether a failed attempt is repeated, and after which wait: a pure decision as data. `attempts` obeys it."""

from dataclasses import dataclass

from contracts.errors import StageError
from contracts.pipeline import Retries

LONGEST_RETRY_AFTER_SECONDS = 600.0
"""A provider that asks for more patience than this is not waited for."""


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """What follows a failed attempt: nothing (`delay_seconds` is None), or another one after the wait."""

    delay_seconds: float | None

    @property
    def is_again(self) -> bool:
        """Whether another attempt follows."""
        return self.delay_seconds is not None


GIVE_UP = RetryDecision(None)


def decide_retry(policy: Retries, attempts_made: int, error: StageError, chance: float) -> RetryDecision:
    """Decide what follows the failure of attempt number `attempts_made`.

    The wait is a random part of an exponentially growing span ("full jitter": many runners that failed together do not
    come back together), and never less than the other side asked for.

    Args:
        policy: the stage's retries.
        attempts_made: how many attempts there were, 1 after the first one.
        error: why the last one failed.
        chance: a random number from 0 up to 1.
    """
    if not error.is_retryable or attempts_made > policy.max:
        return GIVE_UP
    asked = error.retry_after_seconds or 0.0
    if asked > LONGEST_RETRY_AFTER_SECONDS:
        return GIVE_UP
    span = min(policy.max_delay, policy.delay * 2.0 ** (attempts_made - 1))
    return RetryDecision(max(asked, chance * span))
