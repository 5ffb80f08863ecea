"""The table as text, drawn without a terminal."""

import io
from datetime import timedelta

from rich.console import Console

from contracts.envelope import utc_now
from contracts.events import StageCompleted
from stagecast.commands.run_view import RunView
from stagecast.commands.stage_table import render
from tests.example_events import Example
from tests.story_server import EXECUTION_ID, demo_events, live_text


def drawn(view: RunView, *, seconds_later: float = 0.0, width: int = 120, hint: str = "") -> list[str]:
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(render(view, utc_now() + timedelta(seconds=seconds_later), width=width, hint=hint))
    return [line.rstrip() for line in console.export_text().splitlines()]


def fed(view: RunView, until: int = 8) -> RunView:
    for event in demo_events()[:until]:
        view.apply(event)  # type: ignore[arg-type]
    return view


def test_every_stage_has_a_line_with_status_time_cost_tokens_and_model():
    lines = drawn(fed(RunView(EXECUTION_ID)))
    assert lines[0].split() == ["Demo", EXECUTION_ID]
    assert lines[2].split() == ["✓", "First", "done", "1.5", "s", "$0.0012", "120", "→", "0", "scripted:echo"]
    assert lines[3].split() == ["-", "Second", "skipped", "nothing", "to", "do"]
    assert lines[5].startswith("success")
    assert "$0.0024" in lines[5]


def test_a_reused_stage_says_so_and_which_model_answered_then():
    view = fed(RunView(EXECUTION_ID), until=3)
    completed = demo_events()[3]
    assert isinstance(completed, StageCompleted)
    outcome = completed.result.model_copy(
        update={"reused_from": EXECUTION_ID, "cost": 0.0, "duration": 0, "input_tokens": 0}
    )
    view.apply(completed.model_copy(update={"result": outcome}))
    assert drawn(view)[2].split() == ["=", "First", "reused", "0", "ms", "$0", "scripted:echo"]


def test_a_running_stage_shows_its_time_so_far_and_the_end_of_its_text():
    view = fed(RunView(EXECUTION_ID), until=3)
    view.apply(live_text("one\ntwo\nthree\nfour\nfive"))
    lines = drawn(view, seconds_later=75)
    assert lines[2].split()[:6] == ["▶", "First", "running", "1", "min", "15"]
    assert lines[-4:] == ["two", "three", "four", "five"]


def test_a_running_stage_shows_what_its_function_told_last_and_what_may_be_done():
    view = fed(RunView(EXECUTION_ID), until=3)
    view.apply(Example(EXECUTION_ID).stage_progress(3))
    lines = drawn(view, hint="Press f to finish.")
    assert lines[2].endswith("2 of 3 scored")
    assert lines[-1] == "Press f to finish."
    view.apply(Example(EXECUTION_ID).finish_requested(4))
    assert "Press f" not in drawn(view, hint="Press f to finish.")[-1]
    assert "Press f" not in drawn(fed(RunView(EXECUTION_ID)), hint="Press f to finish.")[-1]


def test_items_that_write_at_the_same_time_have_a_line_each():
    view = fed(RunView(EXECUTION_ID), until=3)
    for item, text in ((0, "zero\nnu"), (1, "eins"), (0, "ll")):
        view.apply(live_text(text).model_copy(update={"item": item}))
    assert drawn(view)[-2:] == ["null", "eins"]


def test_text_of_models_can_neither_steer_the_terminal_nor_style_the_table():
    view = fed(RunView(EXECUTION_ID), until=3)
    view.apply(live_text("\x1b[2J[bold]boo[/bold]\r"))
    assert drawn(view)[-1] == " [2J[bold]boo[/bold]"


def test_an_execution_that_nobody_has_claimed_is_drawn_too():
    text = "\n".join(drawn(RunView(EXECUTION_ID)))
    assert "waiting for a runner" in text


def test_a_narrow_terminal_gets_no_longer_lines():
    view = fed(RunView(EXECUTION_ID), until=3)
    view.apply(live_text("word " * 100))
    assert max(map(len, drawn(view, width=40))) <= 40
