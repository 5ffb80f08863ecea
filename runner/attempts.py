"""Repeats an attempt as `retry` decides, each within its time. Not what an attempt does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from contracts.errors import ModelError, StageError, StageTimeout
from contracts.pipeline import Retries
from runner.account import Account, CallRefused
from runner.progress import StagePlace
from runner.retry import decide_retry
from runner.teller import Teller
from runner.time_limit import TimeLimit
from runner.timing import Timing
from runner.values import sentence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempts:
    """How one piece of a stage's work is attempted.

    Attributes:
        item: its number in a foreach.
    """

    policy: Retries
    timeout_seconds: float
    place: StagePlace
    item: int | None
    teller: Teller
    timing: Timing
    account: Account

    async def run(self, attempt: Callable[[StageError | None], Awaitable[T]]) -> T:
        """Return what an attempt delivers; each attempt is given the failure of the one before.

        Raises:
            StageError: the last failure, when no further attempt follows. It is not retryable: what was repeated
                around a function's model call is not repeated once more around the function.
        """
        made = 0
        last: StageError | None = None
        while True:
            try:
                return await self._limited(attempt, last)
            except StageError as error:
                made += 1
                failure = _explained(error, last)
            decision = decide_retry(self.policy, made, failure, self.timing.random())
            if decision.delay_seconds is None:
                raise _final(failure)
            told = (sentence(failure.message), failure.code)
            await self.teller.retrying(self.place, made + 1, round(decision.delay_seconds * 1000), told, self.item)
            async with self.account.flight():  # there is no use in waiting for a call that will be refused
                await self.timing.sleep(decision.delay_seconds)
            last = failure

    async def _limited(self, attempt: Callable[[StageError | None], Awaitable[T]], last: StageError | None) -> T:
        limit = TimeLimit(self.timeout_seconds)
        try:
            async with limit:
                return await attempt(last)
        except TimeoutError:
            if not limit.is_expired:
                raise
            message = f"The attempt took longer than {self.timeout_seconds:g} s and was aborted."
            raise StageTimeout(message) from None


def _explained(error: StageError, last: StageError | None) -> StageError:
    if isinstance(error, CallRefused) and last is not None:
        # Alone it would hide why another call was wanted.
        return error.saying(f"{error.message} The attempt before failed: {last.message}")
    return error


def _final(failure: StageError) -> StageError:
    if not failure.is_retryable:
        return failure
    kind = ModelError if isinstance(failure, ModelError) else StageError
    return kind(failure.message, code=failure.code)
