"""The judge of the chaos suite, given what a good run leaves behind and what each broken promise leaves behind."""

import pytest

from tests.chaos import call_rules, log_rules, submission_rules, subscriber_rules
from tests.chaos.example_run import CALL, STEP, TAG, Run, logged, moment
from tests.chaos.markers import Marker
from tests.chaos.model_server import answer_to
from tests.chaos.records import CallRecord, EffectRecord, Freeze, Heard
from tests.example_events import Example


@pytest.fixture
def run() -> Run:
    return Run()


@pytest.fixture
def taken_over() -> Run:
    """A run whose runner was lost after the call; number 4 is the claim of the next one."""
    return Run(claims=2)


def test_a_good_run_has_no_violations(run: Run, taken_over: Run) -> None:
    assert run.kinds() == set()
    assert taken_over.kinds() == set()


def test_an_accepted_submission_that_the_log_does_not_have_is_told(run: Run) -> None:
    run.submission.ids[0] = Example().id
    assert submission_rules.GONE in run.kinds()


def test_an_accepted_submission_that_has_not_ended_is_told(run: Run) -> None:
    run.execution.log.pop()
    assert {submission_rules.NOT_ENDED, log_rules.TERMINAL} <= run.kinds()


def test_a_second_terminal_event_is_told(run: Run) -> None:
    run.execution.log += logged(run.example.completed(10))
    assert log_rules.TERMINAL in run.kinds()


def test_a_hole_in_the_numbers_is_told(run: Run) -> None:
    del run.execution.log[5]
    assert log_rules.HOLE in run.kinds()


def test_two_events_in_one_slot_are_told(run: Run) -> None:
    run.execution.log.insert(5, run.execution.log[5])
    assert {log_rules.HOLE, log_rules.CONTRADICTION} <= run.kinds()


def test_an_unreadable_log_is_told(run: Run) -> None:
    run.execution.fault = "it has a hole"
    assert log_rules.UNREADABLE in run.kinds()


def test_a_result_file_that_is_missing_or_says_something_else_is_told(run: Run) -> None:
    run.execution.saved = run.result.model_copy(update={"output": "something else"})
    assert run.kinds() == {log_rules.RESULT}
    run.execution.saved, run.execution.saved_fault = None, "status 404"
    assert run.kinds() == {log_rules.RESULT}


def test_an_end_other_than_the_decided_one_is_told(run: Run) -> None:
    run.execution.log[8] = logged(run.example.ending(8, "failed"))[0]
    assert log_rules.CHANGED_END in run.kinds()


def test_an_answer_of_another_execution_in_the_result_is_told(run: Run) -> None:
    run.execution.log[-1] = logged(run.example.completed(9, output=answer_to(Marker("c2-2", "first", "all"))))[0]
    assert log_rules.MIXED_UP in run.kinds()


def test_a_cancel_that_was_granted_and_came_to_nothing_is_told(run: Run) -> None:
    run.submission.cancel_answers = [None, True]
    assert run.kinds() == {submission_rules.CANCELLED}


def test_a_cancel_whose_answer_was_lost_may_have_been_heard_or_not(run: Run) -> None:
    run.submission.cancel_answers = [None]
    assert run.kinds() == set()


def test_an_end_that_nobody_asked_for_is_told(run: Run) -> None:
    run.submission.expected = "early_exit"
    assert run.kinds() == {submission_rules.STATUS}


def test_one_key_that_was_answered_with_two_executions_is_told(run: Run) -> None:
    other = Run()
    run.submission.ids.append(other.example.id)
    run.evidence.executions[other.example.id] = other.execution
    assert submission_rules.SEVERAL in run.kinds()


def test_one_submission_that_runs_twice_without_anybody_being_told_is_told(run: Run) -> None:
    other = Run()
    run.evidence.executions[other.example.id] = other.execution
    assert submission_rules.SEVERAL in run.kinds()


def test_an_event_that_a_subscriber_saw_twice_is_told(run: Run) -> None:
    run.plain.heard.insert(2, run.plain.heard[1])
    assert run.kinds() == {subscriber_rules.TWICE}


def test_events_that_a_subscriber_saw_out_of_order_are_told(run: Run) -> None:
    run.all.heard[2:4] = reversed(run.all.heard[2:4])
    assert run.kinds() == {subscriber_rules.OUT_OF_ORDER}


@pytest.mark.parametrize("seq", [4, 10], ids=["in the place of another", "behind the end"])
def test_an_event_from_a_lost_claim_that_a_subscriber_saw_is_told(run: Run, seq: int) -> None:
    strange = logged(run.example.stage_completed(seq, output="from a lost claim"))[0]
    heard = Heard(seq, strange.event.type, strange.digest)
    run.nats.heard = [*(one for one in run.nats.heard if one.seq != seq), heard]
    run.nats.heard.sort(key=lambda one: one.seq)
    assert run.kinds() == {subscriber_rules.FOREIGN}


def test_an_event_that_a_subscriber_missed_is_told_unless_it_listens_to_the_broker_itself(run: Run) -> None:
    del run.nats.heard[2]
    assert run.kinds() == set()
    del run.plain.heard[2]
    assert run.kinds() == {subscriber_rules.MISSED}


def test_a_subscriber_that_asked_for_everything_must_get_the_journal(run: Run) -> None:
    run.all.heard = list(run.plain.heard)
    assert run.kinds() == {subscriber_rules.MISSED}


def test_a_subscriber_that_did_not_ask_must_not_get_the_journal(run: Run) -> None:
    run.plain.heard = list(run.all.heard)
    assert run.kinds() == {subscriber_rules.UNASKED}


def test_a_subscriber_that_never_saw_the_end_is_told(run: Run) -> None:
    run.plain.heard.pop()
    run.plain.has_ended = False
    assert run.kinds() == {subscriber_rules.NO_END}


def test_a_kept_call_that_the_next_runner_makes_again_is_told(taken_over: Run) -> None:
    again = CallRecord(CALL, "runner-b", moment(45), moment(46), "left")
    taken_over.evidence.calls.append(again)
    assert taken_over.kinds() == {call_rules.AGAIN}


def test_a_kept_call_that_its_own_runner_makes_again_is_told(run: Run) -> None:
    run.evidence.calls.append(CallRecord(CALL, "runner-a", moment(35), moment(36), "refused"))
    assert run.kinds() == {call_rules.AGAIN}


def test_an_answer_that_was_paid_for_twice_under_one_claim_is_told(run: Run) -> None:
    run.evidence.calls.append(CallRecord(CALL, "runner-a", moment(26), moment(29.5), "complete"))
    assert run.kinds() == {call_rules.PAID_TWICE}


def test_a_call_that_was_in_flight_when_its_runner_was_lost_may_be_made_again(taken_over: Run) -> None:
    lost = CallRecord(CALL, "runner-z", moment(11), moment(12), "complete")
    taken_over.execution.log[1] = logged(taken_over.example.started(1, "runner-z"))[0]
    taken_over.execution.log[2:4] = logged(
        taken_over.example.resumed(2, 2, "runner-a"), taken_over.example.stage_started(3)
    )
    call = taken_over.example.call_completed(4).model_copy(update={"text": answer_to(CALL)})
    taken_over.execution.log[4] = logged(call)[0]
    taken_over.call.received_at = moment(35)
    taken_over.evidence.effects = [EffectRecord(TAG, STEP, "runner-a", moment(65))]
    taken_over.evidence.subscribers = []
    taken_over.evidence.calls.append(lost)
    assert taken_over.kinds() == set()


def test_a_call_that_the_log_has_twice_is_told(run: Run) -> None:
    call = run.example.call_completed(4).model_copy(update={"text": answer_to(CALL)})
    run.execution.log[4] = logged(call)[0]
    assert call_rules.KEPT_TWICE in run.kinds()


def test_a_call_of_a_completed_stage_that_the_log_does_not_have_is_told(run: Run) -> None:
    run.execution.log[3] = logged(run.example.stage_started(3))[0]
    assert call_rules.NOT_KEPT in run.kinds()


def test_a_call_by_a_runner_without_a_claim_is_told(run: Run) -> None:
    run.evidence.calls.append(CallRecord(CALL, "runner-z", moment(26)))
    assert run.kinds() == {call_rules.UNCLAIMED}


def test_a_call_after_the_claim_was_lost_is_told_unless_its_runner_had_just_been_frozen(taken_over: Run) -> None:
    late = CallRecord(Marker(TAG, "second", "other"), "runner-a", moment(60))
    taken_over.evidence.calls.append(late)
    assert call_rules.LOST in taken_over.kinds()
    taken_over.evidence.freezes = [Freeze("runner-a", moment(30), moment(59.9))]
    assert call_rules.LOST not in taken_over.kinds()


def test_a_call_after_the_end_is_told(run: Run) -> None:
    run.evidence.calls.append(CallRecord(Marker(TAG, "second", "other"), "runner-a", moment(120)))
    assert call_rules.LOST in run.kinds()


def test_a_kept_step_that_is_done_again_is_told(run: Run) -> None:
    run.evidence.effects.append(EffectRecord(TAG, STEP, "runner-a", moment(65)))
    assert call_rules.AGAIN in run.kinds()
