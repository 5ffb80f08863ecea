"""Keeps what a stage and its pipeline spend, and refuses calls beyond a budget. The rules are in `budget`."""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Literal

from contracts.errors import BudgetExceeded, StageError
from contracts.pipeline import Budget
from runner.budget import is_over, refuse_call, remaining_of, spares_always, time_spent
from runner.flight import Flight
from stagecast.functions import Remaining, Spending


class CallRefused(BudgetExceeded):
    """A call was refused, or cut off, by a budget or because somebody asked to finish.

    Attributes:
        on_exceeded: what is wanted to follow.
        is_failure: a stage that cannot deliver because of it has failed. It has not where the whole pipeline finishes.
    """

    def __init__(self, message: str, on_exceeded: Literal["finish", "fail"], *, is_failure: bool = True) -> None:
        super().__init__(message)
        self.on_exceeded: Literal["finish", "fail"] = on_exceeded
        self.is_failure = is_failure

    def saying(self, message: str) -> "CallRefused":
        """Return the same refusal in other words."""
        return CallRefused(message, self.on_exceeded, is_failure=self.is_failure)


class Account:
    """What was spent under one budget; a stage's account stands below its pipeline's.

    Attributes:
        spending: so far, calls in flight counted as calls.
        refusal: the first time that a call asked for here was refused, by this budget or one above; or None.

    Args:
        owner: whose account it is, for sentences.
        budget: what may be spent; None sets no limit.
        elapsed: the seconds since its owner began, on whichever runner.
        above: the account that what is spent here counts in as well.
        spent: what it begins with.
        outlasts_finish: a budget above that says `finish` refuses nothing here, as for an `always` stage, unless it is
            hard.
    """

    def __init__(
        self,
        owner: str,
        budget: Budget | None,
        *,
        elapsed: Callable[[], float] | None = None,
        above: "Account | None" = None,
        spent: Spending | None = None,
        outlasts_finish: bool = False,
    ) -> None:
        self.spending = spent or Spending()
        self.refusal: CallRefused | None = None
        self._owner = owner
        self._budget = budget
        self._elapsed = elapsed
        self._above = above
        self._below: list[Account] = []
        self._outlasts_finish = outlasts_finish
        self._wish: str | None = None
        self._flights: set[Flight] = set()
        self._is_closed = False
        self._is_prepaid = False
        if above is not None:
            above._below.append(self)

    @property
    def owner(self) -> str:
        """Whose account it is, for sentences."""
        return self._owner

    @property
    def is_closed(self) -> bool:
        """Whether every later call is refused."""
        return self._is_closed

    @property
    def whole(self) -> Spending:
        """What the whole pipeline has spent so far."""
        return self.spending if self._above is None else self._above.whole

    @property
    def whole_seconds(self) -> float:
        """How long the whole pipeline has run so far."""
        return self._elapsed_seconds if self._above is None else self._above.whole_seconds

    @property
    def remaining(self) -> Remaining:
        """What may still be spent here, by this budget and those above."""
        left = Remaining()
        for account in self._limiting():
            left = left.tighter(remaining_of(account._budget, account.spending, account._elapsed_seconds))
        return left if self._finish_reason is None else left.tighter(Remaining(calls=0))

    @property
    def limits_dollars(self) -> "Account | None":
        """The nearest account, from here upwards, that has a budget in dollars."""
        if self._budget is not None and self._budget.usd is not None:
            return self
        return self._above.limits_dollars if self._above is not None else None

    @property
    def is_finishing(self) -> bool:
        """Whether somebody asked to finish."""
        return self._wish is not None or (self._above is not None and self._above.is_finishing)

    def finish(self, reason: str) -> None:
        """Refuse every later call, here and below, and cut off what is in flight, but for what outlasts it.

        Args:
            reason: why, as a clause.
        """
        self._wish = reason
        self._cut_off_all()

    def finished_by(self) -> str | None:
        """Return why no further call may be made, where that means to finish; else None."""
        if self._wish is not None:
            return self._wish
        return self._refusing_clause() if self._says_finish else None

    def halted_by(self) -> str | None:
        """Return why nothing more is to begin: it is to finish, and a call was refused or its time is over."""
        has_refused = self.refusal is not None and self.refusal.on_exceeded == "finish"
        is_halted = has_refused or self._wish is not None or is_over(self._budget, self._elapsed_seconds)
        return self.finished_by() if is_halted else None

    def forbidden_by(self) -> str | None:
        """Return why not even an `always` stage may call, where the budget says to finish; else None."""
        return self._refusing_clause() if self._says_finish and not spares_always(self._budget) else None

    def prepay(self) -> None:
        """Count the first call already, if the budget allows it, so that no stage started later can take it."""
        if self._find_refusal() is None:
            self._add(Spending(calls=1))
            self._is_prepaid = True

    def reserve(self) -> None:
        """Count one call before it is made, so that calls side by side cannot go beyond the budget together.

        Raises:
            CallRefused: a budget, here or above, does not allow another call, or somebody asked to finish; nothing was
                counted.
            StageError: the stage has ended already; a task that it left behind wants to call.
        """
        if self._is_closed:
            raise StageError(f"The stage has ended; {self._owner} may call no model any more.", code="stage_ended")
        self._give_back()
        found = self._find_refusal()
        if found is not None:
            account, clause = found
            raise self._refused(f"No further model call: {clause}.", account)
        self._add(Spending(calls=1))

    def reserve_again(self) -> None:
        """Look once more, right before a call is made, whether it may be: what was reserved is taken back if not.

        Raises:
            CallRefused, StageError: as for `reserve`.
        """
        self._add(Spending(calls=-1))
        self.reserve()

    @asynccontextmanager
    async def flight(self) -> AsyncGenerator[Flight]:
        """Surround a model call, or the wait before one: it is cut off when its time is over or it is to finish."""
        async with Flight(self.remaining.seconds) as flight:
            self._flights.add(flight)
            try:
                if self._finish_reason is not None:
                    flight.cut()
                yield flight
            finally:
                self._flights.discard(flight)

    def refuse_cut_off(self) -> CallRefused:
        """Return why a call was cut off, and remember that it was."""
        clause, account = self._finish_reason, self
        if clause is None:
            account = min(self._limiting(), key=lambda one: one._seconds_left)
            clause = time_spent(account._budget, account._owner)
        return self._refused(f"The model call was cut off: {clause}.", account)

    def charge(self, input_tokens: int, output_tokens: int, cost_usd: float | None) -> None:
        """Add what a call turned out to cost, here and above."""
        self._add(Spending(0, input_tokens, output_tokens, cost_usd))

    def close(self) -> None:
        """Refuse every later call, and take back one that was prepaid and not made."""
        self._is_closed = True
        self._give_back()

    @property
    def _says_finish(self) -> bool:
        return self._budget is not None and self._budget.on_exceeded == "finish"

    @property
    def _elapsed_seconds(self) -> float:
        return 0.0 if self._elapsed is None else self._elapsed()

    @property
    def _seconds_left(self) -> float:
        left = remaining_of(self._budget, self.spending, self._elapsed_seconds).seconds
        return float("inf") if left is None else left

    @property
    def _finish_reason(self) -> str | None:
        if self._wish is not None or self._above is None or self._outlasts_finish:
            return self._wish
        return self._above._finish_reason

    def _limiting(self) -> "Iterator[Account]":
        """Return the accounts whose budgets hold here, from here upwards."""
        yield self
        if self._above is not None and not (self._outlasts_finish and spares_always(self._above._budget)):
            yield from self._above._limiting()

    def _refusing_clause(self) -> str | None:
        return refuse_call(self._budget, self.spending, self._elapsed_seconds, self._owner)

    def _find_refusal(self) -> "tuple[Account, str] | None":
        if self._finish_reason is not None:
            return self, self._finish_reason
        for account in self._limiting():
            clause = account._refusing_clause()
            if clause is not None:
                return account, clause
        return None

    def _refused(self, message: str, account: "Account") -> CallRefused:
        if self._finish_reason is not None:
            refusal = CallRefused(message, "finish", is_failure=False)
        else:
            on_exceeded = "fail" if account._budget is None else account._budget.on_exceeded
            is_failure = on_exceeded == "fail" or account._above is not None
            refusal = CallRefused(message, on_exceeded, is_failure=is_failure)
        account.refusal = account.refusal or refusal
        self.refusal = self.refusal or refusal
        return refusal

    def _cut_off_all(self) -> None:
        for flight in list(self._flights):
            flight.cut()
        for account in self._below:
            if not account._outlasts_finish:
                account._cut_off_all()

    def _give_back(self) -> None:
        if self._is_prepaid:
            self._is_prepaid = False
            self._add(Spending(calls=-1))

    def _add(self, part: Spending) -> None:
        self.spending = self.spending.plus(part)
        if self._above is not None:
            self._above._add(part)
