"""Keeps what a stage and its pipeline spend, and refuses calls beyond a budget. The rules are in `budget`."""

from typing import Literal

from contracts.errors import BudgetExceeded, StageError
from contracts.pipeline import Budget
from runner.budget import Spending, refuse_call


class CallRefused(BudgetExceeded):
    """A budget refused a call; `on_exceeded` is what that budget wants to follow."""

    def __init__(self, message: str, on_exceeded: Literal["finish", "fail"]) -> None:
        super().__init__(message)
        self.on_exceeded: Literal["finish", "fail"] = on_exceeded


class Account:
    """What was spent under one budget; a stage's account stands below its pipeline's.

    Attributes:
        spending: so far, calls in flight counted as calls.
        refusal: the first time that a call asked for here was refused, by this budget or one above; or None.

    Args:
        owner: whose account it is, for sentences.
        budget: what may be spent; None sets no limit.
        above: the account that what is spent here counts in as well.
        spent: what it begins with.
        outlasts_finish: a budget above that says `finish` refuses nothing here, as for an `always` stage.
    """

    def __init__(
        self,
        owner: str,
        budget: Budget | None,
        *,
        above: "Account | None" = None,
        spent: Spending | None = None,
        outlasts_finish: bool = False,
    ) -> None:
        self.spending = spent or Spending()
        self.refusal: CallRefused | None = None
        self._owner = owner
        self._budget = budget
        self._above = above
        self._outlasts_finish = outlasts_finish
        self._is_closed = False
        self._is_prepaid = False

    @property
    def owner(self) -> str:
        """Whose account it is, for sentences."""
        return self._owner

    @property
    def is_closed(self) -> bool:
        """Whether every later call is refused."""
        return self._is_closed

    @property
    def limits_dollars(self) -> "Account | None":
        """The nearest account, from here upwards, that has a budget in dollars."""
        if self._budget is not None and self._budget.usd is not None:
            return self
        return self._above.limits_dollars if self._above is not None else None

    def finished_by(self) -> str | None:
        """Return why no further call may be made, where the budget says `finish`; else None."""
        return refuse_call(self._budget, self.spending, self._owner) if self._says_finish else None

    @property
    def _says_finish(self) -> bool:
        return self._budget is not None and self._budget.on_exceeded == "finish"

    def prepay(self) -> None:
        """Count the first call already, if the budget allows it, so that no stage started later can take it."""
        if self._refused_by() is None:
            self._add(Spending(calls=1))
            self._is_prepaid = True

    def reserve(self) -> None:
        """Count one call before it is made, so that calls side by side cannot go beyond the budget together.

        Raises:
            CallRefused: a budget, here or above, does not allow another call; nothing was counted.
            StageError: the stage has ended already; a task that it left behind wants to call.
        """
        if self._is_closed:
            raise StageError(f"The stage has ended; {self._owner} may call no model any more.", code="stage_ended")
        if self._is_prepaid:
            self._is_prepaid = False
            return
        account = self._refused_by()
        if account is not None:
            refusal = account.refuse()
            self.refusal = self.refusal or refusal
            raise refusal
        self._add(Spending(calls=1))

    def charge(self, input_tokens: int, output_tokens: int, cost_usd: float | None) -> None:
        """Add what a call turned out to cost, here and above."""
        self._add(Spending(0, input_tokens, output_tokens, cost_usd))

    def close(self) -> None:
        """Refuse every later call, and take back one that was prepaid and not made."""
        self._is_closed = True
        if self._is_prepaid:
            self._is_prepaid = False
            self._add(Spending(calls=-1))

    def refuse(self) -> CallRefused:
        """Return why this account's budget allows no further call, and remember that it refused one."""
        reason = refuse_call(self._budget, self.spending, self._owner) or f"{self._owner} may make none"
        on_exceeded = "fail" if self._budget is None else self._budget.on_exceeded
        refusal = CallRefused(f"No further model call: {reason}.", on_exceeded)
        self.refusal = self.refusal or refusal
        return refusal

    def _refused_by(self) -> "Account | None":
        if refuse_call(self._budget, self.spending, self._owner) is not None:
            return self
        if self._above is None or (self._outlasts_finish and self._above._says_finish):
            return None
        return self._above._refused_by()

    def _add(self, part: Spending) -> None:
        self.spending = self.spending.plus(part)
        if self._above is not None:
            self._above._add(part)
