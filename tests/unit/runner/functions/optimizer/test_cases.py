from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import StageError
from runner.functions.optimizer.cases import Case, CaseSplit, read_cases, read_checks, split_cases
from runner.functions.optimizer.shares import LEAST_HELD_OUT

PROMPT = "Tell {name} about {city}."


def cases(count: int, start: int = 0) -> list[Case]:
    return [Case(vars={"name": f"n{number}", "city": "Oslo"}) for number in range(start, start + count)]


def dealt(given: list[Case], seed: int = 0) -> CaseSplit:
    return split_cases(given, [], PROMPT, seed=seed, max_tuning=20, max_held_out=40)


def numbers(split: CaseSplit) -> tuple[set[int], set[int]]:
    return {case.number for case in split.tuning}, {case.number for case in split.held_out}


@given(st.integers(0, 60), st.integers(0, 20), st.integers(0, 5), st.integers(1, 30), st.integers(0, 50))
def test_every_case_is_either_for_tuning_or_held_out_or_unused(
    supplied: int, drafted: int, seed: int, max_tuning: int, max_held_out: int
) -> None:
    split = split_cases(
        cases(supplied),
        cases(drafted, 1_000),
        PROMPT,
        seed=seed,
        max_tuning=max_tuning,
        max_held_out=max_held_out,
    )
    tuning, held_out = numbers(split)
    assert not tuning & held_out
    assert len(tuning) + len(held_out) + split.unused == supplied + drafted
    assert len(tuning) <= max_tuning
    assert len(held_out) <= max_held_out
    assert bool(tuning) == bool(supplied + drafted)
    assert {case.split for case in split.held_out} <= {"held_out"}


@pytest.mark.parametrize(("count", "held"), [(0, 0), (1, 0), (2, 1), (7, 6), (8, 6), (10, 6), (16, 10), (100, 40)])
def test_most_are_held_out_and_enough_for_a_proof_where_there_are_enough(count: int, held: int) -> None:
    assert len(dealt(cases(count)).held_out) == held
    assert held < LEAST_HELD_OUT or count > LEAST_HELD_OUT


def test_a_seed_deals_the_same_and_another_one_differently() -> None:
    one, again, other = (numbers(dealt(cases(16), seed)) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_a_case_that_stands_twice_is_never_on_both_sides() -> None:
    split = dealt([*cases(10), *cases(10)], 3)
    assert split.doubled == 10
    assert len(split.all()) == 10


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ({"vars": {"name": "A", "city": "B", "town": "C"}}, "'town' is no placeholder of the prompt; its"),
        ({"vars": {"name": "A"}}, "it has no value for city"),
        ({}, "it gives no values for name, city"),
        ({"vars": {"name": "A", "city": "B"}, "expected": "(", "match": "regex"}, "no regular expression"),
        ({"vars": {"name": "A", "city": "B"}, "expected": "ten", "match": "number"}, "number"),
        ({"vars": {"name": "A", "city": "B"}, "expected": " "}, "what is expected is blank"),
        (
            {"vars": {"name": "a ", "city": "B"}, "expected": "x"},
            "it asks the same as case 1 and expects something else",
        ),
        ({"vars": {"name": "A", "city": "B"}, "checks": [{"regex": "("}]}, "checks.0"),
        ({"vars": {"name": "A", "city": "B"}, "expcted": "x"}, "expcted"),
    ],
)
def test_a_case_that_cannot_be_used_is_named_with_the_reason(case: dict[str, Any], told: str) -> None:
    with pytest.raises(StageError, match=r"Case 2 cannot be used: .*" + told) as caught:
        read_cases([{"vars": {"name": "A", "city": "B"}}, case], PROMPT)
    assert caught.value.code == "bad_cases"


def test_cases_that_read_the_same_are_one_however_they_are_written() -> None:
    same = [{"name": "1", "city": "Oslo"}, {"city": "Oslo", "name": 1}, {"name": " 1", "city": "oslo"}]
    split = dealt([Case(vars=values) for values in same])
    assert (len(split.all()), split.doubled) == (1, 2)


def test_a_check_that_cannot_be_used_is_named() -> None:
    with pytest.raises(StageError, match=r"Check 1 cannot be used") as caught:
        read_checks([{"length": {"maximum": 3}}])
    assert caught.value.code == "bad_checks"


def test_an_input_goes_along_as_the_users_message() -> None:
    case = Case(input="Hello {name}")
    assert case.message("Be kind.") == ("Be kind.", "Hello {name}")
    assert Case(vars={"name": "Eve", "city": "{name}"}).message(PROMPT) == (None, "Tell Eve about {name}.")


def test_expected_is_compared_as_match_says() -> None:
    def right(match: str, expected: str, answer: str) -> bool:
        case = Case.model_validate({"expected": expected, "match": match})
        return all(check.result(answer).passed for check in case.all_checks())

    assert right("contains", "Paris", "It is paris, of course.")
    assert not right("exact", "Paris", "It is Paris.")
    assert right("number", "42", "So it is 42.0")
    assert right("regex", "^a+$", "aaa")
