import pytest
from pydantic import ValidationError

from stagecast.broker_settings import BrokerSettings, security_options


@pytest.mark.parametrize(
    ("settings", "prefix"),
    [
        ({}, None),
        ({"nats_user": "gateway", "nats_password": "secret"}, "_INBOX_gateway"),
        ({"nats_url": "nats://runner:secret@host"}, "_INBOX_runner"),
        ({"nats_user": "gateway", "nats_password": "secret", "nats_inbox_prefix": "_INBOX.ours"}, "_INBOX.ours"),
        ({"nats_user": "a.person@example", "nats_password": "secret"}, None),
        ({"nats_url": "nats://this-is-a-token@host"}, None),
        ({"nats_user": "gateway"}, None),
    ],
)
def test_answers_come_in_where_the_permissions_of_the_user_say(settings: dict[str, str], prefix: str | None) -> None:
    assert security_options(BrokerSettings.model_validate(settings)).get("inbox_prefix") == prefix


@pytest.mark.parametrize("prefix", ["", "_INBOX.>", "_INBOX.*", "a b", ".a", "a..b", "a."])
def test_a_prefix_that_is_no_subject_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationError):
        BrokerSettings(nats_inbox_prefix=prefix)
