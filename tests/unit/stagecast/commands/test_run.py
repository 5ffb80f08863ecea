"""`run`, `watch` and `cancel` as processes, against a real server that tells a given story."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer

from contracts.envelope import BaseEvent
from contracts.results import PipelineResult
from stagecast.commands.option_files import OptionFile
from stagecast.commands.run import parse_option
from tests.command_line import WAIT_SECONDS, end_of, stagecast, start_command
from tests.processes import free_port
from tests.story_server import EXECUTION_ID, FILENAME, Story, demo_events, live_text, telling
from tests.terminal import open_terminal

COMMAND = (sys.executable, "-m", "stagecast.commands")
SUBMIT = "POST /api/pipelines/demo/run"
ACCEPTED = (200, {"executionId": EXECUTION_ID, "pipelineId": "demo", "status": "started"})


def story_of(events: Sequence[BaseEvent], *, hold_at: int | None = None) -> Story:
    return Story(events=events, replies={SUBMIT: ACCEPTED}, hold_at=hold_at)


async def test_a_run_prints_a_line_an_event_and_then_the_optimized_prompt():
    async with telling(story_of(demo_events())) as story:
        ended = await stagecast("run", "demo", "--input", "hello", "--option", "n=2", "-o", "mode=fast", url=story.url)
    assert (ended.code, ended.out) == (0, "Better hello\n")
    assert story.requests == [(SUBMIT, {"input": "hello", "options": {"n": 2, "mode": "fast"}})]
    assert "[2/3] Second: skipped, nothing to do" in ended.err
    assert ended.err.endswith(f"Saved as {FILENAME}\nIts report: stagecast outputs show {FILENAME}\n")


async def test_json_prints_the_result_and_nothing_else():
    async with telling(story_of(demo_events())) as story:
        ended = await stagecast("run", "demo", "--input", "-", "--json", url=story.url, text="grüße\n".encode())
    assert PipelineResult.model_validate_json(ended.out).execution_id == EXECUTION_ID
    assert json.loads(ended.out)["pipelineId"] == "demo"
    assert (ended.code, ended.err) == (0, "")
    assert story.requests[0][1] == {"input": "grüße\n", "options": {}}


async def test_a_failed_run_ends_with_1_and_says_why():
    async with telling(story_of(demo_events("failed"))) as story:
        ended = await stagecast("run", "demo", "--input", "hello", url=story.url)
    assert (ended.code, ended.out) == (1, "")
    assert "The execution failed: it was failed" in ended.err


async def test_an_early_exit_is_a_success():
    async with telling(story_of([*demo_events()[:7], demo_events("early_exit")[7]])) as story:
        assert (await stagecast("run", "demo", "--input", "x", url=story.url)).code == 0


async def test_detached_it_prints_the_id_and_leaves():
    async with telling(story_of(demo_events())) as story:
        ended = await stagecast("run", "demo", "--input", "hello", "--detach", url=story.url)
    assert (ended.code, ended.out, ended.err) == (0, f"{EXECUTION_ID}\n", "")
    assert story.subscriptions == []


async def test_ctrl_c_cancels_on_the_server_waits_for_the_end_and_exits_130():
    events = [*demo_events()[:6], demo_events("cancelled")[7].model_copy(update={"seq": 6})]
    async with telling(story_of(events, hold_at=5)) as story:
        process = await start_command("run", "demo", "--input", "hello", url=story.url)
        await asyncio.wait_for(story.is_held.wait(), WAIT_SECONDS)
        process.send_signal(signal.SIGINT)
        ended = await end_of(process)
    assert ended.code == 130
    assert story.requests[-1] == (f"POST /api/executions/{EXECUTION_ID}/cancel", None)
    assert "Cancelling" in ended.err
    assert "The execution was cancelled" in ended.err


AWAY = (500, {"error": "Execution failed to start", "code": "log_unavailable"})


async def test_a_submission_that_is_not_taken_at_once_is_repeated_and_the_run_goes_on():
    story = story_of(demo_events())
    story.first_replies = [AWAY, None, AWAY, AWAY]
    async with telling(story):
        ended = await stagecast("run", "demo", "--input", "hello", url=story.url)
    assert (ended.code, ended.out) == (0, "Better hello\n")
    assert ended.err.startswith("The gateway has not taken it yet; still trying.\n")
    assert len(story.requests) == 5


async def test_ctrl_c_while_it_is_not_taken_says_what_follows_and_a_second_one_leaves():
    async with telling(Story(replies={SUBMIT: AWAY})) as story:
        process = await start_command("run", "demo", "--input", "hello", url=story.url)
        assert process.stderr is not None
        await asyncio.wait_for(story.asked.wait(), WAIT_SECONDS)
        process.send_signal(signal.SIGINT)
        told = b""
        while b"will be cancelled" not in told:
            told = await asyncio.wait_for(process.stderr.readline(), WAIT_SECONDS)
        process.send_signal(signal.SIGINT)
        ended = await end_of(process)
    assert ended.code == 130
    assert "Traceback" not in ended.err


async def test_a_second_ctrl_c_leaves_at_once():
    story = story_of(demo_events(), hold_at=5)
    story.ignores_cancel = True
    async with telling(story):
        process = await start_command("run", "demo", "--input", "hello", url=story.url)
        await asyncio.wait_for(story.is_held.wait(), WAIT_SECONDS)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(story.cancel_asked.wait(), WAIT_SECONDS)
        process.send_signal(signal.SIGINT)
        ended = await end_of(process)
    assert ended.code == 130
    assert "Traceback" not in ended.err


async def test_ctrl_c_on_watch_cancels_nothing():
    async with telling(story_of(demo_events(), hold_at=5)) as story:
        process = await start_command("watch", EXECUTION_ID, url=story.url)
        await asyncio.wait_for(story.is_held.wait(), WAIT_SECONDS)
        process.send_signal(signal.SIGINT)
        ended = await end_of(process)
    assert (ended.code, story.requests) == (130, [])
    assert "the execution goes on" in ended.err


async def test_watching_shows_the_whole_of_an_execution():
    async with telling(story_of(demo_events("failed"))) as story:
        ended = await stagecast("watch", EXECUTION_ID, url=story.url)
    assert ended.code == 1
    assert "[1/3] First: started" in ended.err


async def test_on_a_terminal_the_table_is_drawn_and_stays():
    events = [*demo_events()]
    controller, terminal = os.openpty()
    drawn = bytearray()
    loop, is_over = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        try:
            drawn.extend(os.read(controller, 65536))
        except OSError:  # the last one who had the terminal open has gone
            loop.remove_reader(controller)
            is_over.set()

    loop.add_reader(controller, read)
    live = live_text("Thinking aloud").model_dump(by_alias=True, mode="json")
    story = Story(events=events, replies={SUBMIT: ACCEPTED}, interludes={3: live})
    async with telling(story):
        process = await start_command("run", "demo", "--input", "hello", url=story.url, stderr=terminal)
        os.close(terminal)
        ended = await end_of(process)
        await asyncio.wait_for(is_over.wait(), WAIT_SECONDS)
    os.close(controller)
    assert (ended.code, ended.out) == (0, "Better hello\n")
    last = drawn.decode().rpartition("First")[2]
    assert "$0.0024" in last
    assert "Saved as" in last


FINISH = f"POST /api/executions/{EXECUTION_ID}/finish"


@pytest.mark.parametrize("command", [("run", "demo", "--input", "hello"), ("watch", EXECUTION_ID)])
async def test_the_key_f_asks_to_finish_says_so_and_waits_for_the_end(command: tuple[str, ...]):
    async with telling(story_of(demo_events(), hold_at=5)) as story, open_terminal() as terminal:
        before = terminal.settings()
        process = await terminal.start(*COMMAND, *command, env={"STAGECAST_URL": story.url})
        await terminal.until_shown("Press f to finish")
        await asyncio.wait_for(story.is_held.wait(), WAIT_SECONDS)
        assert terminal.shows_keys_at_once
        terminal.press("f")
        ended = await end_of(process)
        assert terminal.settings() == before
    assert (ended.code, ended.out) == (0, "Better hello\n")
    assert [what for what, _ in story.requests if what == FINISH] == [FINISH]
    assert b"Finishing: it stops here and keeps the best." in terminal.shown


async def test_a_finish_that_is_not_taken_is_told_and_may_be_asked_for_again():
    story = story_of(demo_events(), hold_at=5)
    story.replies[FINISH] = (503, {"error": "The broker is away.", "code": "log_unavailable"})
    async with telling(story), open_terminal() as terminal:
        process = await terminal.start(*COMMAND, "watch", EXECUTION_ID, env={"STAGECAST_URL": story.url})
        await asyncio.wait_for(story.is_held.wait(), WAIT_SECONDS)
        await terminal.until_shown("Press f to finish")
        terminal.press("f")
        await terminal.until_shown("press f to try again")
        del story.replies[FINISH]
        terminal.press("f")
        assert (await end_of(process)).code == 0


async def test_ctrl_c_on_a_terminal_that_hears_keys_leaves_it_as_it_was():
    story = story_of(demo_events(), hold_at=5)
    async with telling(story), open_terminal() as terminal:
        before = terminal.settings()
        process = await terminal.start(*COMMAND, "watch", EXECUTION_ID, env={"STAGECAST_URL": story.url})
        await terminal.until_shown("Press f to finish")
        await asyncio.wait_for(story.is_held.wait(), WAIT_SECONDS)
        terminal.press("\x03")
        assert (await end_of(process)).code == 130
        assert terminal.settings() == before


async def test_finishing_says_whether_there_was_something_to_finish():
    async with telling(Story()) as story:
        assert (await stagecast("finish", EXECUTION_ID, url=story.url)).out == "Finishing.\n"
        story.replies[FINISH] = (200, {"finishing": False})
        ended = await stagecast("finish", EXECUTION_ID, url=story.url)
    assert (ended.code, ended.out) == (1, "")
    assert "nothing to finish" in ended.err


async def test_cancelling_says_whether_there_was_something_to_cancel():
    other = EXECUTION_ID.replace("aaaa", "bbbb")
    async with telling(Story(replies={f"POST /api/executions/{other}/cancel": (200, {"cancelled": False})})) as story:
        assert (await stagecast("cancel", EXECUTION_ID, url=story.url)).out == "Cancelling.\n"
        ended = await stagecast("cancel", other, url=story.url)
    assert (ended.code, ended.out) == (1, "")
    assert "nothing to cancel" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("run", "nope", "--input", "x"), 1, "There is no pipeline 'nope'; `stagecast pipelines` lists them."),
        (("watch", EXECUTION_ID.replace("aaaa", "cccc")), 1, "Execution not found"),
        (("watch", "exec_*"), 1, "not an execution id"),
        (("outputs", "show", "nope.json"), 1, "not found"),
        (("outputs", "nope.json"), 2, "No such command"),
        (("run", "demo"), 2, "Missing option '--input'"),
        (("run", "demo", "--input", "x", "--option", "novalue"), 2, "is not NAME=VALUE"),
        (("run", "demo", "--input", "x", "--option", 'models={"fast"'), 2, "is not valid JSON"),
        (("--url", "nowhere", "pipelines"), 2, "does not begin with http"),
        (("frobnicate",), 2, "No such command"),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(arguments: tuple[str, ...], code: int, sentence: str):
    async with telling(Story()) as story:
        ended = await stagecast(*arguments, url=story.url)
    assert (ended.code, ended.out) == (code, "")
    assert sentence in " ".join(ended.err.replace("│", " ").split())
    assert "Traceback" not in ended.err


async def test_without_a_gateway_it_says_what_to_start():
    for command in (("pipelines",), ("watch", EXECUTION_ID), ("run", "demo", "--input", "x")):
        ended = await stagecast(*command, url=f"http://127.0.0.1:{free_port()}")
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.count("\n") == 1
        assert "start one with `stagecast up`" in ended.err


async def test_standard_input_that_is_no_text_is_refused():
    ended = await stagecast("run", "demo", "--input", "-", url="http://127.0.0.1:1", text=b"\xff\xfe")
    assert ended.code == 2
    assert "not UTF-8" in ended.err


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("n=2", "n", 2),
        ("yes=true", "yes", True),
        ('a="2"', "a", "2"),
        ("mode=fast", "mode", "fast"),
        ("query=a=b", "query", "a=b"),
        ("empty=", "empty", ""),
        ('models={"fast": "openai:x"}', "models", {"fast": "openai:x"}),
        ("cases=@some/cases.csv", "cases", OptionFile(Path("some/cases.csv"))),
        ("cases=@~/cases.csv", "cases", OptionFile(Path.home() / "cases.csv")),
        ("who=@@ann", "who", "@ann"),
        ('who="@ann"', "who", "@ann"),
        ("who=ann@home", "who", "ann@home"),
    ],
)
def test_option_values_are_json_or_files_or_else_text(text: str, name: str, value: object):
    assert parse_option(text) == (name, value)


@pytest.mark.parametrize("text", ["", "=1", "name", 'a={"b"', "a=[1", 'a="x'])
def test_an_option_that_is_not_understood_is_wrong_usage(text: str):
    with pytest.raises(typer.BadParameter):
        parse_option(text)
