from collections.abc import Callable

import pytest

from contracts.errors import InvalidId
from contracts.events import EVENT_TYPES
from contracts.ids import new_execution_id
from contracts.subjects import (
    LOG_SUBJECTS,
    PAYLOAD_SUBJECTS,
    QUEUE_SUBJECTS,
    REPUBLISH_TO,
    live_of,
    live_of_all,
    live_subject,
    log_of,
    log_subject,
    log_subjects,
    parse_live_subject,
    parse_log_subject,
    payload_of,
    payload_subject,
    slot_subject,
)

ID = "exec_1703187600000_abcdefghijklm234"


def matches(pattern: str, subject: str) -> bool:
    """Tell whether a NATS pattern covers a subject."""
    wanted, tokens = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        return len(tokens) >= len(wanted) and all(map(token_matches, wanted[:-1], tokens))
    return len(wanted) == len(tokens) and all(map(token_matches, wanted, tokens))


def token_matches(wanted: str, token: str) -> bool:
    return wanted in ("*", token)


def test_subjects_look_as_the_documentation_says() -> None:
    assert log_subject(ID, "stage:started", 7) == f"log.{ID}.stage_started.7"
    assert live_subject(ID, "stage:started") == f"exec.{ID}.stage_started"
    assert slot_subject(ID, 7) == f"log.{ID}.*.7"
    assert log_of(ID) == f"log.{ID}.>"
    assert live_of(ID) == f"exec.{ID}.*"
    assert payload_subject(ID, "ab", 0) == f"payload.{ID}.ab.0"
    assert QUEUE_SUBJECTS == "log.*.execution_queued.*"
    assert live_of_all("execution:cancel_requested") == "exec.*.execution_cancel_requested"
    assert REPUBLISH_TO == "exec.{{wildcard(1)}}.{{wildcard(2)}}"


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_finds_its_way_there_and_back(event_type: str) -> None:
    subject = log_subject(ID, event_type, 12)
    assert parse_log_subject(subject) == (ID, event_type, 12)
    assert parse_live_subject(live_subject(ID, event_type)) == (ID, event_type)
    assert matches(LOG_SUBJECTS, subject)
    assert matches(log_of(ID), subject)
    assert matches(log_subjects(ID, event_type), subject)
    assert matches(slot_subject(ID, 12), subject)
    assert not matches(slot_subject(ID, 1), subject)
    assert matches(live_of(ID), live_subject(ID, event_type))


def test_only_submissions_are_in_the_queue_and_only_cancels_among_the_cancels() -> None:
    assert [name for name in EVENT_TYPES if matches(QUEUE_SUBJECTS, log_subject(ID, name, 0))] == ["execution:queued"]
    wish = "execution:cancel_requested"
    assert [name for name in EVENT_TYPES if matches(live_of_all(wish), live_subject(ID, name))] == [wish]


def test_one_execution_s_patterns_leave_others_out() -> None:
    other = new_execution_id()
    assert not matches(log_of(ID), log_subject(other, "stage:started", 0))
    assert not matches(live_of(ID), live_subject(other, "stage:started"))
    assert not matches(payload_of(ID, "ab"), payload_subject(other, "ab", 0))
    assert matches(PAYLOAD_SUBJECTS, payload_subject(ID, "ab", 0))
    assert matches(payload_of(ID, "ab"), payload_subject(ID, "ab", 11))


MAKERS: list[Callable[[str], str]] = [
    lambda text: log_subject(text, "stage:started", 0),
    lambda text: log_subjects(text, "stage:started"),
    lambda text: live_subject(text, "stage:started"),
    lambda text: slot_subject(text, 0),
    lambda text: payload_subject(text, "ab", 0),
    lambda text: payload_of(text, "ab"),
    log_of,
    live_of,
]


@pytest.mark.parametrize("execution_id", ["*", ">", "a.b", "", ID + "\n", ID + ".x", " "])
@pytest.mark.parametrize("make", MAKERS)
def test_an_id_that_breaks_its_pattern_makes_no_subject(make: Callable[[str], str], execution_id: str) -> None:
    with pytest.raises(InvalidId):
        make(execution_id)


@pytest.mark.parametrize(
    "subject", ["", "log", f"exec.{ID}.stage_started.0", f"log.{ID}.stage_danced.0", f"log.{ID}.x", f"log.{ID}.x.y.0"]
)
def test_what_is_no_log_subject_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match="not a log subject"):
        parse_log_subject(subject)


@pytest.mark.parametrize("subject", ["", "exec", f"log.{ID}.stage_started", f"exec.{ID}.danced", f"exec.{ID}.a.b"])
def test_what_is_no_live_subject_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match="not a live subject"):
        parse_live_subject(subject)
