from typing import Any

from contracts.errors import ModelError
from runner.functions.draft_cases import draft_cases
from tests.unit.runner.functions.replies import Replies
from tests.unit.runner.scripts import Bench, call, definition


async def draft(reply: Any, prompt: str, count: int = 2) -> tuple[Any, list[Any]]:
    models = Replies(reply=lambda request: reply)
    bench = Bench(models=models, functions={"draft_cases": draft_cases})
    result = await bench.run(definition(call("c", "draft_cases", arguments={"prompt": prompt, "count": count})))
    assert result.status == "success"
    return result.output["cases"], models.requests


async def test_a_prompt_without_placeholders_is_its_own_case_and_no_model_is_asked() -> None:
    assert await draft(None, "Write a haiku") == ([{"vars": {}}], [])


async def test_the_model_gives_each_placeholder_a_value_in_each_case() -> None:
    drafted = {"cases": [{"city": "Oslo", "day": "Monday"}, {"city": "Lyon", "day": "Friday"}]}
    cases, requests = await draft(drafted, "The weather in {city} on ${day}")
    assert cases == [{"vars": drafted["cases"][0]}, {"vars": drafted["cases"][1]}]
    case = requests[0].schema["properties"]["cases"]["items"]
    assert case["required"] == ["city", "day"]


async def test_noise_and_repeated_cases_are_replaced_or_dropped() -> None:
    drafted = {"cases": [{"code_name": "1.1.1.1.1.1.1.1"}, {"code_name": " {other} "}, {"code_name": "bluebird"}]}
    cases, _ = await draft(drafted, "Decode {code_name}", 3)
    assert cases == [{"vars": {"code_name": "an example of code name"}}, {"vars": {"code_name": "bluebird"}}]


async def test_a_model_that_fails_leaves_one_case_with_stand_ins() -> None:
    cases, _ = await draft(ModelError("no"), "Greet {name}")
    assert cases == [{"vars": {"name": "an example of name"}}]


async def test_a_prompt_with_very_many_placeholders_has_a_value_for_each() -> None:
    names = [f"n{number}" for number in range(12)]
    cases, requests = await draft({"cases": [dict.fromkeys(names[:8], "x")]}, " ".join(f"{{{n}}}" for n in names), 1)
    assert list(cases[0]["vars"]) == names
    assert len(requests[0].schema["properties"]["cases"]["items"]["required"]) == 8
