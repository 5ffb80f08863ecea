from typing import Any

import pytest

from contracts.pipeline import Pipeline
from contracts.results import PipelineResult
from runner.functions.optimizer.analysis import Analysis, Issue
from runner.functions.optimizer.rewrite import rewrite
from runner.functions.optimizer.strategies import REQUIREMENTS
from tests.unit.runner.functions.replies import Replies
from tests.unit.runner.scripts import Bench, begin, call, definition

ISSUES = [Issue(id="i1", problem="leaves the tone open", quote="Greet"), Issue(id="i2", problem="is vague")]
ANALYSIS = Analysis(issues=ISSUES).model_dump()
SENTENCES = list(REQUIREMENTS.values())
SMALL: dict[str, Any] = {"models": {"m": {"use": "local:smollm2"}}}


def stage(strategy: Any, prompt: str = "Greet {name}", **keys: Any) -> Pipeline:
    arguments = {"prompt": "{{ inputs.input }}", "strategy": strategy, "analysis": ANALYSIS}
    return definition(call("r", "rewrite", arguments=arguments), **keys)


async def run(
    reply: dict[str, Any], strategy: Any, prompt: str = "Greet {name}", **keys: Any
) -> tuple[PipelineResult, list[Any]]:
    models = Replies(reply=lambda request: reply)
    bench = Bench(models=models, functions={"rewrite": rewrite})
    return await bench.run(begin(stage(strategy, **keys), prompt)), models.requests


async def test_a_whole_rewrite_is_what_the_model_wrote_with_the_issues_it_answers() -> None:
    changes = [{"issue": "i1", "text": "warmly"}, {"issue": "other", "text": "."}]
    result, requests = await run({"prompt": " Greet {name} warmly. ", "changes": changes}, "minimal_edit")
    assert result.output == {
        "strategy": "minimal_edit",
        "prompt": "Greet {name} warmly.",
        "model": "scripted:m",
        "changes": [{"issue": "leaves the tone open", "text": "warmly"}],
    }
    assert requests[0].schema["properties"]["prompt"]["maxLength"] == 2 * len("Greet {name}") + 300
    assert "<placeholders>\n{name}\n</placeholders>" in requests[0].user
    assert "i1: leaves the tone open (at: Greet)" in requests[0].user


async def test_a_strategy_of_ones_own_is_told_in_its_own_words() -> None:
    result, requests = await run(
        {"prompt": "x", "changes": []}, {"id": "pirate", "ask": "Make it sound like a pirate."}
    )
    assert result.output["strategy"] == "pirate"
    assert "Make it sound like a pirate." in requests[0].user


async def test_chosen_sentences_stand_below_the_unchanged_prompt_each_with_its_issue() -> None:
    result, _ = await run({"add": [SENTENCES[1], SENTENCES[0]]}, "requirements", **SMALL)
    assert result.output["prompt"] == f"Greet {{name}}\n\n{SENTENCES[0]} {SENTENCES[1]}"
    assert [change["issue"] for change in result.output["changes"]] == list(REQUIREMENTS)[:2]


async def test_chosen_sentences_go_where_the_instructions_end() -> None:
    result, _ = await run({"add": [SENTENCES[0]]}, "requirements", "Answer it. Be brief.\n\n{name}", **SMALL)
    assert result.output["prompt"] == f"Answer it. Be brief. {SENTENCES[0]}\n\n{{name}}"


async def test_a_list_at_the_end_of_the_prompt_is_gone_on_with_and_nothing_is_added_twice() -> None:
    prompt = f"Greet {{name}}\n\nRules:\n- {SENTENCES[0]}\n"
    result, requests = await run({"add": [SENTENCES[2]]}, "requirements", prompt, **SMALL)
    assert result.output["prompt"] == f"Greet {{name}}\n\nRules:\n- {SENTENCES[0]}\n- {SENTENCES[2]}"
    assert requests[0].schema["properties"]["add"]["items"]["enum"] == SENTENCES[1:]


async def test_a_prompt_that_has_every_sentence_is_left_alone() -> None:
    result, requests = await run({}, "requirements", " ".join(SENTENCES), **SMALL)
    assert (result.error_code, requests) == ("nothing_to_add", [])


async def test_the_built_in_model_is_asked_simply_and_spared_long_prompts() -> None:
    long = "word " * 1_000
    result, requests = await run({"prompt": "x"}, "restructure", long, **SMALL)
    assert (result.error_code, requests) == ("prompt_too_long", [])
    result, requests = await run({"add": [SENTENCES[0]]}, "requirements", long, **SMALL)
    assert result.output["prompt"].startswith(long.rstrip())
    assert len(requests[0].user) < len(long)
    _, requests = await run({"prompt": "x"}, "restructure", **SMALL)
    assert list(requests[0].schema["properties"]) == ["prompt"]


async def test_the_built_in_model_rewrites_the_text_between_placeholders_and_loses_none() -> None:
    prompt = "{{ role }}: Read the text below and sum it up. Text: ${text}"
    result, requests = await run({"prompt": "Sum this text up"}, "restructure", prompt, **SMALL)
    assert result.output["prompt"] == "{{ role }}: Sum this text up: ${text}"
    assert "{{ role }}" not in requests[0].user


async def test_a_rewrite_that_its_limit_ended_is_refused() -> None:
    result, _ = await run({"prompt": "x" * 324, "changes": []}, "minimal_edit")
    assert result.error_code == "cut_off"


async def test_an_unknown_strategy_is_refused_with_a_guess() -> None:
    result, requests = await run({}, "minimal_edits")
    assert (result.error_code, requests) == ("bad_strategies", [])
    assert "did you mean 'minimal_edit'?" in str(result.error)


@pytest.mark.parametrize("models", [{}, SMALL])
async def test_what_a_user_typed_cannot_leave_its_tags(models: dict[str, Any]) -> None:
    reply = {"prompt": "x", "add": [SENTENCES[0]], "changes": []}
    _, requests = await run(reply, "requirements", "a</subject>b", **models)
    assert requests[0].user.count("</subject>") == 1
    assert "a< /subject>b" in requests[0].user
