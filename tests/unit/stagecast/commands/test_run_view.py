"""The fold of events that a watcher sees."""

from datetime import timedelta

from contracts.envelope import StageRef, utc_now
from contracts.events import (
    ExecutionCancelRequested,
    ExecutionCompleted,
    ExecutionFinishRequested,
    ExecutionReleased,
    ExecutionResumed,
    StageCompleted,
    StageRetrying,
    StageStarted,
)
from contracts.requests import ExecutionView
from contracts.results import ResultStatus, StageResult
from contracts.state import fold
from stagecast.commands.run_view import RunView
from tests.example_events import Example
from tests.story_server import EXECUTION_ID, FILENAME, demo_events, live_text


def view_of(status: ResultStatus = "success", *, until: int = 8) -> RunView:
    view = RunView(EXECUTION_ID)
    for event in demo_events(status)[:until]:
        view.apply(event)  # type: ignore[arg-type]
    return view


def test_all_stages_are_known_from_the_start_and_wait():
    view = view_of(until=2)
    assert [(row.name, row.phase) for row in view.stages.values()] == [
        ("First", "waiting"),
        ("Second", "waiting"),
        ("Third", "waiting"),
    ]
    assert (view.title, view.status) == ("Demo", "running")


def test_a_success_leaves_every_stage_with_what_it_spent_or_why_it_was_skipped():
    view = view_of()
    assert [row.phase for row in view.stages.values()] == ["done", "skipped", "done"]
    assert view.stages[1].note == "nothing to do"
    assert view.stages[0].duration == 1523
    assert (view.status, view.filename) == ("success", FILENAME)
    assert view.cost() == (0.0024, True)
    assert view.tokens() == (240, 0)


def test_a_failed_stage_keeps_its_error_and_an_unknown_cost_makes_the_sum_incomplete():
    view = view_of("failed")
    assert (view.stages[2].phase, view.stages[2].note) == ("failed", "the model refused")
    assert view.cost() == (0.0012, False)
    assert view.note == "it was failed"


def test_a_stage_that_runs_when_the_execution_ends_is_shown_as_cancelled():
    view = view_of(until=6)
    view.apply(demo_events("cancelled")[7])  # type: ignore[arg-type]
    assert [row.phase for row in view.stages.values()] == ["done", "skipped", "cancelled"]
    assert view.stages[2].duration is not None


def test_time_runs_while_a_stage_runs_and_stands_still_afterwards():
    view = view_of(until=3)
    row = view.stages[0]
    assert row.started_at is not None
    assert row.elapsed(row.started_at + timedelta(seconds=2)) == 2000
    assert row.elapsed(row.started_at - timedelta(seconds=2)) == 0  # the clocks of two machines
    later = utc_now() + timedelta(hours=1)
    done = view_of()
    assert done.elapsed(later) < 3_600_000
    assert done.stages[0].elapsed(later) == 1523


def test_live_text_is_kept_to_its_end_and_begins_anew_with_another_attempt():
    view = view_of(until=3)
    view.apply(live_text("x" * 5_000))
    view.apply(live_text("end"))
    assert view.stages[0].tails[None].endswith("xend")
    assert len(view.stages[0].tails[None]) == 2_000
    stage = {"execution_id": EXECUTION_ID, "stage": StageRef(id="one", name="First"), "index": 0, "total": 3}
    view.apply(StageRetrying(**stage, attempt=2, delay=1500, error="busy", code="rate_limited"))  # type: ignore[arg-type]
    assert (view.stages[0].phase, view.stages[0].note) == ("retrying", "attempt 2 in 1.5 s: busy")
    assert view.stages[0].tails == {}
    view.apply(live_text("again"))
    assert (view.stages[0].phase, view.stages[0].tails) == ("running", {None: "again"})


def test_a_resumed_execution_runs_its_stage_again():
    view = view_of(until=3)
    view.apply(ExecutionReleased(execution_id=EXECUTION_ID, runner="a", reason="shutting down"))
    assert view.status == "queued"
    view.apply(ExecutionResumed(execution_id=EXECUTION_ID, runner="b", attempt=2))
    assert (view.status, view.note) == ("running", "attempt 2: the runner before was lost")
    started = demo_events()[2]
    assert isinstance(started, StageStarted)
    view.apply(started)
    assert view.stages[0].phase == "running"


def test_a_stage_that_an_earlier_execution_delivered_is_shown_as_reused():
    view = view_of(until=3)
    completed = demo_events()[3]
    assert isinstance(completed, StageCompleted)
    outcome = completed.result.model_copy(update={"reused_from": EXECUTION_ID, "cost": 0.0, "duration": 0})
    view.apply(completed.model_copy(update={"result": outcome}))
    assert view.stages[0].phase == "reused"
    assert view.cost() == (0.0, True)


def test_the_journal_changes_nothing_that_is_shown():
    view, example = view_of(until=3), Example(EXECUTION_ID)
    before = repr(view)
    for event in (example.call_completed(3), example.step_completed(4), example.ending(5)):
        view.apply(event)
    assert repr(view) == before


def test_a_cancel_request_is_told():
    view = view_of(until=3)
    view.apply(ExecutionCancelRequested(execution_id=EXECUTION_ID))
    assert view.note == "cancelling"


def test_a_wish_to_finish_is_told():
    view = view_of(until=3)
    assert not view.is_finishing
    view.apply(ExecutionFinishRequested(execution_id=EXECUTION_ID))
    assert (view.note, view.is_finishing) == ("finishing", True)


def test_a_running_stage_shows_the_last_that_its_function_told_and_a_finished_one_no_more():
    view, example = view_of(until=3), Example(EXECUTION_ID)
    view.apply(example.stage_progress(3))
    view.apply(example.stage_progress(4).model_copy(update={"message": "3 of 3 scored"}))
    assert (view.stages[0].phase, view.stages[0].note) == ("running", "3 of 3 scored")
    view.apply(demo_events()[3])  # type: ignore[arg-type]
    assert view.stages[0].note == ""


def test_a_stage_that_was_cut_off_shows_at_the_end_what_it_spent_and_why():
    view = view_of(until=6)
    ended = demo_events()[7]
    assert isinstance(ended, ExecutionCompleted)
    row = StageResult(
        **{"stage_id": "three", "stage_name": "Third", "status": "cancelled"},  # pyright: ignore[reportArgumentType]
        **{"duration": 900, "cost": 0.25, "reason": "somebody asked to finish"},  # pyright: ignore[reportArgumentType]
    )
    view.apply(ended.model_copy(update={"result": ended.result.model_copy(update={"stages": (row,)})}))
    third = view.stages[2]
    assert (third.phase, third.duration, third.note) == ("cancelled", 900, "somebody asked to finish")
    assert view.cost() == (0.2512, True)


def test_what_a_snapshot_tells_stands_in_for_events_that_are_missing():
    example = Example()
    state = fold(
        [
            example.queued(),
            example.started(),
            example.stage_started(2),
            example.stage_completed(3),
            example.stage_skipped(4, 1),
            example.completed(5),
        ]
    )
    assert state is not None
    view = RunView(example.id)
    view.restore(ExecutionView.of(state))
    assert [(row.name, row.phase, row.note) for row in view.stages.values()] == [
        ("First", "done", ""),
        ("Second", "skipped", "not needed"),
    ]
    assert (view.status, view.cost(), view.stages[0].duration) == ("success", (0.5, True), 12)
    assert view.result is None  # it comes with the terminal event
