from contracts.errors import MissingSetting
from contracts.pipeline import Pipeline
from stagecast.functions import CheckContext
from tests.unit.runner.scripts import Bench, Models, begin, call, definition, prompt

CASE = {"type": "object", "required": ["vars"], "properties": {"vars": {"$ref": "#/$defs/vars"}}}


async def test_both_messages_are_rendered_and_sent_with_the_stage_s_model_and_its_settings() -> None:
    bench = Bench()
    stage = {
        "id": "a",
        "model": "n",
        "timeout": "30s",
        "prompt": {"system": "You see {{ inputs.input }}.", "user": "Say {{ inputs.input }}."},
    }
    models = {"n": {"use": "scripted:n", "temperature": 0.5, "max_tokens": 7}}
    result = await bench.run(definition(stage, models=models))
    [request] = bench.models.requests
    assert (request.system, request.user, request.timeout_seconds) == ("You see hello.", "Say hello.", 30)
    assert (request.spec.use, request.spec.temperature, request.spec.max_tokens) == ("scripted:n", 0.5, 7)
    assert (result.stages[0].model, result.output) == ("scripted:n", "Say hello.")


async def test_what_a_user_typed_is_never_rendered_as_a_template() -> None:
    bench = Bench()
    await bench.run(
        begin(definition({"id": "a", "prompt": {"user": "<subject>{{ inputs.input }}</subject>"}}), "{{ 1 + 1 }}")
    )
    assert bench.models.messages == ["<subject>{{ 1 + 1 }}</subject>"]


async def test_a_message_that_is_one_expression_is_sent_as_text() -> None:
    bench = Bench()
    await bench.run(definition({"id": "a", "prompt": {"user": "{{ {'k': [1, 'é']} }}"}}))
    assert bench.models.messages == ['{"k": [1, "é"]}']


async def test_the_schema_goes_to_the_model_with_the_definitions_that_it_needs_and_no_others() -> None:
    bench = Bench(Models({"a": {"cases": [{"vars": {}}]}}))
    output = {"type": "object", "properties": {"cases": {"type": "array", "items": {"$ref": "#/$defs/case"}}}}
    defs = {"case": CASE, "vars": {"type": "object"}, "unused": {"type": "null"}}
    result = await bench.run(definition(prompt("a", output=output), **{"$defs": defs}))
    [request] = bench.models.requests
    assert request.schema == {**output, "$defs": {"case": CASE, "vars": {"type": "object"}}}
    assert (result.status, result.output) == ("success", {"cases": [{"vars": {}}]})


async def test_an_answer_that_breaks_a_definition_is_refused() -> None:
    bench = Bench(Models({"a": {"vars": 3}}))
    pipeline = definition(
        prompt("a", output={"$ref": "#/$defs/case"}), **{"$defs": {"case": CASE, "vars": {"type": "object"}}}
    )
    result = await bench.run(pipeline)
    assert result.error_code == "schema_mismatch"
    assert "$.vars: 3 is not of type 'object'" in (result.error or "")


async def test_a_schema_that_refers_to_nothing_fails_and_fetches_nothing() -> None:
    result = await Bench().run(definition(prompt("a", output={"$ref": "https://127.0.0.1:1/schema.json"})))
    assert result.error_code == "bad_schema"


async def test_checks_see_inputs_earlier_stages_and_their_arguments() -> None:
    seen: list[object] = []

    def look(context: CheckContext, value: object, *, limit: int = 0) -> None:
        seen.extend([context.inputs, context.stages["a"]["output"], context.item, value, limit])

    bench = Bench(checks={"look": look})
    await bench.run(definition(prompt("a"), prompt("b", check=[{"look": {"limit": 3}}])))
    assert seen == [{"input": "hello"}, "a", None, "b", 3]


async def test_a_check_cannot_change_what_is_delivered() -> None:
    bench = Bench(Models({"a": {"kept": 1}}), checks={"greedy": lambda _context, value: value.clear()})
    assert (await bench.run(definition(prompt("a", check=["greedy"])))).output == {"kept": 1}


async def test_a_check_that_breaks_fails_the_stage_and_is_not_repeated() -> None:
    bench = Bench(checks={"broken": lambda _context, value: value["x"], "yes": lambda _context, _value: True})
    result = await bench.run(definition(prompt("a", check=["broken"], retries=3)))
    assert (result.error_code, len(bench.models.requests)) == ("function_error", 1)
    result = await bench.run(definition(prompt("a", check=["yes"])))
    assert result.stages[0].error == "The check 'yes' returned a bool; it must return None or a sentence."


async def test_a_missing_key_or_check_fails_the_stage_with_the_setting_s_code() -> None:
    bench = Bench(Models({"a": MissingSetting("Set OPENAI_API_KEY.")}))
    result = await bench.run(definition(prompt("a", retries=3)))
    assert (result.error_code, result.stages[0].error) == ("missing_setting", "Set OPENAI_API_KEY.")
    assert (await Bench().run(definition(prompt("a", check=["unheard_of"])))).error_code == "missing_setting"


async def test_a_stage_without_a_model_fails_and_says_which_there_are() -> None:
    pipeline: Pipeline = definition(prompt("a"), defaults={})
    result = await Bench().run(pipeline)
    assert (result.error_code, result.stages[0].error) == (
        "unknown_model",
        "No model is named; the pipeline's models are: m, n.",
    )


async def test_an_answer_that_no_event_can_carry_is_asked_for_again() -> None:
    bench = Bench(Models({"a": ["half a \ud800 character", "whole"]}))
    result = await bench.run(
        definition(prompt("a", retries=1), call("b", arguments={"value": "{{ stages.a.output }}"}))
    )
    assert result.output == "whole"
    assert bench.told.texts[0] == ("a", "half a ? character", None)
