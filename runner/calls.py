"""One model call of a stage: budget, call, cost, check of the answer. Repeating it is `attempts`' affair."""

import asyncio
from dataclasses import dataclass, field, replace

from contracts.errors import ModelError, StageError
from contracts.journal import CallFault, FinishedCall
from contracts.pipeline import ModelSpec, Pipeline
from runner.account import Account
from runner.budget import unpriced_sentence
from runner.journal import CUT_OFF, Journal, call_key
from runner.models.client import ModelCallFailed, ModelReply, ModelRequest, Spent
from runner.parts import Parts
from runner.plugins import is_cancelled_from_inside
from runner.progress import StagePlace
from runner.shape import Shape
from runner.teller import Teller
from runner.values import Json, NotJson, as_json
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
        journal: the calls that need not be made again.
        answered_by: the models that answered, in order of their first answer.
    """

    parts: Parts
    pipeline: Pipeline
    account: Account
    place: StagePlace
    teller: Teller
    journal: Journal
    answered_by: list[str] = field(default_factory=list[str])

    async def ask(self, ask: Ask, last: StageError | None = None) -> Answer:
        """Make one call, unless the journal has it. What it cost is counted whatever comes of it.

        Args:
            ask: what to ask.
            last: why the attempt before was not accepted, if there was one; the model is told.

        Raises:
            CallRefused: a budget allows no further call, or somebody asked to finish: none was made, or it was cut off.
            StageError: the call failed, or the answer breaks its schema.
            MissingSetting: a key or file is missing.
        """
        if self.teller.is_closed:
            raise asyncio.CancelledError  # the run has ended; a function that went on all the same pays for nothing
        request = ModelRequest(
            spec=self._spec(ask.alias),
            user=_with_complaint(ask.user, last),
            system=ask.system,
            schema=None if ask.shape is None else ask.shape.schema,
            timeout_seconds=self._at_most_what_remains(ask.timeout_seconds),
        )
        key = call_key(self.place.id, ask.item, request)
        call = self.journal.find_call(key)
        if call is None:
            call = await self._make(request, key, ask.item)
        if call.fault is not None and call.fault.code == CUT_OFF:
            raise self.account.refuse_cut_off()
        if call.model is not None and call.model not in self.answered_by:
            self.answered_by.append(call.model)
        return _accept(call, ask.shape)

    async def _make(self, request: ModelRequest, key: str, item: int | None) -> FinishedCall:
        """Make a call that is not in the journal, and put it there: with or without an answer, it was paid for."""
        self.account.reserve()
        # What takes long comes before the last look whether the call is wanted at all.
        await self.parts.models.prepare(request.spec)
        await self.teller.call_starting(self.place)
        self.account.reserve_again()  # both may have taken long
        aborted: list[Spent] = []
        call = _cut_off(key, item)
        async with self.account.flight():
            call = await self._complete(request, key, item, aborted)
        if call.fault is None or call.fault.code != CUT_OFF:
            self.account.charge(call.input_tokens, call.output_tokens, call.cost)
        elif not aborted:
            return call  # nothing is known to have been paid for it
        else:
            call = _with_spent(call, aborted[0])
        if not self.account.is_closed:  # else the stage has ended, and nobody will look for it
            await self.teller.call_completed(self.place, call)
        return call

    async def _complete(self, request: ModelRequest, key: str, item: int | None, aborted: list[Spent]) -> FinishedCall:
        """Ask the model. Where the call is cancelled, what it cost all the same is charged, and put into `aborted`."""
        timing = self.parts.timing
        began = timing.monotonic()

        def abort(spent: Spent) -> None:
            aborted.append(spent)
            self.account.charge(spent.input_tokens, spent.output_tokens, spent.cost_usd)

        try:
            reply = await self.parts.models.complete(
                replace(request, on_abort=abort), lambda text: self.teller.text(self.place, text, item)
            )
        except ModelCallFailed as failed:
            if failed.spent == Spent():
                raise
            call = _unanswered(key, item, failed)
        except asyncio.CancelledError:
            if not is_cancelled_from_inside(self.teller):
                raise
            message = f"The call of {request.spec.use} was cancelled by its client."
            raise ModelError(message, code="transport", is_retryable=True) from None
        else:
            call = _answered(key, item, reply)
        return call.model_copy(update={"duration": timing.ms_since(began)})

    def _at_most_what_remains(self, seconds: float) -> float:
        left = self.account.remaining.seconds
        return seconds if left is None else min(seconds, left)

    def _spec(self, alias: str | None) -> ModelSpec:
        spec = None if alias is None else self.pipeline.models.get(alias)
        if alias is None or spec is None:
            known = ", ".join(self.pipeline.models) or "none"
            missing = "No model is named" if alias is None else f"There is no model '{alias}'"
            raise StageError(f"{missing}; the pipeline's models are: {known}.", code="unknown_model")
        dollars = self.account.limits_dollars
        if dollars is not None and not self.parts.models.is_priced(spec):
            raise StageError(unpriced_sentence(alias, spec, dollars.owner), code="unknown_price")
        return spec


def _answered(key: str, item: int | None, reply: ModelReply) -> FinishedCall:
    fault: CallFault | None = None
    value: Json = None
    try:
        value = as_json(reply.value)
    except NotJson as error:
        fault = CallFault(message=f"The answer cannot be kept: {error}.", code=_MISMATCH, is_retryable=True)
    text = reply.text.encode("utf-8", "replace").decode()
    has_value = value != text
    return FinishedCall(
        key=key,
        item=item,
        model=reply.model,
        text=text,
        value=value if has_value else None,
        has_value=has_value,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        cost=reply.cost_usd,
        fault=fault,
    )


def _cut_off(key: str, item: int | None) -> FinishedCall:
    fault = CallFault(message="The call was cut off.", code=CUT_OFF, is_retryable=False)
    return FinishedCall(key=key, item=item, fault=fault)


def _with_spent(call: FinishedCall, spent: Spent) -> FinishedCall:
    return call.model_copy(
        update={"input_tokens": spent.input_tokens, "output_tokens": spent.output_tokens, "cost": spent.cost_usd}
    )


def _unanswered(key: str, item: int | None, failed: ModelCallFailed) -> FinishedCall:
    return FinishedCall(
        key=key,
        item=item,
        input_tokens=failed.spent.input_tokens,
        output_tokens=failed.spent.output_tokens,
        cost=failed.spent.cost_usd,
        fault=CallFault(
            message=failed.message,
            code=failed.code,
            is_retryable=failed.is_retryable,
            retry_after_seconds=failed.retry_after_seconds,
        ),
    )


def _accept(call: FinishedCall, shape: Shape | None) -> Answer:
    fault = call.fault
    if fault is not None:
        raise ModelError(
            fault.message,
            code=fault.code,
            is_retryable=fault.is_retryable,
            retry_after_seconds=fault.retry_after_seconds,
        )
    value = call.value if call.has_value else call.text
    complaint = None if shape is None else shape.complaint(value)
    if complaint is not None:
        raise ModelError(f"The answer {complaint}", code=_MISMATCH, is_retryable=True)
    return Answer(call.text, value, call.model or "", call.input_tokens, call.output_tokens, call.cost, call.duration)


def _with_complaint(user: str, last: StageError | None) -> str:
    if last is None or last.code not in _TOLD_TO_MODEL:
        return user
    # The complaint can quote the model or a user's text, so it is wrapped as data like everything else.
    return (
        f"{user}\n\n<problem>\n{last.message}\n</problem>\nYour last answer had this problem. Answer again without it."
    )
