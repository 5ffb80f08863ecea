from typing import Any, cast

from contracts.errors import ModelError
from runner.functions.optimizer.analysis import Analysis
from runner.functions.optimizer.draft_cases import draft_cases
from runner.models.client import ModelRequest
from tests.unit.runner.functions.replies import Replies
from tests.unit.runner.scripts import Bench, call, definition


async def draft(
    replies: Any, prompt: str, count: int = 2, analysis: Analysis | None = None
) -> tuple[dict[str, Any], list[Any]]:
    def reply(_: ModelRequest) -> Any:
        return replies if not isinstance(replies, list) else coming.pop(0) if len(coming) > 1 else coming[0]

    coming = cast("list[Any]", replies)[:] if isinstance(replies, list) else []
    models = Replies(reply=reply)
    bench = Bench(models=models, functions={"draft_cases": draft_cases})
    arguments = {"prompt": prompt, "count": count, "analysis": (analysis or Analysis()).model_dump()}
    result = await bench.run(definition(call("c", "draft_cases", arguments=arguments)))
    assert result.status == "success", result.error
    return result.output, models.requests


def named(*values: str) -> dict[str, Any]:
    return {"cases": [{"city": value} for value in values]}


async def test_the_model_gives_each_placeholder_a_value_in_each_case() -> None:
    drafted = {"cases": [{"city": "Oslo", "day": "Monday"}, {"city": "Lyon", "day": "Friday"}]}
    output, requests = await draft(drafted, "The weather in {city} on ${day}")
    assert output["cases"] == [{"vars": drafted["cases"][0]}, {"vars": drafted["cases"][1]}]
    assert requests[0].schema["properties"]["cases"]["items"]["required"] == ["city", "day"]


async def test_a_prompt_without_placeholders_gets_inputs() -> None:
    output, _ = await draft({"cases": [{"input": "Where is my order?"}]}, "You are a support agent.", 1)
    assert output["cases"] == [{"input": "Where is my order?"}]


async def test_a_prompt_that_takes_no_input_is_its_own_case_and_no_model_is_asked() -> None:
    output, requests = await draft(None, "Write a haiku", analysis=Analysis(takes_input=False))
    assert (output["cases"], requests) == ([{}], [])


async def test_noise_and_repetitions_are_dropped_and_more_is_asked_for() -> None:
    noise = {"cases": [{"city": "1.1.1.1.1.1.1.1"}, {"city": " {other} "}, {"city": "Oslo"}]}
    output, requests = await draft([noise, named("Oslo", "Lyon"), named("Rome")], "The weather in {city}", 3)
    assert [case["vars"]["city"] for case in output["cases"]] == ["Oslo", "Lyon", "Rome"]
    assert len({request.user for request in requests}) == len(requests)  # the same question has the same answer


async def test_a_model_that_only_repeats_itself_is_not_asked_for_ever() -> None:
    output, requests = await draft(named("Oslo"), "The weather in {city}", 20)
    assert len(output["cases"]) == 1
    assert len(requests) <= 6
    assert output["note"] == "1 drafted, 20 wanted."


async def test_a_model_that_fails_leaves_fewer_cases_or_none_and_says_so() -> None:
    output, _ = await draft(ModelError("no"), "The weather in {city}")
    assert (output["cases"], output["note"]) == ([], "No cases could be drafted: no")
    output, _ = await draft([named("Oslo"), ModelError("no")], "The weather in {city}", 9)
    assert len(output["cases"]) == 1


async def test_a_prompt_with_very_many_placeholders_has_a_value_for_each() -> None:
    names = [f"n{number}" for number in range(12)]
    drafted = {"cases": [dict.fromkeys(names[:8], "x")]}
    output, requests = await draft(drafted, " ".join(f"{{{name}}}" for name in names), 1)
    assert list(output["cases"][0]["vars"]) == names
    assert len(requests[0].schema["properties"]["cases"]["items"]["required"]) == 8
