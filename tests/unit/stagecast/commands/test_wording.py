"""How events read."""

from contracts.events import StageCompleted
from stagecast.commands.wording import word_event
from tests.example_events import Example
from tests.story_server import EXECUTION_ID, demo_events, live_text


def test_every_stored_event_has_a_line_and_live_text_has_none():
    lines = [word_event(event) for event in demo_events("failed")]  # type: ignore[arg-type]
    assert lines[2:7] == [
        "[1/3] First: started",
        "[1/3] First: completed in 1.5 s, $0.0012, 120 → 0 tokens, scripted:echo",
        "[2/3] Second: skipped, nothing to do",
        "[3/3] Third: started",
        "[3/3] Third: failed, the model refused",
    ]
    assert all(lines)
    assert word_event(live_text("hello")) is None


def test_a_reused_stage_is_told_with_the_execution_that_delivered_it():
    completed = demo_events()[3]
    assert isinstance(completed, StageCompleted)
    reused = completed.model_copy(update={"result": completed.result.model_copy(update={"reused_from": EXECUTION_ID})})
    assert word_event(reused) == f"[1/3] First: reused from {EXECUTION_ID}"


def test_what_a_function_tells_and_a_wish_to_finish_have_a_line():
    example = Example(EXECUTION_ID)
    told = example.stage_progress(3).model_copy(update={"message": "2 of 3\x1b[31m scored"})
    assert word_event(told) == "[1/2] First: 2 of 3 [31m scored"
    assert word_event(example.finish_requested(4)) == f"{EXECUTION_ID}: finish requested"


def test_the_journal_has_no_line():
    example = Example()
    for event in (example.call_completed(3), example.step_completed(4), example.ending(5)):
        assert word_event(event) is None
