"""The `/ws` protocol, message by message: the table in `gateway.session`."""

import json

import pytest

from gateway.session import Close, Effect, Open, Reply, Session

ID = "exec_1703187600000_abcdefghijklmnop"
OTHER = "exec_1703187600001_abcdefghijklmnop"
INVALID = {"type": "error", "message": "Invalid message format"}


def subscribe(execution_id: object = ID, **more: object) -> str:
    return json.dumps({"type": "subscribe", "executionId": execution_id, **more})


def unsubscribe(execution_id: str = ID) -> str:
    return json.dumps({"type": "unsubscribe", "executionId": execution_id})


def replies(effects: list[Effect]) -> list[object]:
    return [json.loads(effect.text) for effect in effects if isinstance(effect, Reply)]


def test_subscribing_opens_and_is_answered_once_it_is_open() -> None:
    session = Session()
    assert session.receive(subscribe()) == [Open(ID, -1)]
    assert replies(session.opened(ID)) == [{"type": "subscribed", "executionId": ID, "success": True}]


def test_subscribing_goes_on_after_the_last_number_seen() -> None:
    assert Session().receive(subscribe(after=7)) == [Open(ID, 7)]


def test_all_events_are_opened_only_where_they_are_asked_for() -> None:
    session = Session()
    assert session.receive(subscribe(events="all")) == [Open(ID, -1, with_journal=True)]
    assert session.receive(subscribe(events="default")) == [Close(ID), Open(ID, -1, with_journal=False)]
    assert session.receive(subscribe(events="all", after=3)) == [Close(ID), Open(ID, 3, with_journal=True)]


def test_an_unknown_execution_is_answered_without_success_and_may_be_asked_for_again() -> None:
    session = Session()
    session.receive(subscribe())
    assert replies(session.refused(ID)) == [{"type": "subscribed", "executionId": ID, "success": False}]
    assert session.receive(subscribe()) == [Open(ID, -1)]


@pytest.mark.parametrize("execution_id", ["", "*", ">", "exec.>", "exec_1", "../../etc/passwd", ID + "\n", ID + ".x"])
def test_an_id_that_breaks_its_pattern_is_answered_without_success_and_opens_nothing(execution_id: str) -> None:
    effects = Session().receive(subscribe(execution_id))
    assert replies(effects) == [{"type": "subscribed", "executionId": execution_id, "success": False}]
    assert len(effects) == 1


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hello",
        "{",
        "[]",
        "null",
        "7",
        "{}",
        '{"type":"subscribe"}',
        '{"type":"nothing","executionId":"x"}',
        '{"executionId":"x"}',
        subscribe(7),
        subscribe(None),
        subscribe(after="soon"),
        subscribe(after=-2),
        subscribe(events="some"),
        "[" * 100_000,
        b'{"type":"subscribe","executionId":"x"}',
        b"\xff\x00",
    ],
)
def test_what_is_no_valid_message_is_answered_with_the_error_and_nothing_else(message: str | bytes) -> None:
    effects = Session().receive(message)
    assert replies(effects) == [INVALID]
    assert len(effects) == 1


def test_unsubscribing_closes_and_is_answered() -> None:
    session = Session()
    session.receive(subscribe())
    session.opened(ID)
    effects = session.receive(unsubscribe())
    assert effects[0] == Close(ID)
    assert replies(effects) == [{"type": "unsubscribed", "executionId": ID}]


def test_unsubscribing_from_nothing_is_answered_all_the_same() -> None:
    effects = Session().receive(unsubscribe())
    assert replies(effects) == [{"type": "unsubscribed", "executionId": ID}]
    assert len(effects) == 1


def test_subscribing_twice_starts_anew() -> None:
    session = Session()
    session.receive(subscribe())
    session.opened(ID)
    assert session.receive(subscribe(after=3)) == [Close(ID), Open(ID, 3)]


def test_subscribing_after_the_end_opens_again() -> None:
    session = Session()
    session.receive(subscribe())
    session.opened(ID)
    assert session.ended(ID) == []
    assert session.receive(subscribe()) == [Open(ID, -1)]


def test_a_broker_that_is_away_is_told_with_the_execution_it_concerns() -> None:
    session = Session()
    session.receive(subscribe())
    (message,) = replies(session.failed(ID))
    assert isinstance(message, dict)
    assert (message["type"], message["executionId"]) == ("error", ID)
    assert session.receive(subscribe()) == [Open(ID, -1)]


def test_a_socket_may_watch_so_many_and_no_more() -> None:
    session = Session(max_subscriptions=1)
    session.receive(subscribe())
    effects = session.receive(subscribe(OTHER))
    assert len(effects) == 1
    (message,) = replies(effects)
    assert isinstance(message, dict)
    assert (message["type"], message["executionId"]) == ("error", OTHER)
    assert session.receive(subscribe()) == [Close(ID), Open(ID, -1)]  # its own place is still its own
    session.receive(unsubscribe())
    assert session.receive(subscribe(OTHER)) == [Open(OTHER, -1)]
