"""Every method, run on a simulated model: it keeps to its budget, and sees nothing of what it is scored on."""

from collections.abc import Callable

import pytest

from contracts.errors import BudgetExceeded
from runner.benchmark.dspy_methods import DspyMethod, run_gepa, run_mipro
from runner.benchmark.gepa_method import gepa
from runner.benchmark.meter import Meter
from runner.benchmark.method import Assignment, Found, Method, MethodFailed
from runner.benchmark.rewriting import one_rewrite, original
from runner.benchmark.toy import toy_task
from tests.unit.runner.benchmark.pupil import BETTER, FEATURE, INSTRUCTIONS, MODELS, Pupil
from tests.unit.runner.benchmark.runs import SIZES, needs_peers, shipped

LEARNERS = [
    pytest.param(shipped, id="stagecast"),
    pytest.param(lambda: gepa, id="gepa", marks=needs_peers),
    pytest.param(lambda: DspyMethod(run_mipro), id="dspy-mipro", marks=needs_peers),
    pytest.param(lambda: DspyMethod(run_gepa), id="dspy-gepa", marks=needs_peers),
]
METHODS = [pytest.param(lambda: original, id="original"), pytest.param(lambda: one_rewrite, id="rewrite"), *LEARNERS]
TASK = toy_task(INSTRUCTIONS, 0, SIZES)
# Libraries that warn of what they themselves do; ours are errors all the same.
pytestmark = pytest.mark.filterwarnings("ignore")


async def run(method: Method, meter: Meter) -> Found:
    return await method(Assignment(TASK.lesson, MODELS, meter, 0))


@pytest.mark.parametrize("make", METHODS)
@pytest.mark.parametrize("budget", [1, 9, 40, 120])
async def test_no_method_makes_a_call_more_than_its_budget(make: Callable[[], Method], budget: int) -> None:
    pupil = Pupil()
    meter = Meter(pupil, budget)
    try:
        await run(make(), meter)
    except Exception as error:  # a method may give up on a budget that is too small for it
        assert meter.remaining == 0, repr(error)
    assert len(pupil.requests) == meter.used.calls <= budget


@pytest.mark.parametrize("make", METHODS)
async def test_no_unseen_item_is_in_any_prompt_of_a_method(make: Callable[[], Method]) -> None:
    meter = Meter(Pupil(), 150)
    await run(make(), meter)
    sent = "\n".join(f"{request.system}\n{request.user}" for request in meter.requests)
    assert [item.question for item in TASK.unseen if item.question in sent] == []
    assert make() is original or meter.requests


@pytest.mark.parametrize("make", LEARNERS)
async def test_a_method_finds_what_makes_answers_right_and_uses_it(make: Callable[[], Method]) -> None:
    found = await run(make(), Meter(Pupil(), 200))
    assert FEATURE in found.prompt
    scoring = Meter(Pupil())
    answers = [await found.answer(scoring, item.question) for item in TASK.unseen]
    assert all(TASK.lesson.is_right(item, text) for item, text in zip(TASK.unseen, answers, strict=True))
    assert scoring.used.calls == len(TASK.unseen)


@pytest.mark.parametrize("make", LEARNERS)
async def test_a_method_keeps_the_prompt_when_nothing_helps(make: Callable[[], Method]) -> None:
    pupil = Pupil(knows_better=False)
    found = await run(make(), Meter(pupil, 200))
    assert FEATURE not in found.prompt


async def test_one_rewrite_is_one_call_and_taken_as_it_is() -> None:
    meter = Meter(Pupil(), 200)
    found = await run(one_rewrite, meter)
    assert (found.prompt, meter.used.calls) == (f"{BETTER}\n\n{{question}}", 1)


async def test_a_budget_that_does_not_pay_for_the_one_rewrite_is_told() -> None:
    with pytest.raises(BudgetExceeded):
        await run(one_rewrite, Meter(Pupil(), 0))


@pytest.mark.parametrize("method", [gepa, DspyMethod(run_mipro)])
async def test_a_library_that_is_not_installed_is_told(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("gepa", "dspy"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(MethodFailed, match=r"not installed: pip install 'stagecast\[peers\]'"):
        await run(method, Meter(Pupil()))
