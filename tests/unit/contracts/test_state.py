from collections.abc import Sequence

import pytest

from contracts.errors import CorruptLog
from contracts.events import LogEvent
from contracts.requests import ExecutionView
from contracts.results import ResultStatus
from contracts.state import ExecutionState, fold
from tests.example_events import Example

E = Example()


def state_of(*events: LogEvent) -> ExecutionState:
    state = fold(events)
    assert state is not None
    return state


def test_no_events_have_no_state() -> None:
    assert fold([]) is None


def test_a_submission_is_queued_with_every_stage_pending() -> None:
    state = state_of(E.queued())
    assert (state.status, state.attempt, state.runner, state.next_seq) == ("queued", 0, None, 1)
    assert [(stage.id, stage.phase) for stage in state.stages.values()] == [("first", "pending"), ("second", "pending")]


def test_a_claim_makes_it_run() -> None:
    state = state_of(E.queued(), E.started())
    assert (state.status, state.attempt, state.runner) == ("running", 1, "runner-a")


def test_a_later_claim_keeps_when_it_began_and_what_is_finished() -> None:
    first = E.started()
    state = state_of(E.queued(), first, E.stage_started(2), E.stage_completed(3), E.stage_started(4, 1), E.resumed(5))
    assert (state.status, state.attempt, state.runner) == ("running", 2, "runner-b")
    assert state.started_at == first.at
    assert state.stages["first"].phase == "completed"
    state.apply(E.stage_started(6, 1))
    assert state.stages["second"].phase == "running"


def test_a_released_execution_waits_in_the_queue_again() -> None:
    state = state_of(E.queued(), E.started(), E.released(2))
    assert (state.status, state.attempt, state.runner) == ("queued", 1, None)
    state.apply(E.resumed(3))
    assert (state.status, state.attempt, state.runner) == ("running", 2, "runner-b")


def test_a_completed_stage_offers_its_output() -> None:
    stage = state_of(E.queued(), E.started(), E.stage_started(2), E.stage_completed(3, output=[1])).stages["first"]
    assert (stage.phase, stage.output) == ("completed", [1])
    assert stage.outcome is not None
    assert stage.outcome.cost == 0.5


def test_a_skipped_stage_has_its_reason_and_never_started() -> None:
    stage = state_of(E.queued(), E.started(), E.stage_skipped(2)).stages["first"]
    assert (stage.phase, stage.reason, stage.started_at) == ("skipped", "not needed", None)


def test_a_failed_stage_has_its_error_and_offers_its_fallback() -> None:
    stage = state_of(E.queued(), E.started(), E.stage_started(2), E.stage_failed(3)).stages["first"]
    assert (stage.phase, stage.error, stage.error_code, stage.output) == (
        "failed",
        "it broke",
        "stage_failed",
        "fallback",
    )


def test_a_stage_may_fail_without_having_started() -> None:
    assert state_of(E.queued(), E.started(), E.stage_failed(2)).stages["first"].phase == "failed"


def test_a_retry_leaves_the_stage_running() -> None:
    assert state_of(E.queued(), E.started(), E.stage_started(2), E.stage_retrying(3)).stages["first"].phase == "running"


def test_a_cancel_request_is_noted_in_any_phase_before_the_end() -> None:
    assert state_of(E.queued(), E.cancel_requested(1)).is_cancel_requested
    state = state_of(E.queued(), E.started(), E.cancel_requested(2))
    assert (state.is_cancel_requested, state.status) == (True, "running")


def test_a_wish_to_finish_is_noted_in_any_phase_before_the_end_and_survives_a_resume() -> None:
    assert state_of(E.queued(), E.finish_requested(1)).is_finish_requested
    state = state_of(E.queued(), E.started(), E.finish_requested(2), E.resumed(3))
    assert (state.is_finish_requested, state.is_cancel_requested, state.status) == (True, False, "running")
    assert ExecutionView.of(state).finish_requested


@pytest.mark.parametrize("status", ["success", "early_exit", "failed", "cancelled"])
def test_the_end_has_the_result_s_status(status: ResultStatus) -> None:
    state = state_of(E.queued(), E.started(), E.completed(2, status))
    assert (state.status, state.is_ended, state.filename) == (status, True, "example.json")
    assert state.ended_at is not None


def test_an_execution_may_end_without_having_been_claimed() -> None:
    assert state_of(E.queued(), E.cancel_requested(1), E.completed(2, "cancelled")).status == "cancelled"


def test_the_view_says_what_the_state_says() -> None:
    view = ExecutionView.of(state_of(E.queued(), E.started(), E.stage_started(2), E.stage_completed(3)))
    assert (view.id, view.status, view.last_seq, view.pipeline_id) == (E.id, "running", 3, "example-v1")
    assert [(stage.id, stage.index, stage.status) for stage in view.stages] == [
        ("first", 0, "completed"),
        ("second", 1, "pending"),
    ]


ILLEGAL: dict[str, Sequence[LogEvent]] = {
    "it does not begin with the submission": [E.started(0)],
    "its beginning is missing": [E.started(1)],
    "a number is missing": [E.queued(), E.started(2)],
    "a number comes twice": [E.queued(), E.started(), E.stage_started(1)],
    "another execution's event": [E.queued(), Example().started()],
    "a second submission": [E.queued(), E.queued().model_copy(update={"seq": 1})],
    "a first claim twice": [E.queued(), E.started(), E.started(2)],
    "a claim with the wrong count": [E.queued(), E.started(), E.resumed(2, attempt=3)],
    "a second claim without a first": [E.queued(), E.resumed(1)],
    "a stage before the claim": [E.queued(), E.stage_started(1)],
    "a stage after a release": [E.queued(), E.started(), E.released(2), E.stage_started(3)],
    "a completion of what did not start": [E.queued(), E.started(), E.stage_completed(2)],
    "a retry of what did not start": [E.queued(), E.started(), E.stage_retrying(2)],
    "progress of what did not start": [E.queued(), E.started(), E.stage_progress(2)],
    "progress of what is done": [
        *(E.queued(), E.started(), E.stage_started(2), E.stage_completed(3), E.stage_progress(4)),
    ],
    "a skip of what started": [E.queued(), E.started(), E.stage_started(2), E.stage_skipped(3)],
    "a start of what was skipped": [E.queued(), E.started(), E.stage_skipped(2), E.stage_started(3)],
    "a start of what is done": [E.queued(), E.started(), E.stage_started(2), E.stage_completed(3), E.stage_started(4)],
    "two ends of a stage": [E.queued(), E.started(), E.stage_started(2), E.stage_completed(3), E.stage_failed(4)],
    "an event after the end": [E.queued(), E.started(), E.completed(2), E.cancel_requested(3)],
    "two ends": [E.queued(), E.started(), E.completed(2), E.completed(3)],
}


@pytest.mark.parametrize("events", ILLEGAL.values(), ids=ILLEGAL.keys())
def test_a_log_that_contradicts_itself_has_no_state(events: Sequence[LogEvent]) -> None:
    fold(events[:-1])
    with pytest.raises(CorruptLog):
        fold(events)


def test_an_unknown_stage_is_refused() -> None:
    event = E.stage_started(2)
    stranger = event.model_copy(update={"stage": event.stage.model_copy(update={"id": "stranger"})})
    with pytest.raises(CorruptLog, match="stranger"):
        fold([E.queued(), E.started(), stranger])


def test_the_journal_of_a_running_stage_is_kept_until_the_stage_is_settled() -> None:
    state = state_of(E.queued(), E.started(), E.stage_started(2), E.call_completed(3), E.step_completed(4))
    assert [call.text for call in state.stages["first"].calls] == ["yes"]
    assert [step.name for step in state.stages["first"].steps] == ["fetch"]
    state.apply(E.stage_completed(5))
    assert (state.stages["first"].calls, state.stages["first"].steps) == ([], [])
    state.apply(E.call_completed(6))
    assert state.stages["first"].calls == []


def test_how_often_a_function_told_how_far_it_is_is_counted_by_item_until_its_stage_is_settled() -> None:
    state = state_of(E.queued(), E.started(), E.stage_started(2), E.stage_progress(3), E.stage_progress(4, item=1))
    state.apply(E.stage_started(5))  # by another runner
    state.apply(E.stage_progress(6, item=1))
    assert (state.stages["first"].phase, state.stages["first"].progress) == ("running", {None: 1, 1: 2})
    state.apply(E.stage_completed(7))
    assert state.stages["first"].progress == {}


def test_a_stage_that_is_started_again_keeps_when_it_first_began() -> None:
    state = state_of(E.queued(), E.started(), E.stage_started(2), E.stage_started(3))
    stage = state.stages["first"]
    assert stage.begun_at is not None
    assert stage.started_at is not None
    assert stage.begun_at < stage.started_at


def test_a_claim_that_is_taken_over_is_lost_and_one_that_was_given_back_is_not() -> None:
    state = state_of(E.queued(), E.started(), E.resumed(2), E.released(3, "runner-b"), E.resumed(4, 3))
    assert state.lost_claims == 1
    state.apply(E.resumed(5, 4))
    assert state.lost_claims == 2


def test_a_stage_that_is_settled_forgives_the_claims_lost_before() -> None:
    state = state_of(E.queued(), E.started(), E.resumed(2), E.stage_started(3), E.call_completed(4))
    assert state.lost_claims == 1
    state.apply(E.stage_completed(5))
    assert state.lost_claims == 0


def test_how_it_ends_is_decided_before_it_has_ended() -> None:
    state = state_of(E.queued(), E.started(), E.ending(2))
    assert state.ending == E.ending(2).result
    assert (state.is_ended, state.status) == (False, "running")
    state.apply(E.resumed(3))
    state.apply(E.completed(4))
    assert (state.is_ended, state.status) == (True, "success")


@pytest.mark.parametrize("event", [E.ending(3), E.stage_started(3), E.stage_skipped(3)], ids=lambda event: event.type)
def test_once_the_end_is_decided_no_stage_moves_and_nothing_is_decided_again(event: LogEvent) -> None:
    state = state_of(E.queued(), E.started(), E.ending(2))
    with pytest.raises(CorruptLog):
        state.apply(event)
