import pytest

from contracts.errors import MissingSetting
from gateway.settings import GatewaySettings
from runner.settings import RunnerSettings
from stagecast.settings import read_settings


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("STAGECAST_PORT", "abc", "STAGECAST_PORT: "),
        ("STAGECAST_MODELS", "{bad", "STAGECAST_MODELS: it must be valid JSON"),
        ("STAGECAST_MODELS", '{"fast": {"use": "nobody:x"}}', "STAGECAST_MODELS__FAST__USE: "),
    ],
)
def test_a_setting_that_does_not_hold_is_named_as_the_environment_has_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(MissingSetting) as error:
        read_settings(GatewaySettings)
    assert error.value.message.startswith(told)
    assert error.value.code == "invalid_setting"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGECAST_CONCURRENCY", "")
    assert read_settings(RunnerSettings).concurrency == RunnerSettings().concurrency
    monkeypatch.setenv("STAGECAST_MODELS", "")
    assert read_settings(GatewaySettings).models == {}
