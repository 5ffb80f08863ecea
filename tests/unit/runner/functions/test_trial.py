import asyncio
from typing import Any

import pytest

from contracts.errors import MissingSetting, ModelError
from runner.functions.trial import MARKS, Case, Trial, Trials, mark_answer, score_of
from stagecast.functions import FunctionContext
from tests.unit.runner.scripts import Bench, Models, call, definition

ORIGINAL = "Write about the weather in {city}"


def mean(case: Case, answer: str) -> float:
    return score_of(mark_answer(case, ORIGINAL, answer))


@pytest.mark.parametrize(
    ("match", "answer", "score"),
    [
        ("contains", "It is   RAINY in Oslo.", 1.0),
        ("contains", "It is sunny.", 0.0),
        ("exact", " Rainy\n", 1.0),
        ("exact", "rainy today", 0.0),
    ],
)
def test_an_expected_text_alone_decides(match: Any, answer: str, score: float) -> None:
    assert mean(Case(expected="rainy", match=match), answer) == score


def test_an_empty_answer_has_no_marks_and_a_sound_one_has_all() -> None:
    case = Case(vars={"city": "Oslo"})
    assert mean(case, " … ") == 0.0
    assert mean(case, "The weather of Oslo is mild, with some rain towards the evening.") == 1.0


@pytest.mark.parametrize(
    ("mark", "answer"),
    [
        ("says_each_thing_once", "The weather in Oslo is good. " * 9),
        ("uses_own_words", "Write about the weather in Oslo."),
        ("stays_on_subject", "Recursion calls itself until it ends."),
    ],
)
def test_each_kind_of_broken_answer_misses_its_mark(mark: str, answer: str) -> None:
    marks = mark_answer(Case(vars={"city": "Oslo"}), ORIGINAL, answer)
    assert tuple(marks) == MARKS
    assert marks[mark] < 0.6


def test_a_case_fills_the_placeholders_and_puts_its_input_below() -> None:
    assert Case(vars={"city": "Oslo", "n": 1}, input="Now!").applied_to("In {city} {n} {x}") == "In Oslo 1 {x}\n\nNow!"


async def run_trials(models: Models, prompts: list[tuple[str, str]], cases: list[Case], **settings: Any) -> Any:
    async def try_them(context: FunctionContext) -> Any:
        trials = await Trials(context, ORIGINAL, cases, **settings).run_all(prompts)
        return [trial.model_dump() for trial in trials]

    return await Bench(models=models, functions={"try": try_them}).run(definition(call("t", "try")))


async def test_a_trial_is_the_mean_of_its_cases_and_names_what_was_missed() -> None:
    cases = [Case(vars={"city": "Oslo"}, expected="rain"), Case(vars={"city": "Rome"}, expected="sun")]
    models = Models(answers={"In Oslo": "rain", "In Rome": "rain as well"})
    (trial,) = [Trial.model_validate(each) for each in (await run_trials(models, [("s", "In {city}")], cases)).output]
    assert (trial.score, trial.model) == (0.5, "scripted:m")
    assert [failure.model_dump() for failure in trial.failures] == [
        {"case": 1, "mark": "has_what_was_expected", "answer": "rain as well"}
    ]


async def test_a_prompt_whose_call_fails_has_no_score_and_the_others_have() -> None:
    models = Models(answers={"bad": ModelError("too long")})
    bad, good = (await run_trials(models, [("b", "bad"), ("g", "good")], [Case(expected="good")])).output
    assert (bad["score"], bad["error"], good["score"]) == (None, "too long", 1.0)


async def test_a_missing_setting_ends_the_stage_by_its_own_name() -> None:
    result = await run_trials(Models(answers={"bad": MissingSetting("Set a key.")}), [("b", "bad")], [Case(), Case()])
    assert (result.status, result.error_code) == ("failed", "missing_setting")


async def test_no_more_calls_are_in_flight_than_allowed() -> None:
    gate = asyncio.Event()
    models = Models(gates=dict.fromkeys("abcd", gate))
    running = asyncio.create_task(run_trials(models, [(name, name) for name in "abcd"], [Case()], max_parallel=2))
    await models.until_asked(2)
    gate.set()
    assert (await running).status == "success"
    assert (len(models.requests), models.most_in_flight) == (4, 2)
