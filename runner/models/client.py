"""What the engine asks of a model and what it gets. Not who answers, and no retries: those are the engine's."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from contracts.errors import ModelError
from contracts.pipeline import JsonSchema, ModelSpec


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One model call.

    Attributes:
        spec: which model, with its settings; every setting reaches the provider.
        schema: JSON Schema of the answer; sent as structured output where the provider can do it.
        timeout_seconds: after this the caller aborts the call; a hint for HTTP clients.
        on_abort: told what was spent, where the provider said so, when the call is cancelled; must return at once.
    """

    spec: ModelSpec
    user: str
    system: str | None = None
    schema: JsonSchema | None = None
    timeout_seconds: float | None = None
    on_abort: "Callable[[Spent], None] | None" = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What came back.

    Attributes:
        text: the answer as written.
        value: the answer parsed as JSON when a schema was asked for, else the text.
        model: who answered, as provider:model.
        cost_usd: US dollars; None when the price is not known, never 0 for that.
    """

    text: str
    value: Any
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What a failed call cost all the same, where the provider said so."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0


class ModelCallFailed(ModelError):
    """A model call that failed after tokens were spent on it.

    Attributes:
        spent: what the call cost all the same; it counts towards the stage and its budget.
    """

    def __init__(
        self,
        message: str,
        *,
        spent: Spent,
        code: str | None = None,
        is_retryable: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, code=code, is_retryable=is_retryable, retry_after_seconds=retry_after_seconds)
        self.spent = spent


class ModelClient(Protocol):
    """Anything that answers model calls."""

    async def prepare(self, spec: ModelSpec) -> None:
        """Get ready for a call of this model, as far as that takes long: after it a call is sent without delay.

        Raises:
            ModelError, MissingSetting: as for `complete`.
        """
        ...

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Make one call. Cancelling it aborts the request at the provider, and tells `on_abort` what was spent.

        Args:
            request: what to ask.
            on_text: told each piece of the answer as it is written; must return at once.

        Raises:
            ModelCallFailed: a ModelError with what was spent, where the provider said so.
            ModelError: with `is_retryable` for transport faults, rate limits (and their `retry_after_seconds`) and
                answers that are not the JSON asked for; not for refused keys or unknown models.
            MissingSetting: a key or file is missing; the message names the setting.
        """
        ...

    def is_priced(self, spec: ModelSpec) -> bool:
        """Tell whether the cost of this model's calls will be known."""
        ...

    async def close(self) -> None:
        """Free what the client holds (connections, the local model's server)."""
        ...
