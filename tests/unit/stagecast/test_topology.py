import pytest
from pydantic import ValidationError

from stagecast.topology import EXECUTIONS, PAYLOADS, REMEMBERED, RUNNERS, LogSettings, describe


def test_streams_come_before_the_consumer_that_needs_one() -> None:
    assert [piece.name for piece in describe(LogSettings())] == [EXECUTIONS, PAYLOADS, REMEMBERED, RUNNERS]


def test_what_is_not_set_is_only_for_the_creation(monkeypatch: pytest.MonkeyPatch) -> None:
    executions, _, _, runners = describe(LogSettings())
    assert executions.at_creation["max_bytes"] == -1
    assert "ack_wait" in runners.at_creation
    monkeypatch.setenv("STAGECAST_LOG_MAX_BYTES", "1000000")
    monkeypatch.setenv("STAGECAST_ACK_WAIT_SECONDS", "20")
    executions, _, _, runners = describe(LogSettings())
    assert executions.wanted["max_bytes"] == 1_000_000
    assert runners.wanted["ack_wait"] == 20 * 10**9


@pytest.mark.parametrize(
    "given", [{"log_max_bytes": 0}, {"retention_hours": 0}, {"ack_wait_seconds": -1}, {"log_replicas": 6}]
)
def test_settings_that_cannot_hold_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        LogSettings.model_validate(given)
