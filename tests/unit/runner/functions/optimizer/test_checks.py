import time
from typing import Any

import pytest
from pydantic import ValidationError

from runner.functions.optimizer.checks import MATCH_SECONDS, AnswerCheck, last_number

SCHEMA = {"type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}}


def passes(check: dict[str, Any], answer: str) -> bool:
    return AnswerCheck.model_validate(check).result(answer).passed


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ({"exact": "Yes sir"}, " yes  SIR\n", "yes sir!"),
        ({"exact": ["yes", "no"]}, "No", "maybe"),
        ({"contains": "Refund"}, "we refund you", "we pay back"),
        ({"contains": ["a1", "b2"]}, "b2 and a1", "only a1"),
        ({"not_contains": ["sorry", "AI"]}, "Here it is.", "I am sorry"),
        ({"regex": r"^\d{4}-\d{2}$"}, "2026-11", "November"),
        ({"number": 12}, "3 + 9 = 12.", "12 is not 13"),
        ({"number": 1234.5}, "It costs $1,234.50", "It costs 1234"),
        ({"number": -3}, "so x = -3", "so x = 3"),
        ({"json": True}, '```json\n{"a": 1}\n```', "{a: 1}"),
        ({"json": False}, "plain", "[1]"),
        ({"schema": SCHEMA}, '{"total": 3}', '{"total": "3"}'),
        ({"length": {"max": 3, "unit": "words"}}, "one two three", "one two three four"),
        ({"length": {"min": 2, "max": 4}}, "abc", "abcde"),
    ],
)
def test_each_kind_tells_good_answers_from_bad_ones(check: dict[str, Any], good: str, bad: str) -> None:
    assert passes(check, good)
    result = AnswerCheck.model_validate(check).result(bad)
    assert (result.passed, bool(result.why)) == (False, True)


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ({}, "one key"),
        ({"exact": "a", "contains": "b"}, "one key"),
        ({"regex": "("}, "no regular expression"),
        ({"schema": {"type": "strnig"}}, "schema is faulty"),
        ({"schema": {"properties": {"a": {"pattern": "(a+)+$"}}}}, "are not taken here"),
        ({"exactly": "a"}, "exactly"),
        ({"regex": "(?:" * 16 + "a" + "){2}" * 16}, "repeats too much"),
        ({"regex": "a" * 501}, "longer than 500"),
        ({"schema": {"uniqueItems": True}}, "are not taken here"),
    ],
)
def test_what_is_no_check_is_refused_with_the_reason(check: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        AnswerCheck.model_validate(check)


def test_an_expression_that_would_run_for_ever_is_given_up() -> None:
    began = time.monotonic()
    result = AnswerCheck.model_validate({"regex": r"^(a|aa|a?)+(b|c)*\1$"}).result("a" * 5_000 + "!")
    assert not result.passed
    assert time.monotonic() - began < 20 * MATCH_SECONDS  # not a measurement: without the limit it does not come back


@pytest.mark.parametrize("answer", ["NaN", "1e400", "[1e400]", "Infinity"])
def test_what_is_no_number_of_json_is_no_json(answer: str) -> None:
    assert not passes({"json": True}, answer)
    assert not passes({"schema": {"type": "number", "multipleOf": 0.01}}, answer)


@pytest.mark.parametrize("answer", ["9" * 400, "", "no number", "[" * 100_000, "\x00", "1e999 " * 1_000])
def test_no_answer_breaks_a_check(answer: str) -> None:
    tight = {"type": "number", "multipleOf": 0.01}
    for check in (
        {"number": 1},
        {"json": True},
        {"schema": SCHEMA},
        {"schema": tight},
        {"exact": "x"},
        {"length": {"max": 1}},
    ):
        AnswerCheck.model_validate(check).result(answer)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("a 1,000 b", 1000.0),
        (".5", 0.5),
        ("none", None),
        ("7.", 7.0),
        ("from 3-5", 5.0),
        ("x=-2", -2.0),
        ("2.5e3", 2500.0),
    ],
)
def test_the_last_number_is_read_as_people_write_numbers(text: str, number: float | None) -> None:
    assert last_number(text) == number
