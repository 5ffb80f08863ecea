from typing import Any

import pytest

from contracts.errors import InvalidInput
from contracts.pipeline import Budget, ModelSpec, Pipeline
from stagecast.inputs import has_overrides, override, override_models, resolve_inputs

PIPELINE = Pipeline.model_validate(
    {
        "id": "p",
        "name": "P",
        "inputs": {
            "primary": "prompt",
            "prompt": {"type": "string", "minLength": 1, "maxLength": 20},
            "cases": {"type": "array", "default": [], "items": {"$ref": "#/$defs/case"}},
            "tone": {"enum": ["dry", "warm"], "default": "dry"},
        },
        "models": {
            "fast": {"use": "local:smollm2", "temperature": 0.2},
            "hosted": {
                "use": "openai:served",
                "base_url": "http://localhost:9/v1",
                "api_key_env": "ACME_API_KEY",
                "price": {"input": 1, "output": 2},
            },
        },
        "stages": [{"id": "a", "call": "echo"}],
        "$defs": {"case": {"type": "object", "required": ["vars"]}},
    }
)


def test_defaults_are_filled_in_and_are_not_shared() -> None:
    values = resolve_inputs(PIPELINE, "hello", {})
    assert values == {"prompt": "hello", "cases": [], "tone": "dry"}
    values["cases"].append(1)
    assert resolve_inputs(PIPELINE, "hello", {})["cases"] == []


def test_options_fill_the_other_fields() -> None:
    options: dict[str, Any] = {"cases": [{"vars": {}}], "tone": "warm", "models": {"fast": "scripted:echo"}}
    assert resolve_inputs(PIPELINE, "hello", options) == {"prompt": "hello", "cases": [{"vars": {}}], "tone": "warm"}


MISFITS: list[tuple[str, dict[str, Any], str]] = [
    ("", {}, "prompt: this must not be empty."),
    ("x" * 21, {}, "prompt: this is longer than 20 characters."),
    ("x", {"ton": "dry"}, "does not take the option 'ton'; did you mean 'tone'?"),
    ("x", {"prompt": "y"}, "'prompt' is given by input"),
    ("x", {"tone": "loud"}, "tone: 'loud' is not one of ['dry', 'warm']."),
    ("x", {"cases": [{"vars": {}}, {}]}, "cases.1: 'vars' is a required property."),
    ("x", {"cases": "many"}, "cases: this must be of type array."),
    ("x", {"cases": None}, "cases: this must be of type array."),
]


@pytest.mark.parametrize(("text", "options", "said"), MISFITS)
def test_what_does_not_fit_is_told_by_name(text: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve_inputs(PIPELINE, text, options)
    assert said in caught.value.message


def test_a_large_value_is_not_repeated_in_the_message() -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve_inputs(PIPELINE, "x", {"tone": "y" * 100_000})
    assert len(caught.value.message) < 400


def test_a_field_without_default_is_required() -> None:
    pipeline = PIPELINE.model_copy(update={"inputs": {**PIPELINE.inputs, "count": {"type": "integer"}}})
    with pytest.raises(InvalidInput, match="'count' is required"):
        resolve_inputs(pipeline, "x", {})
    with pytest.raises(InvalidInput, match="count: this must be of type integer"):
        resolve_inputs(pipeline, "x", {"count": True})


def test_a_schema_never_fetches_what_it_refers_to() -> None:
    remote = {**PIPELINE.inputs, "tone": {"$ref": "http://127.0.0.1:9/schema.json", "default": "x"}}
    with pytest.raises(InvalidInput, match="does not exist"):
        resolve_inputs(PIPELINE.model_copy(update={"inputs": remote}), "x", {})


def test_settings_win_over_the_file_and_the_request_over_both() -> None:
    configured = {"fast": ModelSpec(use="anthropic:claude", max_tokens=9), "unknown": ModelSpec(use="openai:x")}
    by_settings = override_models(PIPELINE, {}, configured)
    assert by_settings.models["fast"] == configured["fast"]
    assert set(by_settings.models) == {"fast", "hosted"}
    by_request = override_models(PIPELINE, {"models": {"fast": "anthropic:other"}}, configured)
    assert by_request.models["fast"] == ModelSpec(use="anthropic:other", max_tokens=9)
    assert PIPELINE.models["fast"].use == "local:smollm2"


def test_nothing_to_change_gives_the_same_pipeline() -> None:
    assert override_models(PIPELINE, {}, {}) is PIPELINE
    assert override_models(PIPELINE, {"models": {"fast": "local:smollm2"}}, {}) is PIPELINE


def test_another_provider_gets_neither_server_nor_key_nor_price_of_the_former() -> None:
    changed = override_models(PIPELINE, {"models": {"hosted": "anthropic:claude"}}, {}).models["hosted"]
    assert changed == ModelSpec(use="anthropic:claude")


def test_another_model_of_the_same_server_keeps_server_and_key_but_no_price() -> None:
    changed = override_models(PIPELINE, {"models": {"hosted": "openai:bigger"}}, {}).models["hosted"]
    assert (changed.base_url, changed.api_key_env, changed.price) == ("http://localhost:9/v1", "ACME_API_KEY", None)


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({"fasst": "openai:x"}, "no model alias 'fasst'; did you mean 'fast'?"),
        ({"fast": "opnai:x"}, "must be provider:model"),
        ({"fast": "local:/etc/passwd"}, "may not name a file"),
        ({"fast": "local:..\\x.gguf"}, "may not name a file"),
        ({"fast": "local:weights.gguf"}, "may not name a file"),
        ({"fast": "local:~root"}, "may not name a file"),
        ({"fast": 3}, "must map aliases to models"),
        (["fast"], "must map aliases to models"),
        ("fast", "must map aliases to models"),
        (None, "must map aliases to models"),
    ],
)
def test_a_request_names_models_in_one_form_and_no_files(models: object, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        override_models(PIPELINE, {"models": models}, {})
    assert said in caught.value.message


def test_an_option_named_like_an_alias_is_short_for_the_model_behind_it() -> None:
    options = {"fast": "anthropic:claude", "tone": "warm"}
    assert override(PIPELINE, options, {}).models["fast"] == ModelSpec(use="anthropic:claude", temperature=0.2)
    assert resolve_inputs(PIPELINE, "hello", options) == {"prompt": "hello", "cases": [], "tone": "warm"}
    assert has_overrides(PIPELINE, options)
    assert not has_overrides(PIPELINE, {"tone": "warm"})


def test_an_input_named_like_an_alias_stays_an_input() -> None:
    inputs = {**PIPELINE.inputs, "fast": {"type": "boolean", "default": False}}
    pipeline = PIPELINE.model_copy(update={"inputs": inputs})
    assert not has_overrides(pipeline, {"fast": True})
    assert override(pipeline, {"fast": True}, {}) is pipeline
    assert resolve_inputs(pipeline, "hello", {"fast": True})["fast"] is True
    assert override(pipeline, {"models": {"fast": "openai:x"}}, {}).models["fast"].use == "openai:x"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fast": 3}, "options.fast must be provider:model"),
        ({"fast": "gpt"}, "options.fast must be provider:model"),
        ({"fast": "local:/etc/passwd"}, "options.fast may not name a file"),
        ({"fast": "openai:a", "models": {"fast": "openai:b"}}, "options.fast and options.models.fast name different"),
    ],
)
def test_what_does_not_fit_an_alias_is_told_by_its_option(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        override(PIPELINE, options, {})
    assert said in caught.value.message


def test_a_misspelt_alias_is_told_with_what_it_was_meant_to_be() -> None:
    with pytest.raises(InvalidInput, match="does not take the option 'hostd'; did you mean 'hosted'"):
        resolve_inputs(PIPELINE, "x", {"hostd": "openai:x"})


def test_a_request_s_budget_of_a_pipeline_without_one_finishes_and_is_hard() -> None:
    budget = override(PIPELINE, {"budget": {"usd": 0.5, "seconds": 90}}, {}).budget
    assert budget == Budget(usd=0.5, seconds=90, on_exceeded="finish", hard=True)
    assert resolve_inputs(PIPELINE, "hello", {"budget": {"usd": 0.5}})["prompt"] == "hello"


def test_a_request_s_limits_take_the_place_of_the_pipeline_s_and_the_rest_of_its_budget_stays() -> None:
    pipeline = PIPELINE.model_copy(update={"budget": Budget(usd=2, calls=50)})
    assert override(pipeline, {"budget": {"calls": 80, "seconds": 9}}, {}).budget == Budget(usd=2, calls=80, seconds=9)
    assert override(pipeline, {"budget": {"calls": 50}}, {}) is pipeline
    assert override(pipeline, {"budget": {}}, {}) is pipeline
    assert override(pipeline, {"budget": {"usd": None}}, {}).budget == Budget(calls=50)
    assert override(PIPELINE, {}, {}).budget is None


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"dollars": 1}, "options.budget has no limit 'dollars'; there are: calls, seconds, usd"),
        ({"call": 1}, "options.budget has no limit 'call'; did you mean 'calls'?"),
        ({"usd": 0}, "options.budget.usd must be a number above 0, or null"),
        ({"usd": "1"}, "options.budget.usd must be a number above 0, or null"),
        ({"usd": True}, "options.budget.usd must be a number above 0, or null"),
        ({"seconds": None}, "options.budget.seconds must be a number above 0."),
        ({"usd": float("nan")}, "options.budget.usd must be a number above 0, or null"),
        ({"seconds": float("inf")}, "options.budget.seconds must be a number above 0."),
        ({"calls": 1.5}, "options.budget.calls must be a whole number of at least 1."),
        ({"calls": 0}, "options.budget.calls must be a whole number of at least 1."),
        (5, "options.budget must map limits to numbers"),
        (None, "options.budget must map limits to numbers"),
        ([["usd", 1]], "options.budget must map limits to numbers"),
    ],
)
def test_a_budget_that_is_none_is_told_by_its_field(budget: object, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        override(PIPELINE, {"budget": budget}, {})
    assert said in caught.value.message
