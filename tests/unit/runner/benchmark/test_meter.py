import asyncio
from collections.abc import Callable

import pytest

from contracts.errors import BudgetExceeded, ModelError
from runner.benchmark.meter import Meter
from runner.models.client import ModelCallFailed, ModelReply, ModelRequest, Spent
from runner.models.scripted import Script, ScriptedError, ScriptedModels
from tests.unit.runner.benchmark.pupil import SPEC, Pupil

ASK = ModelRequest(SPEC, "What is 1 plus 2?")


class Failing(Pupil):
    """Fails with what it was given, then answers."""

    def __init__(self, *faults: ModelError) -> None:
        super().__init__()
        self._faults = list(faults)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        if self._faults:
            self.requests.append(request)
            raise self._faults.pop(0)
        return await super().complete(request, on_text)


async def test_not_one_call_more_than_the_limit_is_made_however_many_are_asked_for_at_once() -> None:
    pupil = Pupil()
    meter = Meter(pupil, 3)
    replies = await asyncio.gather(*(meter.complete(ASK) for _ in range(10)), return_exceptions=True)
    assert len(pupil.requests) == meter.used.calls == len(meter.requests) == 3
    assert [type(reply) for reply in replies].count(BudgetExceeded) == 7
    assert meter.remaining == 0


async def test_tokens_and_cost_add_up_and_an_unknown_price_makes_the_sum_unknown() -> None:
    meter = Meter(
        ScriptedModels(
            scripts={"pupil": (Script(times=1, cost=0.5, input_tokens=3, output_tokens=4), Script(cost=None))}
        )
    )
    await meter.complete(ASK)
    assert (meter.used.input_tokens, meter.used.output_tokens, meter.used.cost_usd) == (3, 4, 0.5)
    await meter.complete(ASK)
    assert (meter.used.calls, meter.used.cost_usd) == (2, None)


async def test_a_failed_call_counts_and_so_does_what_it_cost() -> None:
    meter = Meter(Failing(ModelCallFailed("cut off", spent=Spent(5, 6, 0.25))))
    with pytest.raises(ModelCallFailed):
        await meter.complete(ASK)
    assert (meter.used.calls, meter.used.output_tokens, meter.used.cost_usd) == (1, 6, 0.25)


async def test_a_lost_connection_is_tried_again_and_every_attempt_counts() -> None:
    meter = Meter(Failing(ModelError("lost", is_retryable=True), ModelError("lost", is_retryable=True)), 5)
    assert (await meter.ask(ASK)).text
    assert meter.used.calls == 3


async def test_what_lies_in_the_question_is_not_tried_again() -> None:
    models = ScriptedModels(scripts={"pupil": (Script(error=ScriptedError(retryable=False)),)})
    meter = Meter(models)
    with pytest.raises(ModelError):
        await meter.ask(ASK)
    assert meter.used.calls == 1


async def test_a_closed_meter_refuses_every_call() -> None:
    pupil = Pupil()
    meter = Meter(pupil)
    await meter.close()
    with pytest.raises(BudgetExceeded):
        await meter.complete(ASK)
    assert (meter.remaining, pupil.requests) == (0, [])
