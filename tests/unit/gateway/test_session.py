"""The `/ws` protocol, message by message: the table in `gateway.session`."""

import json
from collections.abc import Sequence

import pytest

from contracts.messages import CloseCode, Subscribed
from gateway.session import Close, Effect, End, Open, Prove, Reply, Session, SessionLimits, Subject
from gateway.subscription import View

ID = "exec_1703187600000_abcdefghijklmnop"
OTHER = "exec_1703187600001_abcdefghijklmnop"
IT, ANOTHER = Subject(ID), Subject(OTHER)
WELCOME = Subscribed(execution_id=ID, success=True)
INVALID = {"type": "error", "message": "Invalid message format"}


def subscribe(execution_id: object = ID, **more: object) -> str:
    return json.dumps({"type": "subscribe", "executionId": execution_id, **more})


def unsubscribe(execution_id: str = ID) -> str:
    return json.dumps({"type": "unsubscribe", "executionId": execution_id})


def replies(effects: Sequence[Effect]) -> list[object]:
    return [
        json.loads(effect.message.model_dump_json(exclude_none=True)) for effect in effects if isinstance(effect, Reply)
    ]


def test_subscribing_opens_and_is_answered_once_it_is_open() -> None:
    session = Session(SessionLimits())
    assert session.receive(subscribe(), 0.0) == [Open(IT, View(-1))]
    assert replies(session.opened(IT, WELCOME)) == [{"type": "subscribed", "executionId": ID, "success": True}]


def test_subscribing_goes_on_after_the_last_number_seen() -> None:
    assert Session(SessionLimits()).receive(subscribe(after=7), 0.0) == [Open(IT, View(7))]


def test_all_events_are_opened_only_where_they_are_asked_for() -> None:
    session = Session(SessionLimits())
    assert session.receive(subscribe(events="all"), 0.0) == [Open(IT, View(-1, with_journal=True))]
    assert session.receive(subscribe(events="default"), 0.0) == [Close(IT), Open(IT, View(-1))]
    assert session.receive(subscribe(events="all", after=3), 0.0) == [Close(IT), Open(IT, View(3, with_journal=True))]


def test_an_unknown_execution_is_answered_without_success_and_may_be_asked_for_again() -> None:
    session = Session(SessionLimits())
    session.receive(subscribe(), 0.0)
    assert replies(session.refused(IT)) == [{"type": "subscribed", "executionId": ID, "success": False}]
    assert session.receive(subscribe(), 0.0) == [Open(IT, View(-1))]


@pytest.mark.parametrize("execution_id", ["", ">", "**", "exec.>", "exec_1", "../../etc/passwd", ID + "\n", ID + ".x"])
def test_an_id_that_breaks_its_pattern_is_answered_without_success_and_opens_nothing(execution_id: str) -> None:
    effects = Session(SessionLimits()).receive(subscribe(execution_id), 0.0)
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
    effects = Session(SessionLimits()).receive(message, 0.0)
    assert replies(effects) == [INVALID]
    assert len(effects) == 1


def test_unsubscribing_closes_and_is_answered() -> None:
    session = Session(SessionLimits())
    session.receive(subscribe(), 0.0)
    session.opened(IT, WELCOME)
    effects = session.receive(unsubscribe(), 0.0)
    assert effects[0] == Close(IT)
    assert replies(effects) == [{"type": "unsubscribed", "executionId": ID}]


def test_unsubscribing_from_nothing_is_answered_all_the_same() -> None:
    effects = Session(SessionLimits()).receive(unsubscribe(), 0.0)
    assert replies(effects) == [{"type": "unsubscribed", "executionId": ID}]
    assert len(effects) == 1


def test_subscribing_twice_starts_anew() -> None:
    session = Session(SessionLimits())
    session.receive(subscribe(), 0.0)
    session.opened(IT, WELCOME)
    assert session.receive(subscribe(after=3), 0.0) == [Close(IT), Open(IT, View(3))]


def test_subscribing_after_the_end_opens_again() -> None:
    session = Session(SessionLimits())
    session.receive(subscribe(), 0.0)
    session.opened(IT, WELCOME)
    session.ended(IT)
    assert session.receive(subscribe(), 0.0) == [Open(IT, View(-1))]


def test_a_broker_that_is_away_is_told_with_the_execution_it_concerns() -> None:
    session = Session(SessionLimits())
    session.receive(subscribe(), 0.0)
    (message,) = replies(session.failed(IT))
    assert isinstance(message, dict)
    assert (message["type"], message["executionId"]) == ("error", ID)
    assert session.receive(subscribe(), 0.0) == [Open(IT, View(-1))]


def test_a_socket_may_watch_so_many_and_no_more() -> None:
    session = Session(SessionLimits(max_subscriptions=1))
    session.receive(subscribe(), 0.0)
    effects = session.receive(subscribe(OTHER), 0.0)
    assert len(effects) == 1
    (message,) = replies(effects)
    assert isinstance(message, dict)
    assert (message["type"], message["executionId"]) == ("error", OTHER)
    assert session.receive(subscribe(), 0.0) == [Close(IT), Open(IT, View(-1))]  # its own place is still its own
    session.receive(unsubscribe(), 0.0)
    assert session.receive(subscribe(OTHER), 0.0) == [Open(ANOTHER, View(-1))]


def test_life_cycles_are_opened_for_all_and_for_one_pipeline() -> None:
    session = Session(SessionLimits())
    assert session.receive(subscribe("*"), 0.0) == [Open(Subject("*"), View())]
    of_one = json.dumps({"type": "subscribe", "pipelineId": "echo-v1"})
    assert session.receive(of_one, 0.0) == [Open(Subject(pipeline_id="echo-v1"), View())]
    both = json.dumps({"type": "subscribe", "pipelineId": "echo-v1", "executionId": "*"})
    assert replies(session.receive(both, 0.0)) == [INVALID]
    odd = json.dumps({"type": "subscribe", "pipelineId": "../x"})
    assert replies(session.receive(odd, 0.0)) == [{"type": "subscribed", "pipelineId": "../x", "success": False}]
    gone = session.receive(json.dumps({"type": "unsubscribe", "pipelineId": "echo-v1"}), 0.0)
    assert gone[0] == Close(Subject(pipeline_id="echo-v1"))


def test_repeated_offences_end_the_connection_and_one_good_message_forgives_them() -> None:
    session = Session(SessionLimits(max_bad_messages=3))
    for _ in range(2):
        for _ in range(3):
            assert replies(session.receive("nonsense", 0.0)) == [INVALID]
        session.receive(unsubscribe(), 0.0)
    for _ in range(3):
        session.receive("nonsense", 0.0)
    (end,) = session.receive("nonsense", 0.0)
    assert isinstance(end, End)
    assert end.code == CloseCode.BAD_MESSAGES


def test_messages_may_come_in_bursts_and_not_faster_for_long() -> None:
    session = Session(SessionLimits(messages_per_second=2))
    assert not [effect for _ in range(20) for effect in session.receive(unsubscribe(), 0.0) if isinstance(effect, End)]
    (end,) = session.receive(unsubscribe(), 0.0)
    assert isinstance(end, End)
    assert end.code == CloseCode.TOO_MANY
    patient = Session(SessionLimits(messages_per_second=2))
    assert not [
        effect for now in range(100) for effect in patient.receive(unsubscribe(), now * 0.5) if isinstance(effect, End)
    ]


def test_who_has_to_say_who_they_are_gets_nothing_before() -> None:
    session = Session(SessionLimits(), is_identified=False)
    (message,) = replies(session.receive(subscribe(), 0.0))
    assert isinstance(message, dict)
    assert (message["type"], message["code"]) == ("error", "unauthenticated")
    assert session.receive('{"type":"auth","token":"t"}', 0.0) == [Prove("t")]
    assert replies(session.identified("ada", ["read"])) == [
        {"type": "authenticated", "name": "ada", "scopes": ["read"]}
    ]
    assert session.receive(subscribe(), 0.0) == [Open(IT, View())]
