import pytest

from runner.benchmark.options import METHODS, read_options


def test_what_is_left_out_has_a_default_and_one_model_does_everything() -> None:
    options = read_options([])
    assert options.methods == METHODS
    assert {options.target.use, options.optimizer.use, options.judge.use} == {"local:smollm2"}
    assert (options.target.temperature, options.optimizer.temperature) == (0.0, 0.7)
    assert (options.target.max_tokens, options.optimizer.max_tokens) == (32, 400)
    assert read_options(["--model", "openai:gpt-5"]).target.max_tokens is None


def test_the_original_is_always_run_and_first() -> None:
    assert read_options(["--methods", "gepa,stagecast"]).methods == ("original", "stagecast", "gepa")


def test_a_model_may_be_a_definition_whose_own_settings_hold() -> None:
    text = '{"use": "openai:x", "base_url": "http://127.0.0.1:9", "temperature": 0.3}'
    target = read_options(["--model", text, "--max-tokens", "9"]).target
    assert (target.base_url, target.temperature, target.max_tokens) == ("http://127.0.0.1:9", 0.3, 9)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--tasks", "chess"], "there is no chess; known are small_sums"),
        (["--methods", "magic"], "there is no magic; known are original"),
        (["--model", "gpt-5"], "'gpt-5' is no model"),
        (["--budget", "0"], "must be at least 1"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_options(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
