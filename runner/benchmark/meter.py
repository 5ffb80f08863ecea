"""The one way to a model in a benchmark: counts what every method spends and refuses what goes beyond its budget."""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.errors import BudgetExceeded, ModelError
from contracts.pipeline import ModelSpec
from runner.models.client import ModelCallFailed, ModelClient, ModelReply, ModelRequest

_ATTEMPTS = 3  # of a call that failed for reasons that lie outside the question


@dataclass(slots=True)
class Used:
    """What was spent. `cost_usd` is None once the price of one call was not known."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0

    def add(self, input_tokens: int, output_tokens: int, cost_usd: float | None) -> None:
        """Count what a call took."""
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        self.cost_usd = None if self.cost_usd is None or cost_usd is None else self.cost_usd + cost_usd


class Meter:
    """A `ModelClient` with a limit of calls; every attempt counts, with an answer or without.

    Attributes:
        limit: calls that may be made; None for no limit.
        used: what was spent so far.
        requests: every call made, in order.
    """

    def __init__(self, models: ModelClient, limit: int | None = None) -> None:
        self._models = models
        self._is_closed = False
        self.limit = limit
        self.used = Used()
        self.requests: list[ModelRequest] = []

    @property
    def remaining(self) -> int | None:
        """Calls that may still be made; None for no limit."""
        if self._is_closed:
            return 0
        return None if self.limit is None else max(0, self.limit - self.used.calls)

    async def prepare(self, spec: ModelSpec) -> None:
        """Get ready, as `ModelClient.prepare` promises."""
        await self._models.prepare(spec)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Make one call, as `ModelClient.complete` promises.

        Raises:
            BudgetExceeded: the limit is reached or the meter closed; no call was made.
        """
        if self.remaining == 0:
            why = "the comparison has ended" if self._is_closed else f"the budget of {self.limit} calls is spent"
            raise BudgetExceeded(f"No call was made: {why}.")
        self.used.calls += 1
        self.requests.append(request)
        try:
            reply = await self._models.complete(request, on_text)
        except ModelCallFailed as failed:
            self.used.add(failed.spent.input_tokens, failed.spent.output_tokens, failed.spent.cost_usd)
            raise
        self.used.add(reply.input_tokens, reply.output_tokens, reply.cost_usd)
        return reply

    async def ask(self, request: ModelRequest) -> ModelReply:
        """Make a call, and make it again when the connection or the provider was at fault.

        Raises:
            BudgetExceeded: before an attempt, as `complete` does.
            ModelError: it failed for good.
        """
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self.complete(request)
            except ModelError as error:
                if not error.is_retryable:
                    raise
        return await self.complete(request)

    def is_priced(self, spec: ModelSpec) -> bool:
        """Tell whether the cost of this model's calls will be known."""
        return self._models.is_priced(spec)

    async def close(self) -> None:
        """Refuse every further call; the models themselves are others' to close."""
        self._is_closed = True
