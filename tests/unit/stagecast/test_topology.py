import pytest
from pydantic import ValidationError

from stagecast.topology import EXECUTIONS, PAYLOADS, RUNNERS, LogSettings, describe


def test_streams_come_before_the_consumer_that_needs_one() -> None:
    assert [piece.name for piece in describe(LogSettings())] == [EXECUTIONS, PAYLOADS, RUNNERS]


def test_what_is_not_set_is_only_for_the_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    executions, _, runners = describe(LogSettings())
    assert "max_age" in executions.at_creation
    assert "ack_wait" in runners.at_creation
    monkeypatch.setenv("STAGECAST_LOG_MAX_AGE_DAYS", "7")
    monkeypatch.setenv("STAGECAST_ACK_WAIT_SECONDS", "20")
    executions, _, runners = describe(LogSettings())
    assert executions.wanted["max_age"] == 7 * 86_400 * 10**9
    assert runners.wanted["ack_wait"] == 20 * 10**9


@pytest.mark.parametrize("given", [{"log_max_age_days": 0}, {"ack_wait_seconds": -1}, {"log_replicas": 6}])
def test_settings_that_cannot_hold_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        LogSettings.model_validate(given)
