"""What a feed remembers of an execution: its status, and which live text has its place."""

import pytest

from contracts.events import LogEvent, StageOutput, encode
from gateway.standing import Standing
from stagecast.log import Entry
from tests.example_events import Example

EXAMPLE = Example("exec_1703187600000_abcdefghijklmnop")


def entry_of(event: LogEvent | StageOutput) -> Entry:
    return Entry(event.execution_id, event.type, None if isinstance(event, StageOutput) else event.seq, encode(event))


def standing_after(*events: LogEvent) -> Standing:
    standing = Standing()
    for event in events:
        standing.note(entry_of(event))
    return standing


RUNNING = (EXAMPLE.queued(), EXAMPLE.started(), EXAMPLE.stage_started(2))
TEXT = entry_of(EXAMPLE.stage_output("so"))


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), "queued"),
        (RUNNING[:1], "queued"),
        (RUNNING[:2], "running"),
        ((*RUNNING, EXAMPLE.released(3)), "queued"),
        ((*RUNNING, EXAMPLE.released(3), EXAMPLE.resumed(4)), "running"),
        ((*RUNNING, EXAMPLE.completed(3, "failed")), "failed"),
        ((EXAMPLE.queued(), EXAMPLE.completed(1, "cancelled")), "cancelled"),
    ],
)
def test_the_status_is_that_after_the_last_event(events: tuple[LogEvent, ...], status: str) -> None:
    standing = standing_after(*events)
    assert standing.status == status
    assert standing.is_ended == (status in ("failed", "cancelled"))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_text_has_no_place_before_its_stage_has_started(count: int) -> None:
    assert not standing_after(*RUNNING[:count]).is_in_place(TEXT)


def test_text_of_a_running_stage_has_its_place() -> None:
    assert standing_after(*RUNNING).is_in_place(TEXT)


def test_text_of_another_stage_than_those_that_run_has_none() -> None:
    assert not standing_after(*RUNNING).is_in_place(entry_of(EXAMPLE.stage_output("other", index=1)))


def test_text_of_a_runner_that_lost_its_claim_has_none() -> None:
    current = entry_of(EXAMPLE.stage_output("from the second").model_copy(update={"attempt": 2}))
    resumed = standing_after(*RUNNING, EXAMPLE.resumed(3))
    assert not resumed.is_in_place(current)
    resumed.note(entry_of(EXAMPLE.stage_started(4)))
    assert resumed.is_in_place(current)
    assert not resumed.is_in_place(TEXT)


@pytest.mark.parametrize("last", [EXAMPLE.released(3), EXAMPLE.completed(3, "failed")])
def test_text_after_a_release_or_the_end_has_none(last: LogEvent) -> None:
    assert not standing_after(*RUNNING, last).is_in_place(TEXT)
