"""How many cases a comparison may still try: what budgets leave, less what later stages need.

A budget may cut a round off in its midst; planning ahead avoids paying for half a round, and keeps back what the final
comparison costs. Each decision is a `step`, so a resumed function decides as it did.
"""

import time
from typing import Any

from stagecast.functions import FunctionContext

KEPT_SHARE = 0.6
"""The most of what is left at the beginning that is kept back for later: choosing well is worth something, too."""


class Allowance:
    """Plans the rounds of one function.

    Attributes:
        why: why fewer cases than wanted were allowed the last time, as a clause; empty where all were.

    Args:
        context: the stage's.
        keep_calls: how many calls later stages will need.
    """

    def __init__(self, context: FunctionContext, keep_calls: int = 0) -> None:
        self.why = ""
        self._context = context
        self._keep_calls = keep_calls
        self._began = time.monotonic()
        self._calls_before = context.spending.calls
        self._rounds = 0
        self._kept: int | None = None

    async def cases(self, wanted: int, calls_each: int, *, is_last: bool = False) -> int:
        """Return how many more cases may be tried, at most `wanted`, where each takes up to so many calls.

        Asked to finish, no more may, but for `is_last`: what a person wants to keep has to be proved all the same.
        """
        kept = await self._context.step("keep back", self._keep_back) if self._kept is None else self._kept
        self._kept = kept

        async def decide() -> dict[str, Any]:
            return dict(zip(("cases", "why"), self._decide(wanted, calls_each, kept, is_last), strict=True))

        self._rounds += 1
        decided = await self._context.step(f"round {self._rounds}", decide)
        self.why = decided["why"]
        return int(decided["cases"])

    async def _keep_back(self) -> int:
        return min([self._keep_calls, *(int(calls * KEPT_SHARE) for calls, _ in self._calls_left())])

    def _decide(self, wanted: int, calls_each: int, kept: int, is_last: bool) -> tuple[int, str]:
        if self._context.is_finishing and not is_last:
            return 0, "somebody asked to finish"
        allowed, why = wanted, ""
        for calls, what in self._calls_left():
            cases = max(0, calls - kept) // max(1, calls_each)
            if cases < allowed:
                kept_for = "kept for the final comparison" if kept else "not enough"
                allowed, why = cases, f"the rest of the budget in {what} is {kept_for}"
        return allowed, why

    def _calls_left(self) -> list[tuple[int, str]]:
        """Return how many calls each limit leaves, as far as there is one and the price of a call is known."""
        left = self._context.remaining
        limits = [
            (left.calls, "calls"),
            (None if left.usd is None else self._calls_for(left.usd, self._cost_of_call()), "dollars"),
            (None if left.seconds is None else self._calls_for(left.seconds, self._seconds_of_call()), "time"),
        ]
        return [(calls, what) for calls, what in limits if calls is not None]

    def _calls_for(self, left: float, each: float) -> int | None:
        return int(left / each) if each > 0 else None

    def _cost_of_call(self) -> float:
        spent = self._context.spending
        return (spent.cost_usd or 0.0) / spent.calls if spent.calls else 0.0

    def _seconds_of_call(self) -> float:
        # Of calls side by side each takes its share of the time.
        made = self._context.spending.calls - self._calls_before
        return (time.monotonic() - self._began) / made if made > 0 else 0.0
