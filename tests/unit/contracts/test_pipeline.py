from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.durations import parse_duration
from contracts.pipeline import Defaults, ModelSpec, Pipeline, Retries, Stage


def make(**changes: Any) -> Pipeline:
    return Pipeline.model_validate({"id": "p", "name": "P", "stages": [{"id": "a", "call": "f"}], **changes})


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("1500ms", 1.5), ("60s", 60), ("5m", 300), ("1h", 3600), ("0.5 s", 0.5), (7, 7), (2.5, 2.5)],
)
def test_durations_are_seconds(written: object, seconds: float) -> None:
    assert Defaults.model_validate({"timeout": written}).timeout == seconds


@pytest.mark.parametrize("written", ["60", "5 min", "-1s", "s", "1s2m", "", "0s", 0, -1, "25h", True, None, [1]])
def test_other_durations_are_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        Defaults.model_validate({"timeout": written})


@given(st.text())
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        assert isinstance(parse_duration(text), float)
    except ValueError as error:
        assert "is not a duration" in str(error)


def test_retries_may_be_a_number() -> None:
    assert Defaults.model_validate({"retries": 5}).retries == Retries(max=5)
    assert Stage.model_validate({"id": "a", "call": "f", "retries": {"max": 1, "delay": "2s"}}).retries == Retries(
        max=1, delay=2.0
    )
    for wrong in (True, -1, 21, "many"):
        with pytest.raises(ValidationError):
            Defaults.model_validate({"retries": wrong})


BROKEN_STAGES: list[dict[str, Any]] = [
    {"id": "a"},
    {"id": "a", "call": "f", "prompt": {"user": "x"}},
    {"id": "a", "prompt": {"user": "x"}, "with": {"a": 1}},
    {"id": "a", "call": "f", "check": [{"x": {}, "y": {}}]},
    {"id": "a.b", "call": "f"},
    {"id": "a\n", "call": "f"},
    {"id": "a", "call": "f", "unknown": 1},
    {"id": "a", "call": "os.system('x')"},
]


@pytest.mark.parametrize("stage", BROKEN_STAGES)
def test_a_stage_that_breaks_a_rule_is_refused(stage: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(stages=[stage])


@pytest.mark.parametrize(
    "changes",
    [
        {"stages": []},
        {"stages": [{"id": "a", "call": "f"}] * 2},
        {"stages": [{"id": f"s{n}", "call": "f"} for n in range(101)]},
        {"inputs": {"text": {}}},
        {"inputs": {"primary": "primary"}},
        {"inputs": {"primary": "x", "text": {}}},
        {"inputs": {"primary": "text", "text": "string"}},
        {"inputs": {"primary": "text", "text": {}, "models": {}}},
        {"format": 2},
        {"id": "a/b"},
    ],
)
def test_a_pipeline_that_breaks_a_rule_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(**changes)


def test_needs_left_out_means_the_stage_before() -> None:
    pipeline = make(
        stages=[
            {"id": "a", "call": "f"},
            {"id": "b", "call": "f"},
            {"id": "c", "call": "f", "needs": []},
            {"id": "d", "call": "f", "needs": ["a", "b"]},
        ]
    )
    assert [pipeline.needs_of(index) for index in range(4)] == [(), ("a",), (), ("a", "b")]


def test_a_snapshot_gives_the_definition_back() -> None:
    pipeline = make(
        version=1.5,
        models={"m": {"use": "openai:x", "base_url": "http://x/v1", "price": {"input": 1, "output": 2}, "stop": ["."]}},
        defaults={"model": "m", "timeout": "5m", "retries": 1},
        stages=[
            {
                "id": "a",
                "prompt": {"user": "x"},
                "when": [{"if": "true", "else": "no"}],
                "foreach": {"items": [1], "as": "x"},
                "check": ["one", {"two": {"n": 1}}],
                "early_exit": {"if": "true", "output": {"a": None}},
                "budget": {"usd": 0.1},
                "output_when_skipped": {"a": [1]},
            },
            {"id": "b", "call": "f", "with": {"n": 1}},
        ],
        output={"x": "{{ stages.a.output }}"},
        **{"$defs": {"case": {"type": "object"}}},
    )
    assert Pipeline.model_validate(pipeline.snapshot()) == pipeline
    assert pipeline.stages[0].checks == (("one", {}), ("two", {"n": 1}))


def test_the_key_that_a_model_needs_depends_on_provider_and_server() -> None:
    def key(**fields: str) -> str | None:
        return ModelSpec.model_validate(fields).required_key

    assert key(use="openai:x") == "OPENAI_API_KEY"
    assert key(use="anthropic:x") == "ANTHROPIC_API_KEY"
    assert key(use="local:smollm2") is None
    assert key(use="openai:x", base_url="http://localhost/v1") is None
    assert key(use="openai:x", base_url="http://localhost/v1", api_key_env="ACME_API_KEY") == "ACME_API_KEY"


@pytest.mark.parametrize("use", ["gpt", "opnai:x", "openai:", "openai:a b", "local:x\n"])
def test_a_model_is_written_with_a_known_provider(use: str) -> None:
    with pytest.raises(ValidationError):
        ModelSpec(use=use)


@pytest.mark.parametrize("name", ["PATH", "openai_api_key", "STAGECAST_TOKEN", "A_API_KEY_X"])
def test_only_api_keys_can_be_named_as_key(name: str) -> None:
    with pytest.raises(ValidationError):
        ModelSpec(use="openai:x", api_key_env=name)
