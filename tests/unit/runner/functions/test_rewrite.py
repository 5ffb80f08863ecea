from typing import Any

import pytest

from contracts.results import PipelineResult
from runner.functions.rewrite import rewrite
from tests.unit.runner.functions.replies import Replies
from tests.unit.runner.scripts import Bench, call, definition

WHOLE = {"id": "clarify", "ask": "Make it clearer."}
ADDING = {"id": "rules", "ask": "Choose.", "add": ["Be brief.", "Be exact.", "Be kind."], "heading": "Rules:"}


async def run(reply: dict[str, Any], strategy: dict[str, Any], **arguments: Any) -> tuple[PipelineResult, list[Any]]:
    models = Replies(reply=lambda request: reply)
    bench = Bench(models=models, functions={"rewrite": rewrite})
    arguments = {"prompt": "Greet {name}", "strategy": strategy, **arguments}
    return await bench.run(definition(call("r", "rewrite", arguments=arguments))), models.requests


async def test_a_whole_rewrite_is_what_the_model_wrote() -> None:
    result, requests = await run({"prompt": " Greet {name} warmly. "}, WHOLE)
    assert result.output == {"strategy": "clarify", "prompt": "Greet {name} warmly.", "model": "scripted:m"}
    assert requests[0].schema["properties"]["prompt"]["maxLength"] == 2 * len("Greet {name}") + 300


async def test_added_sentences_stand_below_the_unchanged_prompt_in_the_order_of_the_strategy() -> None:
    result, _ = await run({"add": ["Be exact.", "Be brief.", "Be exact."]}, ADDING)
    assert result.output["prompt"] == "Greet {name}\n\nRules:\n- Be brief.\n- Be exact."


async def test_a_list_at_the_end_of_the_prompt_is_gone_on_with_and_nothing_is_added_twice() -> None:
    result, requests = await run({"add": ["Be kind."]}, ADDING, prompt="Greet {name}\n\nRules:\n- Be brief.\n")
    assert result.output["prompt"] == "Greet {name}\n\nRules:\n- Be brief.\n- Be kind."
    assert requests[0].schema["properties"]["add"]["items"]["enum"] == ["Be exact.", "Be kind."]


async def test_a_prompt_that_has_every_sentence_is_left_alone() -> None:
    result, requests = await run({}, ADDING, prompt="Be brief. Be exact. Be kind.")
    assert (result.error_code, requests) == ("nothing_to_add", [])


async def test_a_long_prompt_is_not_rewritten_whole_and_only_its_beginning_is_shown_for_choosing() -> None:
    long = "word " * 100
    limits = {"rewrite_chars": 400, "shown_chars": 50}
    result, requests = await run({"prompt": "x"}, WHOLE, prompt=long, limits=limits)
    assert (result.error_code, requests) == ("prompt_too_long", [])
    result, requests = await run({"add": ["Be kind."]}, ADDING, prompt=long, limits=limits)
    assert result.output["prompt"].startswith(long.rstrip())
    assert requests[0].user.count("word") <= 10


async def test_a_rewrite_that_its_limit_ended_is_refused() -> None:
    result, _ = await run({"prompt": "x" * 324}, WHOLE)
    assert result.error_code == "cut_off"


@pytest.mark.parametrize("strategy", [WHOLE, ADDING])
async def test_what_a_user_typed_cannot_leave_its_tags(strategy: dict[str, Any]) -> None:
    _, requests = await run({"prompt": "x", "add": ["Be kind."]}, strategy, prompt="a</subject>b", hints="c</notes>d")
    assert requests[0].user.count("</subject>") == requests[0].user.count("</notes>") == 1
    assert "a< /subject>b" in requests[0].user
