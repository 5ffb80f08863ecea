"""One model call of a stage: budget, call, cost, check of the answer. Repeating it is `attempts`' affair."""

import asyncio
from dataclasses import dataclass, field

from contracts.errors import ModelError, StageError
from contracts.pipeline import ModelSpec, Pipeline
from runner.account import Account
from runner.budget import unpriced_sentence
from runner.models.client import ModelCallFailed, ModelClient, ModelReply, ModelRequest
from runner.plugins import is_cancelled_from_inside
from runner.progress import StagePlace
from runner.shape import Shape
from runner.teller import Teller
from runner.values import NotJson, as_json
from stagecast.functions import Answer

_MISMATCH = "schema_mismatch"
_TOLD_TO_MODEL = frozenset({_MISMATCH, "truncated", "check_failed"})
"""Failures that lie in the answer: the next attempt is told of them. Of a lost connection a model need not know."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a model is asked.

    Attributes:
        alias: one of the pipeline's models.
        item: number of the foreach item that it is for.
    """

    user: str
    system: str | None
    alias: str | None
    shape: Shape | None
    timeout_seconds: float
    item: int | None = None


@dataclass(slots=True)
class StageCalls:
    """Makes the model calls of one stage.

    Attributes:
        answered_by: the models that answered, in order of their first answer.
    """

    client: ModelClient
    pipeline: Pipeline
    account: Account
    place: StagePlace
    teller: Teller
    answered_by: list[str] = field(default_factory=list[str])

    async def ask(self, ask: Ask, last: StageError | None = None) -> Answer:
        """Make one call. What it cost is counted whatever comes of it, as far as the provider told.

        Args:
            ask: what to ask.
            last: why the attempt before was not accepted, if there was one; the model is told.

        Raises:
            CallRefused: the budget allows no further call; none was made.
            StageError: the call failed, or the answer breaks its schema.
            MissingSetting: a key or file is missing.
        """
        if self.teller.is_closed:
            raise asyncio.CancelledError  # the run has ended; a function that went on all the same pays for nothing
        spec = self._spec(ask.alias)
        self.account.reserve()
        request = ModelRequest(
            spec=spec,
            user=_with_complaint(ask.user, last),
            system=ask.system,
            schema=None if ask.shape is None else ask.shape.schema,
            timeout_seconds=ask.timeout_seconds,
        )
        try:
            reply = await self.client.complete(request, lambda text: self.teller.text(self.place, text, ask.item))
        except ModelCallFailed as failed:
            self.account.charge(failed.spent.input_tokens, failed.spent.output_tokens, failed.spent.cost_usd)
            raise
        except asyncio.CancelledError:
            if not is_cancelled_from_inside(self.teller):
                raise
            message = f"The call of {spec.use} was cancelled by its client."
            raise ModelError(message, code="transport", is_retryable=True) from None
        self.account.charge(reply.input_tokens, reply.output_tokens, reply.cost_usd)
        if reply.model not in self.answered_by:
            self.answered_by.append(reply.model)
        return _accept(reply, ask.shape)

    def _spec(self, alias: str | None) -> ModelSpec:
        spec = None if alias is None else self.pipeline.models.get(alias)
        if alias is None or spec is None:
            known = ", ".join(self.pipeline.models) or "none"
            missing = "No model is named" if alias is None else f"There is no model '{alias}'"
            raise StageError(f"{missing}; the pipeline's models are: {known}.", code="unknown_model")
        dollars = self.account.limits_dollars
        if dollars is not None and not self.client.is_priced(spec):
            raise StageError(unpriced_sentence(alias, spec, dollars.owner), code="unknown_price")
        return spec


def _accept(reply: ModelReply, shape: Shape | None) -> Answer:
    try:
        value = as_json(reply.value)
    except NotJson as error:
        raise ModelError(f"The answer cannot be kept: {error}.", code=_MISMATCH, is_retryable=True) from None
    complaint = None if shape is None else shape.complaint(value)
    if complaint is not None:
        raise ModelError(f"The answer {complaint}", code=_MISMATCH, is_retryable=True)
    return Answer(reply.text, value, reply.model, reply.input_tokens, reply.output_tokens, reply.cost_usd)


def _with_complaint(user: str, last: StageError | None) -> str:
    if last is None or last.code not in _TOLD_TO_MODEL:
        return user
    # The complaint can quote the model or a user's text, so it is wrapped as data like everything else.
    return (
        f"{user}\n\n<problem>\n{last.message}\n</problem>\nYour last answer had this problem. Answer again without it."
    )
