import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.events import EVENT_TYPES, Event, LogEvent, decode, decode_stored, encode
from contracts.wire import Timestamp
from tests.example_events import Example

EXAMPLE = Example("exec_1703187600000_abcdefghijklm234")
STORED: list[LogEvent] = [
    EXAMPLE.queued(),
    EXAMPLE.started(),
    EXAMPLE.resumed(2),
    EXAMPLE.released(3),
    EXAMPLE.cancel_requested(4),
    EXAMPLE.stage_started(5),
    EXAMPLE.stage_retrying(6),
    EXAMPLE.stage_completed(7),
    EXAMPLE.stage_skipped(8),
    EXAMPLE.stage_failed(9),
    EXAMPLE.call_completed(10),
    EXAMPLE.step_completed(11),
    EXAMPLE.ending(12),
    EXAMPLE.completed(13),
    EXAMPLE.stage_progress(14),
    EXAMPLE.finish_requested(15),
]
STORY_NAMES = {
    "execution:started",
    "stage:started",
    "stage:completed",
    "stage:skipped",
    "stage:failed",
    "execution:completed",
}
ADDED_NAMES = {
    "execution:queued",
    "execution:resumed",
    "execution:released",
    "execution:cancel_requested",
    "execution:finish_requested",
    "stage:retrying",
    "stage:progress",
    "stage:output",
    "call:completed",
    "step:completed",
    "execution:ending",
}


def wire(event: Event) -> dict[str, Any]:
    return json.loads(encode(event))


def test_the_names_are_the_story_s_and_those_added_to_it() -> None:
    assert set(EVENT_TYPES) == STORY_NAMES | ADDED_NAMES
    assert {event.type for event in STORED} == set(EVENT_TYPES) - {"stage:output"}


@pytest.mark.parametrize("event", STORED, ids=lambda event: str(event.type))
def test_an_event_comes_back_from_the_wire_as_it_was_but_for_parts_of_a_millisecond(event: LogEvent) -> None:
    again = decode_stored(encode(event))
    assert encode(again) == encode(event)
    assert again == event.model_copy(update={"at": again.at})
    assert decode(encode(event)) == again
    assert abs((again.at - event.at).total_seconds()) < 0.001


def test_stage_started_looks_as_the_story_shows_it() -> None:
    message = wire(EXAMPLE.stage_started(5))
    assert {name: message[name] for name in ("type", "executionId", "stage", "index", "total")} == {
        "type": "stage:started",
        "executionId": EXAMPLE.id,
        "stage": {"id": "first", "name": "First"},
        "index": 0,
        "total": 2,
    }
    assert message["seq"] == 5


def test_stage_completed_carries_status_cost_and_duration() -> None:
    result = wire(EXAMPLE.stage_completed(7))["result"]
    assert {"status": "success", "cost": 0.5, "duration": 12}.items() <= result.items()


def test_a_skipped_stage_says_why_and_a_failed_one_what_broke() -> None:
    assert wire(EXAMPLE.stage_skipped(8))["reason"] == "not needed"
    assert wire(EXAMPLE.stage_failed(9))["error"] == "it broke"


def test_the_end_carries_the_whole_result_under_the_story_s_names() -> None:
    message = wire(EXAMPLE.completed(10, output={"optimizedPrompt": "better"}))
    result = message["result"]
    assert result["pipelineId"] == "example-v1"
    assert result["status"] == "success"
    assert result["input"] == {"prompt": "hello", "options": {}}
    assert result["output"] == {"optimizedPrompt": "better"}
    assert set(result["summary"]) == {
        "stagesRun",
        "stagesSkipped",
        "stagesFailed",
        "totalDuration",
        "totalCost",
        "totalInputTokens",
        "totalOutputTokens",
    }


def test_an_unknown_cost_is_null_and_never_left_out() -> None:
    result = wire(EXAMPLE.stage_failed(9))["result"]
    assert "cost" in result
    assert result["cost"] is None


def test_live_text_has_no_number_and_is_no_event_of_the_log() -> None:
    data = encode(EXAMPLE.stage_output("Once upon"))
    assert "seq" not in json.loads(data)
    assert decode(data).type == "stage:output"
    with pytest.raises(ValidationError):
        decode_stored(data)


def test_only_the_end_is_terminal() -> None:
    assert [event.type for event in STORED if event.is_terminal] == ["execution:completed"]


def test_moments_are_utc_with_milliseconds() -> None:
    moment: Timestamp = datetime(2026, 11, 24, 15, 4, 5, 123_456, tzinfo=UTC)
    assert wire(EXAMPLE.cancel_requested(1).model_copy(update={"at": moment}))["at"] == "2026-11-24T15:04:05.123Z"


def test_fields_of_a_newer_writer_are_ignored() -> None:
    message = wire(EXAMPLE.cancel_requested(1)) | {"newerField": 1}
    assert decode_stored(json.dumps(message)).seq == 1


@pytest.mark.parametrize(
    "change",
    [
        {"type": "stage:danced"},
        {"executionId": "exec_1703187600000_abcdefghijklm234\n"},
        {"executionId": "*"},
        {"seq": -2},
        {"index": -1},
        {"stage": None},
    ],
)
def test_what_is_no_event_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        decode(json.dumps(wire(EXAMPLE.stage_started(5)) | change))
